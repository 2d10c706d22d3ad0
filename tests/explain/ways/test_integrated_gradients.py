import builtins

import numpy as np
import pytest

from valence.errors import MissingPackage
from valence.explain import explain

torch = pytest.importorskip("torch", reason="needs valence[torch]")
pytest.importorskip("captum", reason="needs valence[explain]")

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
