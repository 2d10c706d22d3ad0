"""The score of a review is that of the review alone, in any batch; every token of a label counts."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from valence.llm.label_scores import Row, batches, common_beginning, greedy
from valence.llm.random_llama import random_llama
from valence.llm.scorer import LabelScorer

REFERENCE = random_llama()[0].eval()
SCORER = LabelScorer(random_llama()[0].eval())
LABELS = ((98, 97, 100), (103, 111, 111, 100), (103, 111))


def rows(n=32, seed=0, common=12):
    draw = np.random.default_rng(seed)
    beginning = tuple(draw.integers(0, 256, common).tolist())
    return [Row(beginning + tuple(draw.integers(0, 256, draw.integers(3, 60)).tolist()), LABELS) for _ in range(n)]


def by_hand(row, label):
    """Log-probability of a label, one forward pass over the unpadded sequence: the sum over its tokens, each given those before it."""
    ids = torch.tensor([row.prompt + label])
    with torch.inference_mode():
        logs = REFERENCE(input_ids=ids).logits[0].double().log_softmax(-1)
    return float(sum(logs[len(row.prompt) - 1 + i, token] for i, token in enumerate(label)))


def scores(some, batch_tokens=4096):
    found = dict(SCORER.score(some, batch_tokens))
    return np.array([[sum(steps) for steps in found[i]] for i in range(len(some))])


def test_several_tokens_are_summed_as_by_hand_with_the_beginning_shared():
    some = rows(6)
    assert len(common_beginning(some)) >= 12
    np.testing.assert_allclose(scores(some), [[by_hand(row, label) for label in LABELS] for row in some], atol=1e-4)


def test_alone_in_a_batch_of_32_and_among_other_neighbours_the_score_is_the_same():
    some = rows(32)
    together = scores(some)
    alone = np.concatenate([scores([row]) for row in some])
    others = scores([*rows(16, seed=1), *some[:8]])[16:]
    in_small_batches = scores(some, batch_tokens=300)
    np.testing.assert_allclose(alone, together, atol=1e-4)
    np.testing.assert_allclose(others, together[:8], atol=1e-4)
    np.testing.assert_allclose(in_small_batches, together, atol=1e-4)
    assert np.ptp(together[:, 0]) > 0.1, "the rows differ, or the test would prove nothing"


def test_bfloat16_gives_the_same_label_in_any_batch():
    model, _ = random_llama(spread=0.5)
    model = model.to(torch.bfloat16).eval()
    some = [Row(row.prompt, ((98,), (103,))) for row in rows(32)]

    def labels(batch_tokens):
        found = dict(LabelScorer(model).score(some, batch_tokens))
        values = np.array([[steps[0] for steps in found[i]] for i in range(32)])
        return values.argmax(1), np.abs(values[:, 0] - values[:, 1])

    (alone, margin), (together, _) = labels(1), labels(100_000)
    clear = margin > 0.1
    assert clear.sum() > 20
    np.testing.assert_array_equal(alone[clear], together[clear])


def test_two_labels_close_together_are_not_rounded_to_one_score_in_bfloat16():
    model, _ = random_llama()
    with torch.no_grad():
        head = model.to(torch.bfloat16).get_output_embeddings().weight
        head *= 40.0  # logits of some tens, as real models have: bfloat16 tells them apart by an eighth
        head[104] = head[103] * (1 + 2**-6)
    some = [Row(row.prompt, ((103,), (104,))) for row in rows(32)]
    found = dict(LabelScorer(model.eval()).score(some, 4096))
    gaps = np.array([found[i][0][0] - found[i][1][0] for i in range(32)])
    assert np.abs(gaps).min() > 1e-4
    assert len(np.unique(gaps)) == 32


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("kind", ["gemma3_text", "mistral"])
def test_sliding_windows_are_scored_as_without_padding(kind, padded):
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(
        kind, vocab_size=260, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, sliding_window=16, max_position_embeddings=256,
        bos_token_id=256, eos_token_id=257, pad_token_id=257,
    )  # fmt: skip
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).eval()
    some = rows(8)
    found = dict(LabelScorer(copy.deepcopy(model), padded=padded).score(some, 4096))
    for i, row in enumerate(some):
        for label, steps in zip(LABELS, found[i], strict=True):
            with torch.inference_mode():
                logs = model(input_ids=torch.tensor([row.prompt + label])).logits[0].log_softmax(-1)
            assert sum(steps) == pytest.approx(sum(float(logs[len(row.prompt) - 1 + j, t]) for j, t in enumerate(label)), abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=30), min_size=1, max_size=20), st.integers(1, 100))
def test_batches_hold_each_row_once_and_no_more_tokens_than_allowed(prompts, limit):
    some = [Row(tuple(p), ((1,), (2, 3))) for p in prompts]
    found = list(batches(some, limit))
    assert sorted(i for batch in found for i in batch) == list(range(len(some)))
    size = [max(map(len, row.inputs())) for row in some]
    assert all(len(batch) == 1 or len(batch) * max(size[i] for i in batch) <= limit for batch in found)


def test_stems_are_what_every_label_needs_and_no_more():
    assert Row((1,), ((5,), (6,))).stems == ((),)
    assert Row((1,), ((5, 6), (5, 6, 7), (8,))).stems == ((5, 6),)
    assert Row((1,), ((5, 6), (7, 8))).stems == ((5,), (7,))


def test_a_common_beginning_leaves_each_prompt_a_token_of_its_own():
    same = Row(tuple(range(20)), LABELS)
    assert common_beginning([same]) == tuple(range(19))
    assert common_beginning([same, Row((*range(15), 99), LABELS)]) == tuple(range(15))
    assert common_beginning([Row((1, 2), LABELS), Row((1, 3), LABELS)]) == ()
    assert common_beginning([]) == ()


def test_held_words_follow_the_likeliest_token_at_each_fork():
    labels = ((1, 2), (1, 3), (4,))
    # after token 1 (-0.5 beats -1.0) the likelier of 2 and 3 is 3
    assert greedy(labels, ((-0.5, -3.0), (-0.5, -0.1), (-1.0,))) == 1
    assert greedy(labels, ((-2.0, -0.1), (-2.0, -3.0), (-1.0,))) == 2
    assert greedy(((1,), (1, 2)), ((-0.1,), (-0.1, -5.0))) == 1, "a word that goes on goes on: only label words may be spelled"
