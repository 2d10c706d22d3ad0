import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests

from valence.errors import Mismatch
from valence.evaluation.paired import compare, compare_pairs, holm, mcnemar, tally


@given(b=st.integers(0, 40), c=st.integers(0, 40))
@settings(max_examples=80, deadline=None)
def test_few_discordant_texts_get_the_exact_test_and_many_the_mid_p(b, c):
    exact = reference_mcnemar([[10, b], [c, 10]], exact=True).pvalue if b + c else 1.0
    sizes = np.arange(b + c + 1)
    mass, distance = stats.binom.pmf(sizes, b + c, 0.5), np.abs(sizes - (b + c) / 2)
    seen = abs(b - (b + c) / 2)
    mid = mass[distance > seen + 1e-9].sum() + mass[np.abs(distance - seen) < 1e-9].sum() / 2
    assert mcnemar(b, c) == pytest.approx(exact if b + c < 25 else mid, abs=1e-9)


def test_mid_p_nears_the_chi_square_test_for_thousands_of_discordant_texts():
    assert mcnemar(1100, 1000) == pytest.approx(reference_mcnemar([[0, 1100], [1000, 0]], exact=False, correction=False).pvalue, rel=0.02)


@pytest.mark.parametrize("seed", range(20))
def test_holm_agrees_with_statsmodels(seed):
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(rng.integers(1, 15)) ** 4, 2)  # ties too
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_holm_of_no_comparison_is_nothing():
    assert len(holm([])) == 0


def test_one_seed_each_is_mcnemars_test_with_its_counts_and_interval():
    first = np.array([1] * 70 + [1] * 30 + [0] * 10 + [0] * 90, dtype=bool)[None]
    second = np.array([1] * 70 + [0] * 30 + [1] * 10 + [0] * 90, dtype=bool)[None]
    got = compare(tally(first), tally(second))
    assert (got.only_first, got.only_second, got.difference) == (30, 10, pytest.approx(0.1))
    assert got.p == pytest.approx(float(mcnemar(30, 10)))
    assert got.test == "mid-p McNemar"
    # Bonett & Price: p12 = 31/202, p21 = 11/202; .0990 -+ 1.96 sqrt((.2079 - .0098) / 202)
    assert (got.low, got.high) == (pytest.approx(0.0990 - 0.0614, abs=1e-4), pytest.approx(0.0990 + 0.0614, abs=1e-4))


def test_swapping_the_rows_turns_the_comparison_round():
    rng = np.random.default_rng(0)
    a, b = tally(rng.random((3, 200)) < 0.8), tally(rng.random((2, 200)) < 0.7)
    there, back = compare(a, b), compare(b, a)
    assert (there.difference, there.low, there.p) == (-back.difference, pytest.approx(-back.high), pytest.approx(back.p))
    assert (there.only_first, there.only_second) == (back.only_second, back.only_first)
    assert there.test == "paired t over seeds and texts"


def test_a_row_against_itself_shows_no_difference():
    row = tally(np.random.default_rng(1).random((3, 100)) < 0.5)
    assert (compare(row, row).difference, compare(row, row).p) == (0, 1)
    alone = tally(np.ones((1, 10), dtype=bool))
    assert (compare(alone, alone).p, compare(alone, alone).test) == (1, "exact McNemar")


def test_rows_on_other_texts_are_refused():
    with pytest.raises(Mismatch, match="got 10 and 11"):
        compare(tally(np.ones((1, 10), dtype=bool)), tally(np.ones((1, 11), dtype=bool)))


def draw(rng, seeds, hardness, seed_sd, skill=0.0):
    return tally(rng.random((seeds, len(hardness))) < stats.norm.cdf(skill + hardness[None] + rng.normal(0, seed_sd, (seeds, 1))))


@pytest.mark.parametrize("seed_sd", [0.0, 0.1, 0.3])
def test_equal_methods_differ_about_5_times_in_100(seed_sd):
    rng, n = np.random.default_rng(5), 400
    p = []
    for _ in range(1500):
        hardness = rng.normal(1.5, 1.2, n)
        p.append(compare(draw(rng, 3, hardness, seed_sd), draw(rng, 3, hardness, seed_sd)).p)
    assert 0.015 <= np.mean(np.array(p) < 0.05) <= 0.075


def test_a_real_difference_is_found():
    rng = np.random.default_rng(6)
    hardness = rng.normal(1, 1, 2000)
    got = compare(draw(rng, 3, hardness, 0.05, skill=0.5), draw(rng, 3, hardness, 0.05))
    assert got.p < 0.01
    assert 0 < got.low < got.difference < got.high


def test_comparisons_made_together_are_adjusted_together():
    rng = np.random.default_rng(2)
    rows = [tally(rng.random((1, 500)) < share) for share in (0.9, 0.85, 0.8)]
    got = compare_pairs(rows, [(0, 1), (1, 2)])
    assert [c.p_adjusted for c in got] == pytest.approx(holm([c.p for c in got]).tolist())
    assert compare_pairs(rows, []) == []
