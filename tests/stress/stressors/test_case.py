"""Capitals and marks."""

from valence.stress.stressors.case import CHANGES, Case


def test_each_change_does_what_its_name_says():
    text = "It's a well-made Film! Go<br />see (really)."
    assert {name: change(text) for name, change in CHANGES.items()} == {
        "all small letters": "it's a well-made film! go<br />see (really).",
        "ALL CAPITALS": "IT'S A WELL-MADE FILM! GO<BR />SEE (REALLY).",
        "no marks": "It's a well-made Film  Go<br />see  really ",
    }


def test_labels_stay(given):
    trials = list(Case().trials(given))
    assert [t.name for t in trials] == list(CHANGES)
    assert all(t.expects == "same" and t.labels is given.sample.labels for t in trials)
