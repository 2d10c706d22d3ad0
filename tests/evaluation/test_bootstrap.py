import numpy as np
import pytest
from scipy import stats

from valence.evaluation.bootstrap import bootstrap_intervals
from valence.evaluation.metrics import ece, log_loss, macro_f1, score
from valence.evaluation.outcomes import grade


def table(n=800, k=2, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.choice(k, n, p=np.arange(1, k + 1) / sum(range(1, k + 1)))
    p = np.exp(rng.normal(size=(n, k)) * 1.5 + 2 * np.eye(k)[labels])
    return labels.astype(np.int64), (p / p.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("k", [2, 3])
def test_intervals_agree_with_scipys_percentile_bootstrap(k):
    labels, p = table(k=k)
    got = bootstrap_intervals(grade(labels, p), draws=8000)
    for name, metric in {"macro_f1": macro_f1, "log_loss": log_loss, "ece": ece}.items():

        def statistic(rows, metric=metric):
            return metric(grade(labels[rows], p[rows]))

        index = (np.arange(len(labels)),)
        drawn = stats.bootstrap(index, statistic, vectorized=False, method="percentile", n_resamples=2000, rng=np.random.default_rng(1))
        shift = drawn.bootstrap_distribution.mean() - statistic(index[0]) if name == "ece" else 0.0
        width = drawn.confidence_interval.high - drawn.confidence_interval.low
        assert got[name].low == pytest.approx(drawn.confidence_interval.low - shift, abs=0.08 * width)
        assert got[name].high == pytest.approx(drawn.confidence_interval.high - shift, abs=0.08 * width)


def test_the_figure_of_an_interval_is_the_metric_itself():
    labels, p = table(seed=5)
    figures = score(labels, p)
    for name, interval in bootstrap_intervals(grade(labels, p)).items():
        assert interval.value == figures[name]
        assert interval.low <= interval.value <= interval.high


def test_the_same_seed_draws_the_same_interval():
    graded = grade(*table(seed=6))
    assert bootstrap_intervals(graded, seed=3) == bootstrap_intervals(graded, seed=3)


def test_answers_that_are_all_certain_and_right_leave_no_doubt():
    labels = np.array([0, 1] * 10)
    found = bootstrap_intervals(grade(labels, np.eye(2, dtype=np.float32)[labels]))
    assert {(i.low, i.high) for name, i in found.items() if name != "macro_f1"} == {(0.0, 0.0)}
    assert (found["macro_f1"].low, found["macro_f1"].high) == (1.0, 1.0)


def test_invalid_answers_count_as_missed_in_every_draw():
    labels, p = table(200)
    valid = np.zeros(200, dtype=bool)
    assert bootstrap_intervals(grade(labels, p, valid))["macro_f1"].high == 0
