import builtins
import sys

import numpy as np
import pytest

from valence.errors import MissingPackage
from valence.explain import explain
from valence.explain.reading import Reading
from valence.explain.ways.integrated_gradients import TOLERANCE
from valence.methods import METHODS
from valence.methods._networks import Network
from valence.text.vocabulary import Vocabulary
from valence.types import Predictions, Size

torch = pytest.importorskip("torch", reason="needs valence[torch]")
pytest.importorskip("captum", reason="needs valence[explain]")
from valence.training.classifier import NetworkClassifier  # noqa: E402
from valence.training.networks.words import WordEmbedding  # noqa: E402

LABELS = ("negative", "positive")
TEXT = "The PLOT is dreadful,<br />but the cast is wonderful…"


def test_the_words_add_up_to_the_change_of_the_logit(cnn):
    found = explain(cnn, TEXT, LABELS, label="positive")
    logits = cnn.logits([TEXT])[0]
    assert found.method == "integrated_gradients"
    assert abs(found.delta) <= 1e-2
    words = torch.ones(1, len(found.spans), dtype=torch.long)
    with torch.no_grad():  # what zero vectors give, worked out without captum
        nothing = torch.zeros(*words.shape, cnn.network.embedding.dimension)
        empty = cnn.network.classify(nothing, words, torch.tensor([words.shape[1]]))[0]
    expected = float(logits[1] - logits[0]) - float(empty[1] - empty[0])
    assert found.total == pytest.approx(expected, abs=1.5e-2)


NETWORKS = [name for name in METHODS.names if issubclass(METHODS.find(name), Network)]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_s_words_add_up(name):
    torch.manual_seed(0)
    cls, words = METHODS.find(name), Vocabulary.learn([TEXT] * 2)
    embedding = WordEmbedding(torch.randn(len(words), 16))
    network = cls(**vars(sys.modules[cls.__module__])["TINY"]).build(embedding, 2).eval()
    classifier = NetworkClassifier(network, words, max_length=40, keep="head", device=torch.device("cpu"))
    for text in (TEXT, TEXT * 4):
        found = explain(classifier, text, LABELS)
        assert found.method == "integrated_gradients"
        assert abs(found.delta) <= TOLERANCE, found.note


def test_a_change_of_mind_on_a_thousandth_of_the_way_is_not_missed():
    found = explain(Abrupt(), "abc", LABELS, label="positive")
    # the logit steps from 0 to 9 where the way is at .3: evenly spread points would need thousands of steps to see it
    assert found.change == pytest.approx(9, abs=1e-3)
    assert found.delta == pytest.approx(0, abs=0.09)
    np.testing.assert_allclose(found.scores, [9 * 1 / 6, 9 * 2 / 6, 9 * 3 / 6], atol=0.1)


class Abrupt:
    """Three letters of value 1, 2 and 3; the logit is a steep step in their sum."""

    size = Size(0, 0)

    def reading(self, text):
        vectors = torch.tensor([[[1.0], [2.0], [3.0]]])

        def logits(points):
            step = 9 * torch.sigmoid((points.sum(dim=1) - 1.8) * 1000)
            return torch.cat([step * 0, step], dim=1)

        return Reading(((0, 1), (1, 2), (2, 3)), (), vectors, torch.zeros_like(vectors), logits)

    def predict(self, texts):
        return Predictions(np.array([[0.5, 0.5]] * len(texts), dtype=np.float32))


def test_praise_speaks_for_and_blame_against(cnn):
    found = explain(cnn, "The plot is wonderful and the cast is dreadful.", LABELS, label="positive")
    scores = dict(zip(found.words(), found.scores, strict=True))
    assert scores["wonderful"] > 0 > scores["dreadful"]


def test_words_beyond_the_limit_are_shown_as_unread(cnn):
    text = " ".join(f"word{i}" for i in range(30))
    found = explain(cnn, text, LABELS)
    assert len(found.spans) == 20
    assert [text[a:b] for a, b in found.unread] == [" ".join(f"word{i}" for i in range(10, 20))]


@pytest.mark.parametrize("text", ["", " ", "<br />", "😍\x00", "סרט"])
def test_odd_texts_are_explained_too(cnn, text):
    found = explain(cnn, text, LABELS)
    assert np.isfinite(found.scores).all()
    assert "".join(piece.text for piece in found.pieces()) == text


def test_without_captum_the_extra_is_named(cnn, monkeypatch):
    def without(name, *rest, load=builtins.__import__):
        if name.startswith("captum"):
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingPackage, match=r"valence\[explain\]"):
        explain(cnn, TEXT, LABELS)
