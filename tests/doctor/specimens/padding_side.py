"""A decoder padded behind its prompt."""

import numpy as np

from doctor.building import model_folder, one

HEAD = {"score.weight": np.ones((2, 4)), "model.embed_tokens.weight": np.ones((4, 4))}


def causal(folder, **tokenizer):
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    return one(model_folder(folder, HEAD, config=config, tokenizer_config={"model_max_length": 2048, **tokenizer}))


def unset(folder):
    return causal(folder)


def no_pad_token(folder):
    config = {"architectures": ["GPT2ForSequenceClassification"], "model_type": "gpt2"}
    return one(model_folder(folder, HEAD, config=config))


def left(folder):
    return causal(folder, padding_side="left")


def with_pad_token(folder):
    config = {"architectures": ["LlamaForSequenceClassification"], "model_type": "llama", "pad_token_id": 2}
    return one(model_folder(folder, HEAD, config=config))


DEFECTIVE = {f.__name__: f for f in (unset, no_pad_token)}
SOUND = {f.__name__: f for f in (left, with_pad_token)}
