"""Texts from elsewhere."""

from dataclasses import replace

import pytest

from valence.errors import BadData, Mismatch
from valence.stress.stressors.domain import Domain


def write(path, labels=("Positive", "NEGATIVE"), n=50):
    rows = [f"{labels[i % 2]},a text of number {i}" for i in range(n)]
    path.write_text("label,text\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


def test_a_file_is_scored_whole_with_labels_matched_by_name(given, tmp_path):
    (trial,) = Domain().trials(replace(given, domains=(write(tmp_path / "cars.csv"),)))
    assert (trial.name, len(trial.ids), len(set(trial.ids))) == ("cars", 50, 50)
    truth = {f"a text of number {i}": 1 - i % 2 for i in range(50)}
    assert [truth[t] for t in trial.after] == trial.labels.tolist()
    assert (trial.before, trial.expects) == (None, "open")


def test_a_large_one_is_sampled(given, tmp_path):
    (trial,) = Domain().trials(replace(given, domains=(write(tmp_path / "cars.csv"),), sample_size=20))
    assert len(trial.ids) == 20
    assert sum(trial.labels) == 10


def test_unknown_labels_and_no_labels_are_refused(given, tmp_path):
    with pytest.raises(Mismatch, match="cars has the label 'spam'"):
        list(Domain().trials(replace(given, domains=(write(tmp_path / "cars.csv", ("spam", "positive")),))))
    with pytest.raises(BadData):
        list(Domain().trials(replace(given, domains=(write(tmp_path / "none.csv", ("", "")),))))


def test_data_are_asked_for(given):
    assert Domain().why_not(given) == "no --domains DATA was given"
