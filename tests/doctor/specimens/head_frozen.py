"""A bias that never moved from zero."""

import numpy as np

from doctor.building import model_folder, one

CONFIG = {"architectures": ["RobertaForSequenceClassification"], "model_type": "roberta"}


def saved(folder, bias):
    tensors = {"classifier.dense.weight": np.ones((4, 4)), "classifier.dense.bias": np.full(4, 0.01)}
    tensors |= {"classifier.out_proj.weight": np.ones((2, 4)), "classifier.out_proj.bias": bias}
    return one(model_folder(folder, tensors, config=CONFIG))


def frozen(folder):
    """`deberta_prompt` of the original document froze the head too."""
    return saved(folder, np.zeros(2))


def trained(folder):
    return saved(folder, np.array([0.003, -0.003]))


DEFECTIVE = {"frozen": frozen}
SOUND = {"trained": trained}
