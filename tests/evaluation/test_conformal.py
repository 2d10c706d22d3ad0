import math

import numpy as np
import pytest
from scipy.special import softmax

from valence.errors import BadData, BadSetting
from valence.evaluation.conformal import fit_conformal, scores, set_figures


def draw(rng, n, k=4):
    """A classifier that is neither right nor calibrated, and texts that are exchangeable."""
    logits = rng.normal(size=(n, k)) * 2
    labels = (softmax(logits + rng.normal(size=(n, k)), axis=1).cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return softmax(3 * logits, axis=1).astype(np.float32), labels.astype(np.int64)


@pytest.mark.parametrize("score", ["lac", "aps"])
@pytest.mark.parametrize(("n", "promised"), [(30, 0.9), (100, 0.8), (19, 0.95)])
def test_over_seeds_the_coverage_on_new_texts_is_the_one_promised_with_the_finite_sample_correction(score, n, promised):
    # without ties the mean coverage over draws is ceil((n + 1) promised) / (n + 1) exactly (Vovk, 2012)
    expected = math.ceil(round((n + 1) * promised, 9)) / (n + 1)
    found = []
    for seed in range(400):
        rng = np.random.default_rng([seed, n])
        rule = fit_conformal(*draw(rng, n), coverage=promised, score=score)
        p, labels = draw(rng, 500)
        found.append(set_figures(rule.sets(p, never_empty=False), labels).coverage.value)
    error = np.std(found) / math.sqrt(len(found))
    assert abs(np.mean(found) - expected) < 4 * error
    assert promised <= expected + 1e-12


def test_without_the_correction_the_promise_would_be_broken():
    found = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        p, labels = draw(rng, 30)
        naive = np.sort(scores(p, "lac")[np.arange(30), labels])[math.ceil(30 * 0.9) - 1]
        new, true = draw(rng, 500)
        found.append((scores(new, "lac")[np.arange(500), true] <= naive).mean())
    assert np.mean(found) + 4 * np.std(found) / 20 < 0.9


def test_the_threshold_is_worked_by_hand():
    # scores of the true labels: .1 .2 .3 .4 and ceil(5 * .6) = 3: the third smallest
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]], np.float32)
    rule = fit_conformal(p, np.array([0, 0, 1, 1]), coverage=0.6)
    assert rule.threshold == pytest.approx(0.3)
    assert rule.sets(np.array([[0.75, 0.25], [0.31, 0.69], [0.5, 0.5]], np.float32), never_empty=False).tolist() == [
        [True, False],
        [False, False],
        [False, False],
    ]


def test_aps_adds_up_the_probabilities_down_to_the_label_and_ties_share_the_whole():
    found = scores(np.array([[0.5, 0.25, 0.25], [0.2, 0.7, 0.1]], np.float32), "aps")
    np.testing.assert_allclose(found, [[0.5, 1.0, 1.0], [0.9, 0.7, 1.0]], atol=1e-6)


def test_too_few_texts_for_the_promise_put_every_label_into_every_set():
    rule = fit_conformal(np.full((18, 3), 1 / 3, np.float32), np.zeros(18, np.int64), coverage=0.95)
    assert rule.threshold == math.inf
    assert rule.sets(np.array([[1.0, 0.0, 0.0]], np.float32)).all()


def test_an_empty_set_gets_the_most_probable_label_unless_it_may_stay_empty():
    p = np.array([[0.999, 0.001]] * 50 + [[0.6, 0.4]], np.float32)
    rule = fit_conformal(p[:50], np.zeros(50, np.int64), coverage=0.5)
    assert rule.sets(p[50:]).tolist() == [[True, False]]
    assert rule.sets(p[50:], never_empty=False).tolist() == [[False, False]]
    assert rule.sets(p[:0]).shape == (0, 2)


def test_figures_count_coverage_and_sizes():
    sets = np.array([[True, False], [True, True], [False, False], [False, True]])
    found = set_figures(sets, np.array([0, 1, 1, 0]))
    assert found.coverage.value == 0.5
    assert found.mean_size == 1.0
    assert found.sizes == (0.25, 0.5, 0.25)
    assert found.by_label == (0.5, 0.5)


def test_a_promise_out_of_range_and_texts_without_labels_are_refused():
    p = np.full((2, 2), 0.5, np.float32)
    with pytest.raises(BadSetting, match=r"coverage = 1.0 is out of range"):
        fit_conformal(p, np.array([0, 1]), coverage=1.0)
    with pytest.raises(BadData, match="got 1 labels, 2 rows"):
        fit_conformal(p, np.array([0]))
