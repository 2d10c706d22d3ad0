"""Replies become predictions: an invalid or missing answer is never scored as one, and each model has its own figures."""

import numpy as np
import pytest

from valence.errors import BadData, FailedRun
from valence.evaluation.metrics import score
from valence.evaluation.outcomes import names_a_label
from valence.llm.asked import Answer, Unanswered
from valence.llm.prompted_classifier import PromptedClassifier, read_back
from valence.types import Journal, Size

LABELS = ("negative", "positive")


class Model:
    """Answers by a table."""

    name, parameters, device = "m", 7, "cpu"

    def __init__(self, table, identity="m"):
        self.table, self.identity = table, identity

    def ask(self, questions, ask):
        for i, question in enumerate(questions):
            yield i, self.table[question.review]

    def close(self):
        """Nothing to free."""


class Diary(Journal):
    """Keeps what is logged."""

    def __init__(self):
        self.rows = []

    def log(self, step, **values):
        self.rows.append((step, values))


@pytest.fixture
def classifier(ask, questions):
    def make(table, way="generate", words=LABELS, identity="m", **settings):
        prompt = questions("x", words=words)[0].prompt
        return PromptedClassifier(Model(table, identity), ask(way, words), prompt, LABELS, Diary(), **settings)

    return make


WORDS = {"a": Answer(text="Positive."), "b": Answer(text="negative"), "c": Answer(text="Hard to say"), "d": Unanswered("status 500: no")}


def test_words_become_certain_answers_and_the_rest_none(classifier):
    found = classifier(WORDS)
    predictions = found.predict(["a", "b", "c", "d"])
    np.testing.assert_array_equal(predictions.probabilities, np.float32([[0, 1], [1, 0], [0.5, 0.5], [0.5, 0.5]]))
    assert predictions.responses == ("Positive.", "negative", "Hard to say", "(unanswered: status 500: no)")
    assert found.journal.rows == [(4, {"unanswered": 1})]
    # one of four right, two of four valid; the other two would be right if a tie were read as an answer
    figures = score(np.array([1, 1, 0, 0]), predictions.probabilities, names_a_label(predictions.responses, LABELS))
    assert (figures["accuracy"], figures["valid_rate"], figures["accuracy_valid"]) == (0.25, 0.5, 0.5)


def test_label_words_are_told_as_label_names(classifier):
    predictions = classifier({"a": Answer(text="good, very")}, words=("bad", "good")).predict(["a"])
    assert predictions.responses == ("positive, very",)
    assert predictions.labels.tolist() == [1]


def test_scores_have_no_words_unless_one_is_missing(classifier):
    table = {"a": Answer(scores=(-2.0, -1.0)), "b": Answer(scores=(-1.0, -9.0)), "d": Unanswered("cut off")}
    whole = classifier(table, "score").predict(["a", "b"])
    assert whole.responses is None
    assert whole.probabilities[0, 1] == pytest.approx(1 / (1 + np.exp(-1)))
    part = classifier(table, "score").predict(["a", "b", "d"])
    assert part.responses == ("positive", "negative", "(unanswered: cut off)")
    assert part.probabilities[2].tolist() == [0.5, 0.5]
    assert names_a_label(part.responses, LABELS).tolist() == [True, True, False]


def test_calibration_asks_three_blank_reviews(classifier):
    lean = tuple(np.log([0.2, 0.8]))
    table = {"a": Answer(scores=lean), "b": Answer(scores=tuple(np.log([0.3, 0.7])))} | {
        blank: Answer(scores=lean) for blank in ("N/A", "[MASK]", "")
    }
    found = classifier(table, "score", calibrate=True).predict(["a", "b"])
    np.testing.assert_allclose(found.probabilities[0], [0.5, 0.5], atol=1e-6)
    assert found.labels[1] == 0


def test_two_models_in_one_process_have_figures_of_their_own(classifier):
    labels, texts = np.array([1, 0, 1, 0]), ["a", "b", "c", "d"]
    right = {text: Answer(text=LABELS[label]) for text, label in zip(texts, labels, strict=True)}
    mute = {text: Answer(text="?") for text in texts[:3]} | {"d": Answer(text="negative")}
    first, second = classifier(right, identity="first"), classifier(mute, identity="second")

    def figures(found):
        predictions = found.predict(texts)
        valid = names_a_label(predictions.responses, LABELS)
        made = score(labels, predictions.probabilities, valid)
        return made["accuracy"], made["valid_rate"], made["accuracy_valid"], found.tally.asked, found.tally.remembered

    assert figures(first) == (1.0, 1.0, 1.0, 4, 0)
    assert figures(second) == (0.25, 0.25, 1.0, 4, 0)
    assert figures(first) == (1.0, 1.0, 1.0, 0, 4)


def test_a_model_that_answers_nothing_fails(classifier):
    with pytest.raises(FailedRun, match="answered none of 1 texts"):
        classifier(WORDS).predict(["d"])


def test_nothing_is_learned_and_the_weights_are_not_copied(classifier, tmp_path):
    found = classifier(WORDS)
    assert found.size == Size(0, 7)
    assert found.predict([]).probabilities.shape == (0, 2)
    found.save(tmp_path)
    assert read_back(tmp_path, Model({})) == []
    with pytest.raises(BadData, match="no longer the model"):
        read_back(tmp_path, Model({}, "another"))
    (tmp_path / "prompted.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadData, match="cannot be read"):
        read_back(tmp_path, Model({}))
