"""The published runs: no error among them."""

from pathlib import Path

import pytest

from valence.doctor import examine, subjects
from valence.errors import DataNotFound

BOARD = Path(__file__).parents[2] / "board" / "runs"
KNOWN = {("qlora_smollm2--imdb--nall--s0--4abad2a4", "answer_parsing")}
"""Label words that bfloat16 had rounded to a tie went to the first label; mended since, the row is as it was measured (qlora's page)."""


def test_the_committed_board_is_without_an_error_but_one_that_its_page_tells(monkeypatch):
    """Without the data, which a fresh machine does not have: what predictions, records and histories alone can tell."""

    def nowhere(*_, **__):
        raise DataNotFound("the data are not here")

    monkeypatch.setattr("valence.doctor.library.data.load", nowhere)
    report = examine(subjects([str(BOARD)], model=False))
    assert {(s.name, check) for s in report.subjects for check, f in s.findings if f.severity == "error"} == KNOWN
    assert {"constant_predictions", "metrics_disagree"} <= set(report.subjects[0].carried_out)


@pytest.mark.real
def test_a_random_split_of_phrases_is_caught_and_the_official_one_passes(real):
    import numpy as np

    from valence import data
    from valence.doctor.checks.phrases_in_train import MUCH
    from valence.doctor.library import Library
    from valence.types import Corpus

    corpus = data.load("sst2")
    train = corpus.splits["train"]
    order = np.random.default_rng(42).permutation(len(train))[:20_000]
    cut = {"train": train.select(order[4000:]), "test": train.select(order[:4000])}
    random = Library().phrases(Corpus("random", corpus.labels, cut, "random"), "test")
    official = Library().phrases(corpus, "test")
    assert len(random.inside) / random.n_scored > 5 * MUCH
    assert len(official.inside) / official.n_scored < MUCH
