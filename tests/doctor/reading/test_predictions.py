import numpy as np
import pytest

from doctor.building import reviews, scored, write_csv, write_jsonl
from valence.doctor.parts import Gold
from valence.doctor.reading.predictions import find_answer_columns, read_answers, truth_of
from valence.doctor.subject import Absent
from valence.errors import BadData


def test_nan_is_kept_and_becomes_class_0(tmp_path):
    found = read_answers(write_csv(tmp_path / "p.csv", [{"id": 1, "p_0": "nan", "p_1": "nan"}, {"id": 2, "p_0": 0.1, "p_1": 0.9}]), None)
    assert np.isnan(found.probabilities[0]).all()
    assert found.predicted.tolist() == [0, 1]


def test_ids_may_repeat_and_answers_may_be_empty(tmp_path):
    rows = [{"id": 1, "sentiment": "pos"}, {"id": 1, "sentiment": ""}]
    found = read_answers(write_jsonl(tmp_path / "p.jsonl", rows), None)
    assert found.ids == ("1", "1")
    assert found.predicted.tolist() == [1, -1]
    assert found.stated is None


@pytest.mark.parametrize(
    ("columns", "predicted", "truth"),
    [
        (["id", "label"], "label", None),
        (["id", "label", "sentiment"], "sentiment", "label"),
        (["id", "label", "p_0", "p_1"], None, "label"),
        (["id", "y_true", "y_pred"], "y_pred", "y_true"),
        (["id", "sentiment"], "sentiment", None),
    ],
)
def test_a_label_is_the_true_one_where_answers_stand_beside_it(columns, predicted, truth):
    found = find_answer_columns(columns)
    assert (found.predicted, found.truth) == (predicted, truth)


@pytest.mark.parametrize("columns", [["text", "label"], ["id", "text"], ["id"], ["id", "text", "label", "split"]])
def test_a_table_without_ids_or_answers_holds_no_predictions(columns):
    assert find_answer_columns(columns) is None


def test_the_score_beside_a_prediction_is_that_predictions(tmp_path):
    rows = [{"id": 1, "prediction": "negative", "score": 0.9}, {"id": 2, "prediction": "positive", "score": 0.8}]
    found = read_answers(write_csv(tmp_path / "p.csv", rows), None)
    np.testing.assert_allclose(found.probabilities, [[0.9, 0.1], [0.2, 0.8]])


def test_labels_of_ones_own_get_their_order(tmp_path):
    rows = [{"id": i, "label": w, "prediction": w} for i, w in enumerate(("bad", "good", "fair"))]
    assert read_answers(write_csv(tmp_path / "p.csv", rows), None).names == ("bad", "fair", "good")


def test_a_header_alone_is_refused(tmp_path):
    (tmp_path / "p.csv").write_text("id,sentiment\n", encoding="utf-8")
    with pytest.raises(BadData, match="no rows"):
        read_answers(tmp_path / "p.csv", None)


def test_truth_is_matched_by_id_and_unknown_ids_are_marked(tmp_path):
    split = scored(reviews(tmp_path))
    rows = [{"id": split.ids[3], "sentiment": 1}, {"id": "foreign", "sentiment": 0}]
    found = read_answers(write_csv(tmp_path / "p.csv", rows), ("negative", "positive"))
    assert truth_of(found, Gold(split, "test", ("negative", "positive"))).labels.tolist() == [split.labels[3], -2]
    with pytest.raises(Absent, match="--data"):
        truth_of(found, None)
