import numpy as np
import pytest

from valence.explain import explain
from valence.explain.reading import Reading, can_read, read
from valence.types import Predictions, Size

torch = pytest.importorskip("torch", reason="needs valence[torch]")
LABELS = ("negative", "positive")


def test_the_logits_of_the_vectors_are_the_classifier_s_own(cnn):
    text = "The plot is wonderful, " * 8
    reading = read(cnn, text)
    with torch.no_grad():
        found = reading.logits(reading.vectors.expand(3, -1, -1)).numpy()
    np.testing.assert_allclose(found, np.repeat(cnn.logits([text]), 3, axis=0), atol=1e-5)
    assert not reading.baseline.any()


def test_head_and_tail_are_read_and_the_middle_is_not(cnn):
    text = " ".join(f"w{i}" for i in range(25))
    reading = read(cnn, text)
    assert [text[a:b] for a, b in reading.spans] == [f"w{i}" for i in (*range(10), *range(15, 25))]
    assert [text[a:b] for a, b in reading.unread] == ["w10 w11 w12 w13 w14"]


def test_a_classifier_of_another_kind_tells_how_it_reads():
    pytest.importorskip("captum", reason="needs valence[explain]")

    class Letters:
        """Logits: the code of each letter, summed, against zero."""

        size = Size(0, 0)

        def reading(self, text):
            vectors = torch.tensor([[[float(ord(c) - 109)] for c in text]])
            spans = tuple((i, i + 1) for i in range(len(text)))
            return Reading(spans, (), vectors, torch.zeros_like(vectors), lambda v: torch.cat([v.sum(1) * 0, v.sum(1)], dim=1))

        def predict(self, texts):
            return Predictions(np.array([[0.5, 0.5]] * len(texts), dtype=np.float32))

    found = explain(Letters(), "amz", LABELS, label="positive")
    np.testing.assert_allclose(found.scores, [-12, 0, 13], atol=1e-4)


def test_a_linear_method_is_not_read(linear):
    assert not can_read(linear)
