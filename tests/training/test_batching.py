"""Batches by a budget of words."""

import numpy as np
import pytest

from valence.training.batching import LEAST_STEPS, MOST_VALIDATIONS, Plan, bucket, by_length

LENGTHS = np.random.default_rng(0).integers(1, 60, 200)


@pytest.mark.parametrize("budget", [1, 64, 500, 10**6])
def test_every_text_is_in_one_batch_and_none_is_over_budget(budget):
    batches = bucket(np.argsort(LENGTHS), LENGTHS, budget)
    assert sorted(np.concatenate(batches).tolist()) == list(range(200))
    assert all(len(b) == 1 or LENGTHS[b].max() * len(b) <= budget for b in batches)


def test_a_batch_is_as_full_as_the_budget_allows():
    # lengths 2 2 2 3: three texts of two words fill a budget of 6, the text of three starts the next
    assert [b.tolist() for b in bucket(np.arange(4), np.array([2, 2, 2, 3]), 6)] == [[0, 1, 2], [3]]


def test_prediction_takes_the_longest_texts_first():
    assert [b.tolist() for b in by_length(np.array([1, 5, 3]), 5)] == [[1], [2], [0]]
    assert by_length(np.array([], dtype=np.int64), 5) == []


def test_an_epoch_sees_every_text_once():
    plan = Plan.draw(LENGTHS, epochs=3, budget=256, seed=1)
    starts = (0, *plan.epoch_ends)
    for begin, end in zip(starts, plan.epoch_ends, strict=False):
        assert sorted(np.concatenate(plan.batches[begin:end]).tolist()) == list(range(200))
    assert plan.steps == plan.epoch_ends[-1] == len(plan.batches)
    assert plan.texts_per_step == pytest.approx(600 / plan.steps)


def test_the_plan_follows_from_the_seed_alone():
    def flat(seed):
        return np.concatenate(Plan.draw(LENGTHS, epochs=2, budget=256, seed=seed).batches).tolist()

    assert flat(1) == flat(1)
    assert flat(1) != flat(2)


def test_epochs_group_texts_differently():
    plan = Plan.draw(LENGTHS, epochs=2, budget=256, seed=1)
    groups = [{tuple(sorted(b)) for b in part} for part in (plan.batches[: plan.epoch_ends[0]], plan.batches[plan.epoch_ends[0] :])]
    assert len(groups[0] & groups[1]) < len(groups[0]) / 2


def test_a_small_set_still_gets_its_steps():
    lengths = np.full(64, 10)
    assert Plan.draw(lengths, epochs=1, budget=10**6, seed=0).steps == LEAST_STEPS
    assert Plan.draw(np.array([7]), epochs=2, budget=10**6, seed=0).steps == 2


def test_little_padding_is_left():
    lengths = np.random.default_rng(0).gamma(2, 130, 5000).astype(np.int64) + 10
    plan = Plan.draw(lengths, epochs=1, budget=16_384, seed=0)
    padded = sum(int(lengths[b].max()) * len(b) for b in plan.batches)
    assert 1 - lengths.sum() / padded < 0.15


def test_no_batch_holds_more_texts_than_allowed():
    plan = Plan.draw(np.full(100, 10), epochs=1, budget=10**6, seed=0, texts=8)
    assert max(map(len, plan.batches)) == 8
    assert plan.steps == 13


def test_a_small_set_is_passed_over_until_there_are_enough_steps():
    plan = Plan.draw(np.full(16, 10), epochs=2, budget=10**6, seed=0, texts=8, minimum_steps=100)
    assert plan.steps == 100
    assert np.bincount(np.concatenate(plan.batches)).tolist() == [50] * 16
    assert len(plan.epoch_ends) == MOST_VALIDATIONS
    assert plan.epoch_ends[-1] == 100
    enough = Plan.draw(np.full(1600, 10), epochs=2, budget=10**6, seed=0, texts=8, minimum_steps=100)
    assert enough.epoch_ends == (200, 400), "a set large enough is passed over as often as its epochs say"
