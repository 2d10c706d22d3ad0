"""A folder that ONNX Runtime and `valence predict` read: the graph, the tokenizer, and how a text is cut."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from valence.errors import MissingPackage
from valence.export.classifier import MODEL, About, write_about
from valence.machine import versions

SENTENCES = (
    "I went in without hope, and for the first half hour I was right.",
    "Then the camera finds the mother's face, and nothing else matters any more!",
    "The dialogue is clumsy; the score (by someone who has heard one piano in his life) is worse.",
    "Did nobody read the script? Apparently not.",
    "Still, the two leads are wonderful together - warm, quick and very funny.",
    "It runs 140 minutes, of which 90 could go.",
    "A dull, lifeless sequel that nobody needed.",
    "I laughed, I cried, I will see it again next week, and so will you: 9/10.",
)
LIKE_REVIEWS = tuple(" ".join(SENTENCES[(i + j * (2 * i + 1)) % len(SENTENCES)] for j in range(4 + 2 * i)) for i in range(len(SENTENCES)))
"""Eight texts of 60 to 300 tokens, over which eight bits are compared with 32."""

if TYPE_CHECKING:
    from torch import nn

    from valence.training.encoders.classifier import EncoderClassifier
    from valence.training.encoders.embedding import EmbeddingClassifier


def write_onnx(
    classifier: EncoderClassifier | EmbeddingClassifier, folder: Path, *, run: str, labels: tuple[str, ...], bits: int = 32
) -> None:
    """Write `model.onnx`, the tokenizer and `valence.json`.

    Args:
        classifier: a fitted encoder, with whatever was learned over it.
        folder: an empty one.
        run: the run's id.
        labels: the labels' names.
        bits: 32, 8 or 7 for a number of the layers' matrices.

    Raises:
        MissingPackage: onnx is not installed.
    """
    try:
        import onnx  # noqa: F401 - torch's exporter needs it, and says so less well
    except ImportError as error:
        raise MissingPackage("onnx", "onnx", "An export to ONNX") from error
    from valence.training.encoders.onnx import merged, write_graph

    network, linear = merged(classifier.network), _linear(classifier)
    if bits == 32:
        write_graph(network, folder / MODEL, linear)
    else:
        with tempfile.TemporaryDirectory() as between:
            write_graph(network, Path(between) / MODEL, linear)
            _quantise(classifier, Path(between) / MODEL, folder / MODEL, bits)
    classifier.subwords.save(folder)
    size = classifier.size
    about = About(
        run=run,
        labels=labels,
        max_length=classifier.max_length,
        keep=classifier.keep,
        weight_bits=bits,
        trainable_parameters=size.trainable,
        total_parameters=size.total,
        valence=versions().get("valence", ""),
    )
    write_about(about, folder)


def _quantise(classifier: EncoderClassifier | EmbeddingClassifier, path: Path, out: Path, bits: int) -> None:
    from valence.export.int8 import quantise, quantise_best

    if sum(map(len, classifier.subwords.around)) < 2:  # a text of one word has no row behind the first
        quantise(path, out, bits=bits, rows="together")
        return
    tokens = classifier.subwords.encode(LIKE_REVIEWS, classifier.max_length, classifier.keep)
    texts = [tokens.ids[a:b][None].astype(np.int64) for a, b in itertools.pairwise(tokens.offsets)]
    quantise_best(path, out, texts, bits=bits)


def _linear(classifier: EncoderClassifier | EmbeddingClassifier) -> nn.Linear | None:
    from torch import from_numpy, nn

    found = getattr(classifier, "linear", None)
    if found is None:
        return None
    layer = nn.Linear(*found.weights.shape)
    layer.load_state_dict({"weight": from_numpy(found.weights.T).float(), "bias": from_numpy(found.intercept).float()})
    return layer


__all__ = ["write_onnx"]
