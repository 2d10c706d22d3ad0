"""Pairs of a user's own."""

from dataclasses import replace

import pytest

from valence.errors import BadData, Mismatch
from valence.stress.stressors.counterfactual import Counterfactual


def trials(given, tmp_path, text, name="pairs.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return {t.name: t for t in Counterfactual().trials(replace(given, pairs=path)) if t.ids}


def test_pairs_turn_or_stay_as_their_labels_say(given, tmp_path):
    rows = 'id,original,changed,label,changed_label\na,good,"not good, no",positive,negative\nb,He smiled.,She smiled.,positive,Positive\n'
    found = trials(given, tmp_path, rows)
    assert (found["label turns"].ids, found["label turns"].after, found["label turns"].expects) == (("a",), ("not good, no",), "turned")
    assert found["label turns"].labels.tolist() == [0]
    assert (found["label stays"].ids, found["label stays"].expects) == (("b",), "same")


def test_one_label_means_that_it_stays(given, tmp_path):
    found = trials(given, tmp_path, "original\tchanged\tlabel\nx\ty\tnegative\nv\tw\t\n", "pairs.tsv")
    assert set(found) == {"label stays"}
    assert found["label stays"].labels.tolist() == [0, -1]


def test_without_labels_nothing_is_expected(given, tmp_path):
    found = trials(given, tmp_path, "Original,Changed\nx,y\n")
    assert (found["no labels"].expects, found["no labels"].labels) == ("open", None)


def test_a_file_is_asked_for(given):
    assert Counterfactual().why_not(given) == "no --pairs FILE was given"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pairs.csv", "original,label\nx,negative\n", r"pairs\.csv has no column 'changed'\. It has: original, label\."),
        ("pairs.xlsx", "x", r"unknown ending\. Known: \.csv, \.tsv\."),
        ("pairs.csv", "", "cannot be read"),
    ],
)
def test_what_is_no_table_of_pairs_is_refused_in_one_line(given, tmp_path, name, text, said):
    with pytest.raises(BadData, match=said):
        trials(given, tmp_path, text, name)


def test_a_missing_file_and_an_unknown_label_are_named(given, tmp_path):
    with pytest.raises(BadData, match="is not there"):
        list(Counterfactual().trials(replace(given, pairs=tmp_path / "gone.csv")))
    with pytest.raises(Mismatch, match="has the label 'neutral'"):
        trials(given, tmp_path, "original,changed,label\nx,y,neutral\n")
