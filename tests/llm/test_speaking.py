"""Free words are those of each prompt alone, in any batch, whether or not what all begin with is read once for all."""

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from valence.llm.label_scores import Row, common_beginning
from valence.llm.speaking import continuations
from valence.training.trainer import quiet_transformers

SHAPE = {
    "vocab_size": 260, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 256, "initializer_range": 0.3,
    "bos_token_id": 256, "eos_token_id": 257, "pad_token_id": 257,
}  # fmt: skip
WINDOW = {"sliding_window": 16}
ROOM = 6


def rows(n=12, common=20):
    draw = np.random.default_rng(0)
    beginning = tuple(draw.integers(0, 250, common).tolist())
    return [Row(beginning + tuple(draw.integers(0, 250, draw.integers(2, 40)).tolist()), ((1,),)) for _ in range(n)]


@pytest.fixture(params=[("llama", {}), ("qwen2", {}), ("mistral", WINDOW), ("gemma3_text", WINDOW)], ids=lambda p: p[0])
def model(request):
    kind, more = request.param
    torch.manual_seed(0)
    with quiet_transformers():
        return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **SHAPE, **more)).eval()


def by_hand(model, prompt):
    """The likeliest token, six times over, each read with all before it and no cache."""
    ids = list(prompt)
    with torch.inference_mode():
        while len(ids) < len(prompt) + ROOM and (len(ids) == len(prompt) or ids[-1] != 257):
            ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(prompt) :]


def until_the_end(ids):
    return ids[: ids.index(257) + 1] if 257 in ids else ids


@pytest.mark.parametrize("common", [0, 20])
@pytest.mark.parametrize("batch_tokens", [1, 4096])
def test_words_are_those_of_the_prompt_alone_read_token_by_token(model, common, batch_tokens):
    some = rows(common=common)
    assert (len(common_beginning(some)) >= 20) == (common > 0)
    found = dict(continuations(model, some, ROOM, 257, batch_tokens))
    assert sorted(found) == list(range(len(some)))
    said = [until_the_end(found[i]) for i in range(len(some))]
    assert said == [by_hand(model, row.prompt) for row in some]
    assert len({tuple(words) for words in said}) > 3, "the rows differ, or the test would prove little"
