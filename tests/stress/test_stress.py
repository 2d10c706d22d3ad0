"""The whole report on a run whose mistakes are known."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from valence import data
from valence.errors import BadSetting, DataNotFound, UnknownName
from valence.store import Scored
from valence.stress import STRESSORS, Answers, stress
from valence.types import Predictions


@pytest.fixture
def record(reviews_csv):
    digest = data.load(str(reviews_csv)).digest
    return SimpleNamespace(
        id="counting--reviews",
        data="reviews",
        score_on="test",
        labels=("negative", "positive"),
        experiment={"data": str(reviews_csv)},
        provenance=SimpleNamespace(data_digest=digest),
    )


def test_every_stressor_that_fits_is_tried_and_the_others_say_why_not(classifier, record, monkeypatch, tmp_path):
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    report = stress(classifier, record)
    assert {f.stressor for f in report.findings} == {"case", "length", "negation", "typos"}
    reasons = dict(report.skipped)
    assert set(reasons) == set(STRESSORS.names) - {"case", "length", "negation", "typos"}
    assert "imdb_contrast" in reasons["contrast"]
    assert reasons["counterfactual"] == "no --pairs FILE was given"
    assert (report.n, report.n_all, report.notes) == (40, 40, ())


def test_the_mistakes_of_a_counter_of_words_are_found(classifier, record):
    found = {f.name: f for f in stress(classifier, record, only=["case", "negation"]).findings}
    assert found["all small letters"].flipped.value == 0
    assert found["ALL CAPITALS"].after.value == 0.5, "it knows no capitals and answers negative on a tie"
    assert found["praise negated"].broken.value > 0.9, "it sees no negation"
    assert found["blame added"].broken.value == 0


def test_a_text_is_asked_about_once_and_known_answers_never(classifier, record):
    split = data.load(record.experiment["data"]).splits["test"]
    known = Scored(split.ids, split.labels, classifier.predict(list(split.texts)))
    classifier.asked.clear()
    stress(classifier, record, known, only=["case", "typos", "length"])
    assert not set(classifier.asked) & set(split.texts)
    assert len(classifier.asked) == len(set(classifier.asked))


def test_answers_come_in_the_order_of_the_question(classifier):
    answers = Answers(classifier, 2)
    expected = classifier.predict(["good", "bad", "good"]).probabilities
    np.testing.assert_array_equal(answers.to(["good", "bad", "good"]), expected)
    answers.learn(["new"], np.array([[0.25, 0.75]], dtype=np.float32))
    assert answers.to(["new"]).tolist() == [[0.25, 0.75]]
    assert answers.to([]).shape == (0, 2)


def test_the_same_seed_gives_the_same_report_and_another_one_another(classifier, record):
    one, two, other = (stress(classifier, record, only=["typos"], n=20, seed=s) for s in (1, 1, 2))
    assert one == two
    assert one != other
    assert one.n == 20


def test_data_that_changed_since_the_run_are_spoken_of(classifier, record):
    record.provenance.data_digest = "another"
    assert stress(classifier, record, only=["case"]).notes == ("The data are not those the run was scored on: their digest differs.",)


def test_the_report_is_plain_json(classifier, record):
    back = json.loads(json.dumps(stress(classifier, record, only=["case"]).to_json()))
    assert back["findings"][0]["before"]["value"] == 1.0


def test_wrong_requests_are_refused_in_one_line(classifier, record, monkeypatch, tmp_path):
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    with pytest.raises(UnknownName, match="Did you mean 'typos'"):
        stress(classifier, record, only=["typo"])
    with pytest.raises(BadSetting, match="n = 0 is too small"):
        stress(classifier, record, n=0)
    with pytest.raises(DataNotFound, match="imdb_contrast"):
        stress(classifier, record, only=["contrast"])
    record.experiment = {}
    with pytest.raises(BadSetting, match="was not made here"):
        stress(classifier, record)


def test_a_run_of_other_labels_skips_what_speaks_of_praise(classifier, record, tmp_path):
    path = tmp_path / "spam.csv"
    rows = [f"{'spam' if i % 2 else 'ham'},text number {i} of many" for i in range(60)]
    path.write_text("label,text\n" + "\n".join(rows) + "\n", encoding="utf-8")
    corpus = data.load(str(path))
    record.experiment, record.labels, record.provenance.data_digest = {"data": str(path)}, corpus.labels, corpus.digest
    reasons = dict(stress(classifier, record).skipped)
    assert reasons["negation"] == reasons["contrast"] == "its labels are ham, spam, not negative and positive"


def test_predictions_of_other_texts_are_not_taken_for_these(classifier, record):
    wrong = Scored(("elsewhere",), np.array([0]), Predictions(np.array([[1.0, 0.0]], dtype=np.float32)))
    assert stress(classifier, record, wrong, only=["case"]).findings[0].before.value == 1.0
