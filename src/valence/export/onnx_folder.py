"""A folder that ONNX Runtime and `valence predict` read: the graph, the tokenizer, and how a text is cut."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from valence import __version__
from valence.errors import MissingPackage
from valence.export.classifier import MODEL, About, write_about

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
        from valence.export.int8 import quantise

        with tempfile.TemporaryDirectory() as between:
            write_graph(network, Path(between) / MODEL, linear)
            # without special tokens a text of one word has no row behind the first
            special = sum(map(len, classifier.subwords.around))
            quantise(Path(between) / MODEL, folder / MODEL, bits=bits, apart=special > 1)
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
        valence=__version__,
    )
    write_about(about, folder)


def _linear(classifier: EncoderClassifier | EmbeddingClassifier) -> nn.Linear | None:
    from torch import from_numpy, nn

    found = getattr(classifier, "linear", None)
    if found is None:
        return None
    layer = nn.Linear(*found.weights.shape)
    layer.load_state_dict({"weight": from_numpy(found.weights.T).float(), "bias": from_numpy(found.intercept).float()})
    return layer


__all__ = ["write_onnx"]
