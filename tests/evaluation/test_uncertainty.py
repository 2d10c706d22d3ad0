import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from valence.errors import BadData
from valence.evaluation.uncertainty import Interval, accuracy_interval, mean_interval, spread, t_quantile, wilson


@given(n=st.integers(1, 50_000), share=st.floats(0, 1), level=st.sampled_from([0.9, 0.95, 0.99]))
@settings(max_examples=60, deadline=None)
def test_wilson_agrees_with_statsmodels(n, share, level):
    successes = round(n * share)
    low, high = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    got = wilson(successes, n, level)
    assert (got.low, got.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))
    assert 0 <= got.low <= got.value <= got.high <= 1


def test_a_proportion_of_nothing_is_refused():
    with pytest.raises(BadData, match="at least one answer; got 0"):
        wilson(0, 0)


def test_quantiles_are_those_of_student_and_of_the_normal():
    assert t_quantile(0.95, 2.0) == pytest.approx(stats.t.ppf(0.975, 2))
    assert t_quantile(0.95, float("inf")) == pytest.approx(stats.norm.ppf(0.975))


def test_one_seed_gets_wilsons_interval_of_the_texts():
    correct = np.arange(1000)[None] % 10 != 0
    assert accuracy_interval(correct) == wilson(900, 1000)


def test_the_variance_is_taken_apart_as_in_the_two_way_table_worked_by_hand():
    # seeds A = 1 1 0, B = 1 0 0: mean 1/2; by text 1, 1/2, 0; by seed 2/3, 1/3
    # SS_texts = 2 (1/4 + 0 + 1/4) = 1, MS 1/2; SS_seeds = 3 (1/36 + 1/36) = 1/6, MS 1/6
    # SS_total = 6/4; SS_residual = 3/2 - 1 - 1/6 = 1/3, MS 1/6: no seed variance beyond the residual
    parts = spread(np.array([[1, 1, 0], [1, 0, 0]], dtype=bool))
    assert parts.texts == pytest.approx(0.5 / 6)
    assert parts.seed_squares == pytest.approx(1 / 36)
    assert parts.seeds == pytest.approx(0, abs=1e-12)


def test_all_seeds_alike_tell_as_much_as_one():
    one = np.random.default_rng(0).random(800) < 0.9
    interval = accuracy_interval(np.stack([one] * 3))
    assert interval.high - interval.low == pytest.approx(wilson(one.sum(), 800).high - wilson(one.sum(), 800).low, rel=5e-3)


@pytest.mark.parametrize("right", [True, False])
def test_an_accuracy_of_one_or_zero_keeps_an_interval(right):
    interval = accuracy_interval(np.full((3, 50), right))
    assert interval == wilson(50 * right, 50)


def simulate(rng, seeds, texts, seed_sd):
    """Draw correctness from a crossed model: hard and easy texts, good and bad seeds; the true mean accuracy comes along."""
    hardness, skill = rng.normal(1.5, 1.2, texts), rng.normal(0, seed_sd, seeds)
    return rng.random((seeds, texts)) < stats.norm.cdf(hardness[None] + skill[:, None])


@pytest.mark.parametrize("seed_sd", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("seeds", [3, 5])
def test_intervals_over_seeds_cover_the_true_mean_about_95_times_in_100(seeds, seed_sd):
    rng = np.random.default_rng(7)
    truth = stats.norm.cdf(1.5 / np.sqrt(1 + 1.2**2 + seed_sd**2))
    drawn = [accuracy_interval(simulate(rng, seeds, 400, seed_sd)) for _ in range(1500)]
    covered = np.mean([i.low <= truth <= i.high for i in drawn])
    assert 0.925 <= covered <= 0.985


def test_ignoring_the_seeds_would_not_cover():
    rng = np.random.default_rng(7)
    truth = stats.norm.cdf(1.5 / np.sqrt(1 + 1.2**2 + 0.3**2))
    naive = [wilson(c.mean() * c.size, c.size) for c in (simulate(rng, 3, 400, 0.3) for _ in range(500))]
    assert np.mean([i.low <= truth <= i.high for i in naive]) < 0.7


def test_the_mean_of_one_run_keeps_its_interval():
    assert mean_interval([Interval(0.3, 0.2, 0.5)]) == Interval(0.3, 0.2, 0.5)


def test_equal_runs_keep_their_interval_and_unequal_ones_widen_it():
    same = mean_interval([Interval(0.3, 0.2, 0.5)] * 3)
    assert (same.low, same.high) == (pytest.approx(0.2), pytest.approx(0.5))
    apart = mean_interval([Interval(v, v - 0.1, v + 0.2) for v in (0.1, 0.3, 0.5)])
    assert apart.value == pytest.approx(0.3)
    assert apart.low < 0.2
    assert apart.high > 0.5


def test_mean_intervals_cover_a_mean_with_seed_and_text_noise():
    rng, covered, half = np.random.default_rng(3), 0, stats.norm.ppf(0.975) * 0.01
    for _ in range(1500):
        values = rng.normal(0, 0.01) + rng.normal(0, 0.02, 3)  # texts are common to the seeds
        got = mean_interval([Interval(v, v - half, v + half) for v in values])
        covered += got.low <= 0 <= got.high
    assert 0.925 <= covered / 1500 <= 0.985
