import numpy as np
import pytest

from valence.evaluation.outcomes import grade
from valence.methods.cascade import Cascade, Switch


def two_members(seed=0, n=4000, right=(0.9, 0.95)):
    """A cheap member whose confidence tells when it errs, and a better one."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    hard = rng.random(n)
    answers = []
    for accuracy in right:
        wrong = rng.random(n) < 2 * (1 - accuracy) * hard
        confidence = np.clip(1 - 0.45 * hard + rng.normal(0, 0.02, n), 0.5001, 1.0)
        p1 = np.where((labels == 1) ^ wrong, confidence, 1 - confidence)
        answers.append(np.stack([1 - p1, p1], axis=1))
    return np.stack(answers).astype(np.float32), labels


def test_threshold_0_is_the_first_member_and_1_the_second_even_where_the_first_is_certain():
    answers, _ = two_members(n=100)
    answers[0, 0] = (0.0, 1.0)
    np.testing.assert_array_equal(Switch(0.0).merge(answers), answers[0])
    np.testing.assert_array_equal(Switch(1.0).merge(answers), answers[1])


def test_no_more_than_the_given_share_is_passed_on_and_nothing_better_was_within_it():
    answers, labels = two_members()
    rule = Cascade(share=0.3).learn(answers, labels)
    passed = rule.passed_on(answers[0])
    assert 0 < passed.mean() <= 0.3
    best = (rule.merge(answers).argmax(axis=1) == labels).mean()
    for threshold in np.quantile(answers[0].max(axis=1), np.linspace(0, 0.3, 31)):
        assert (Switch(float(threshold)).merge(answers).argmax(axis=1) == labels).mean() <= best + 1 / 4000


@pytest.mark.parametrize(("share", "threshold"), [(0.0, 0.0), (1.0, None)])
def test_a_share_of_nothing_is_the_first_member(share, threshold):
    answers, labels = two_members(n=200)
    found = Cascade(share=share).learn(answers, labels).threshold
    assert found == threshold if threshold is not None else found > 0


def test_without_a_share_the_loss_on_new_texts_stays_within_the_one_allowed_at_its_level():
    broken, shares = 0, []
    for seed in range(60):
        answers, labels = two_members(seed)
        rule = Cascade(loss=0.01, level=0.05).learn(answers, labels)
        new, true = two_members(10_000 + seed, n=40_000)
        lost = grade(true, new[1]).correct.mean() - grade(true, rule.merge(new)).correct.mean()
        broken += lost > 0.01
        shares.append(rule.passed_on(new[0]).mean())
    assert broken <= 6, "5 % of 60 are 3"
    assert np.mean(shares) < 0.7, "and it saves something"


def test_a_handful_of_texts_can_rule_out_no_loss_so_that_every_text_is_passed_on():
    answers, labels = two_members(n=12)
    assert Cascade().learn(answers, labels).threshold == 1.0
