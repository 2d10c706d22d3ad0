"""An adapter without its classifier, a classifier without its head, DeBERTa without its pooler."""

import numpy as np

from doctor.building import model_folder, one

LORA = {f"base_model.model.layer.{i}.query.lora_{s}.weight": np.ones((2, 2)) for i in range(2) for s in "AB"}
HEAD = {"base_model.model.classifier.weight": np.ones((2, 4)), "base_model.model.classifier.bias": np.full(2, 0.1)}
CONFIG = {"peft_type": "LORA", "task_type": "SEQ_CLS", "base_model_name_or_path": "bert-base-uncased", "modules_to_save": None}
DEBERTA = {**CONFIG, "base_model_name_or_path": "microsoft/deberta-v3-base"}


def adapter_alone(folder):
    return one(model_folder(folder, LORA, adapter_config=CONFIG))


def random_pooler(folder):
    """`deberta_lora` of the original document."""
    return one(model_folder(folder, {**LORA, **HEAD}, adapter_config=DEBERTA))


def encoder_alone(folder):
    config = {"architectures": ["BertForSequenceClassification"], "model_type": "bert"}
    return one(model_folder(folder, {"bert.embeddings.word_embeddings.weight": np.ones((4, 4))}, config=config))


def adapter_with_head(folder):
    return one(model_folder(folder, {**LORA, **HEAD}, adapter_config=CONFIG))


def deberta_with_pooler(folder):
    pooler = {"base_model.model.pooler.dense.weight": np.ones((2, 2))}
    return one(model_folder(folder, {**LORA, **HEAD, **pooler}, adapter_config=DEBERTA))


DEFECTIVE = {f.__name__: f for f in (adapter_alone, random_pooler, encoder_alone)}
SOUND = {f.__name__: f for f in (adapter_with_head, deberta_with_pooler)}
