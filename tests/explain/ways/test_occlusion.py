import numpy as np
import pytest

from valence.explain import explain
from valence.explain.ways import occlusion
from valence.methods.tfidf_linear import TfidfLinear
from valence.types import Predictions, Size

LABELS = ("negative", "positive")


class Counting:
    """Log-odds: the number of `good` less the number of `bad`."""

    size = Size(0, 0)

    def __init__(self):
        self.asked = 0

    def predict(self, texts):
        self.asked += len(texts)
        odds = np.array([t.lower().count("good") - t.lower().count("bad") for t in texts], dtype=np.float64)
        positive = 1 / (1 + np.exp(-odds))
        return Predictions(np.stack([1 - positive, positive], axis=1).astype(np.float32))

    def save(self, folder):
        raise NotImplementedError


def test_a_sum_over_words_is_taken_apart_exactly():
    found = explain(Counting(), "Good and BAD, good: a film.", LABELS)
    assert found.method == "occlusion"
    np.testing.assert_allclose(found.scores, [1, 0, -1, 0, 1, 0, 0, 0, 0], atol=1e-5)
    assert found.delta == pytest.approx(0, abs=1e-5)


def test_it_agrees_in_sign_with_the_exact_terms_of_a_bag_of_words(fitted):
    classifier = fitted(TfidfLinear(ngrams=1))
    text = "A dreadful, boring plot and a wonderful, moving, superb cast."
    exact = explain(classifier, text, LABELS, method="linear")
    asked = explain(classifier, text, LABELS, method="occlusion")
    strong = np.abs(exact.scores) > 0.2 * exact.largest
    assert exact.spans == asked.spans
    assert strong.sum() >= 4
    np.testing.assert_array_equal(np.sign(exact.scores[strong]), np.sign(asked.scores[strong]))


def test_a_long_text_costs_a_bounded_number_of_predictions(monkeypatch):
    monkeypatch.setattr(occlusion, "TEXTS", 10)
    classifier = Counting()
    found = explain(classifier, "good " * 25, LABELS)
    assert classifier.asked <= 10 + 2 + 1
    assert len(found.scores) == 25
    assert found.total == pytest.approx(25, abs=1e-3)
    assert "3 neighbouring words" in found.note


def test_probabilities_of_zero_and_one_stay_finite():
    class Certain(Counting):
        def predict(self, texts):
            return Predictions(np.array([[0.0, 1.0] if "good" in t else [1.0, 0.0] for t in texts], dtype=np.float32))

    assert np.isfinite(explain(Certain(), "a good film", LABELS).scores).all()


def test_progress_is_told():
    seen = []
    explain(Counting(), "good film", LABELS, progress=lambda done, total, note: seen.append((done, total)))
    assert seen == [(0, 4)]
