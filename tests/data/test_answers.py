"""Predictions made elsewhere."""

import numpy as np
import polars as pl
import pytest

from valence.data.answers import read_predictions
from valence.errors import BadData

TWO = ("negative", "positive")


@pytest.fixture
def read(tmp_path):
    def _read(content, labels=TWO, name="p.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return read_predictions(path, labels)

    return _read


def test_kaggles_file_with_quotes_inside_the_ids(read):
    answers = read('"id","sentiment"\n"""12311_10""",1\n"""8348_2""",0\n')
    assert answers.ids == ("12311_10", "8348_2")
    assert answers.probabilities.tolist() == [[0, 1], [1, 0]]
    assert answers.probabilities.dtype == np.float32
    assert not answers.has_probabilities


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfid,sentiment\n1_9,1\n2_1,0\n",
        b"ID,Label\n1_9,positive\n2_1,Negative\n",
        b"id,prediction\n1_9,pos\n2_1,neg\n",
        b"id;label\n1_9;1\n2_1;0\n",
        b'"id"\t"sentiment"\n"1_9"\t1\n"2_1"\t0\n',
        b"id,sentiment\n1_9,1.0\n2_1,0.0\n",
        b'id,sentiment\n"\\"1_9\\"",1\n"\\"2_1\\"",0\n'.replace(b'"\\"', b'"""').replace(b'\\""', b'"""'),
    ],
    ids=["byte order mark", "names", "short names", "semicolons", "tabs", "floats", "doubled quotes"],
)
def test_the_forms_people_have(read, content):
    answers = read(content)
    assert answers.ids == ("1_9", "2_1")
    assert answers.probabilities.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("header", ["p_0,p_1", "p_negative,p_positive", "negative,positive", "P_0,P_1"])
def test_probabilities_of_every_label(read, header):
    answers = read(f"id,label,{header}\na,1,0.75,0.25\nb,0,0.3,0.71\n")
    assert answers.has_probabilities
    # 0.3 + 0.71 = 1.01, so they are divided by 1.01.
    assert answers.probabilities == pytest.approx(np.array([[0.75, 0.25], [0.29703, 0.70297]]), abs=1e-5)


@pytest.mark.parametrize("header", ["p_1", "probability", "score", "prob", "sentiment"])
def test_one_probability_is_that_of_the_second_label(read, header):
    answers = read(f"id,{header}\na,0.9\nb,0.25\nc,1\n")
    assert answers.has_probabilities
    assert answers.probabilities == pytest.approx(np.array([[0.1, 0.9], [0.75, 0.25], [0, 1]]))


def test_a_score_beside_the_predicted_label_may_be_the_labels_own(read):
    # What a transformers pipeline writes: the score is that of the label beside it.
    answers = read("id,label,score\na,NEGATIVE,0.98\nb,POSITIVE,0.6\n")
    assert answers.probabilities == pytest.approx(np.array([[0.98, 0.02], [0.4, 0.6]]))


def test_a_score_beside_the_predicted_label_may_be_the_second_labels(read):
    answers = read("id,label,score\na,negative,0.02\nb,positive,0.6\n")
    assert answers.probabilities == pytest.approx(np.array([[0.98, 0.02], [0.4, 0.6]]))


def test_a_score_that_fits_neither_reading_is_refused(read):
    with pytest.raises(BadData, match="column 'score' is the probability neither of 'positive' nor of the label beside it"):
        read("id,label,score\na,negative,0.9\nb,positive,0.1\n")


def test_our_own_predictions_are_read_back(tmp_path):
    probabilities = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]], dtype=np.float32)
    columns = {"id": ["a", "b"], "label": [0, 2], **{f"p_{i}": probabilities[:, i] for i in range(3)}, "response": [None, None]}
    pl.DataFrame(columns).write_parquet(tmp_path / "predictions.parquet")
    answers = read_predictions(tmp_path / "predictions.parquet", ("a", "b", "c"))
    assert answers.probabilities == pytest.approx(probabilities, abs=1e-6)


def test_json_lines_with_names(read):
    answers = read('{"id": 7, "label": "neutral"}\n{"id": 8, "label": "positive"}\n', ("negative", "neutral", "positive"), "p.jsonl")
    assert answers.ids == ("7", "8")
    assert answers.probabilities.argmax(axis=1).tolist() == [1, 2]


def test_labels_that_are_numbers_are_names_and_no_indices(read):
    assert read("id,label\na,1\nb,2\n", ("1", "2", "3")).probabilities.argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,sentiment\na,1\nb,0\na,0\n", r"p.csv, line 4: the id 'a' is also at line 2. Each text may have one answer only."),
        ("id,sentiment\na,2\n", "p.csv, line 2: expected one of negative, positive, or an index from 0 to 1; found '2'."),
        ("id,sentiment\na,mixed\n", "found 'mixed'"),
        ("id,sentiment\na,\n", "found nothing"),
        ("id,sentiment\na,-0.5\n", "found '-0.5'"),
        ("id,sentiment\n,1\n", "p.csv, line 2: the id is empty."),
        ("name,sentiment\na,1\n", "p.csv has no column id. It has: 'name', 'sentiment'."),
        ("id,stars\na,1\n", "p.csv has no column sentiment, label, prediction or p_0 to p_1. It has: 'id', 'stars'."),
        ("id,p_0,p_1,p_2\na,0.2,0.2,0.6\n", None),
        ("id,p_0,p_1\na,0.9,0.9\n", "p.csv, line 2: probabilities must be 0 or more and sum to 1; found 0.9, 0.9."),
        ("id,p_0,p_1\na,1.5,-0.5\n", "must be 0 or more"),
        ("id,p_0,p_1\na,nan,nan\n", "must be 0 or more"),
        ("id,p_1\na,1.2\n", "expected the probability of the second label, from 0 to 1; found '1.2'"),
        ("id,p_1\na,nan\n", "found 'nan'"),
        ("id,sentiment\n", "p.csv has a header but no rows. Expected one row per prediction."),
        ("id,label,score\na,0.3,0.4\n", "two columns hold probabilities"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(read, content, message):
    if message is None:
        message = r"p.csv has the columns 'p_0', 'p_1', 'p_2' for the 4 labels a, b, c, d. Expected p_0 to p_3."
        labels = ("a", "b", "c", "d")
    else:
        labels = TWO
    with pytest.raises(BadData) as caught:
        read(content, labels)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
