import numpy as np
import pytest

from valence.errors import Mismatch
from valence.evaluation.paired import compare, tally
from valence.evaluation.pairwise import all_pairs


def test_the_matrix_holds_what_every_single_comparison_finds():
    rng = np.random.default_rng(0)
    hardness = rng.random(5000)  # more than one block
    rows = [tally(rng.random((seeds, 5000)) * 0.5 < hardness - shift) for seeds, shift in [(1, 0), (1, 0.01), (3, 0), (2, 0.02), (1, 0)]]
    found = all_pairs(rows)
    for i, first in enumerate(rows):
        for j, second in enumerate(rows):
            alone = compare(first, second)
            assert found.p[i, j] == pytest.approx(alone.p if i != j else 1.0, rel=1e-6)
            assert found.difference[i, j] == pytest.approx(alone.difference, abs=1e-12)
    assert (found.p_adjusted >= found.p).all()


def test_the_same_row_twice_shows_no_difference():
    row = tally(np.random.default_rng(0).random((3, 50)) < 0.5)
    assert (all_pairs([row, row]).p == 1).all()


def test_rows_on_other_texts_are_refused():
    with pytest.raises(Mismatch, match="align them by id"):
        all_pairs([tally(np.ones((1, 10), dtype=bool)), tally(np.ones((1, 11), dtype=bool))])
