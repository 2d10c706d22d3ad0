import pytest

from doctor.building import write_csv
from doctor.tables import MODELS, RIGHT, document, own, raw_answers
from valence.doctor.reading.counts import count_answers, read_counts
from valence.errors import BadData


def test_wide_and_long_tables_give_the_same_kind_of_rows(tmp_path):
    wide = read_counts(write_csv(tmp_path / "wide.csv", document())).rows
    long = read_counts(write_csv(tmp_path / "long.csv", own())).rows
    assert [(r.model, r.n) for r in wide] == [(r.model, r.n) for r in long]
    assert (wide[0].reported, wide[0].decimals, wide[0].correct) == (0.875, 4, None)
    assert long[0].correct == 14


def test_shares_and_percentages_are_told_apart(tmp_path):
    rows = [
        {"model": "a", "n": 8, "accuracy": "0.875"},
        {"model": "b", "n": 8, "accuracy": "87.5 %"},
        {"model": "c", "n": 8, "accuracy": "87.5"},
    ]
    found = read_counts(write_csv(tmp_path / "t.csv", rows)).rows
    assert [(r.reported, r.decimals) for r in found] == [(0.875, 3)] * 3


def test_a_word_where_a_number_should_be_is_named_by_its_line(tmp_path):
    with pytest.raises(BadData, match=r"t\.csv, line 2: expected a number, found 'n/a'"):
        read_counts(write_csv(tmp_path / "t.csv", [{"model": "a", "n": 8, "accuracy": "n/a"}]))


def test_answers_of_several_models_are_counted_each_by_itself(tmp_path):
    found = count_answers(write_csv(tmp_path / "answers.csv", raw_answers()))
    assert list(found) == list(MODELS)
    assert [int(right.sum()) for right in found.values()] == [row[-1] for row in RIGHT]
