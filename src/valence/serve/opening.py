"""The classifier that is served, made fit for texts that must not stay."""

from __future__ import annotations

from valence.export.opening import open_classifier
from valence.store import RunStore
from valence.types import Classifier


def open_to_serve(name: str, store: RunStore, *, device: str = "auto") -> Classifier:
    """Return the classifier of a run or of an exported folder, which keeps no answer on disk.

    Raises:
        ValenceError: as `open_classifier` does.
    """
    classifier, _ = open_classifier(name, store, device=device)
    forget(classifier)
    return classifier


def forget(classifier: object) -> None:
    """Turn off the answers on disk of a language model, and of those that a combination asks: they may quote the text."""
    if hasattr(classifier, "caching"):
        classifier.caching = False
    for member in getattr(classifier, "members", ()):
        forget(getattr(member, "classifier", None))


__all__ = ["forget", "open_to_serve"]
