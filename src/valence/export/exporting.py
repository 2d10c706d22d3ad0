"""`export`: a run as a folder, written whole or not at all, and compared with the run before it is given its name."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from valence.errors import BadSetting, FailedRun
from valence.store import RunRecord
from valence.types import Classifier, Predictions

if TYPE_CHECKING:
    from valence.training.encoders.classifier import EncoderClassifier

Target = Literal["hf", "onnx", "ollama"]

CLOSE = 1e-4
"""Largest difference of a probability that a 32-bit export may show."""
TEXTS = (
    "A wonderful film, moving and funny from the first scene to the last.",
    "Dreadful. The plot makes no sense and nobody in the cast seems to care.",
    "It was all right, I suppose: a weak start, a good ending.",
    "Not bad at all!<br /><br />I had feared the worst, and laughed out loud instead.",
    "No.",
    "The score is superb, which only shows how little else there is to say about these two and a half hours. " * 12,
)
"""Read by the run and by the export, to be compared."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and how it compares with the run."""

    folder: Path
    texts: int
    """How many were compared."""
    largest: float
    """Largest difference of a probability."""
    flips: int
    """Labels that differ."""
    bits: int
    """Of a number in the layers' matrices."""
    notes: list[str]
    """What the other program does otherwise, a sentence each."""

    @property
    def size(self) -> int:
        """Bytes of the folder."""
        return sum(f.stat().st_size for f in self.folder.rglob("*") if f.is_file())


def export(classifier: Classifier, record: RunRecord, to: Target, out: Path, *, int8: bool = False, portable: bool = False) -> Exported:
    """Write `out` and say how its answers compare.

    Args:
        classifier: the run's.
        record: the run's.
        to: `hf` or `onnx`; of a tuned language model `hf` or `ollama`.
        out: a folder that is not there yet.
        int8: with `onnx`, eight-bit weights and activations.
        portable: with `int8`, seven-bit weights, which every processor adds up exactly.

    Raises:
        BadSetting: it cannot be expressed there, or `out` exists; the way out is named.
        MissingPackage: onnx or onnxruntime is not installed.
        FailedRun: a 32-bit export answers differently; nothing is left behind.
    """
    if hasattr(classifier, "reader"):
        from valence.export.language_model import export_language_model

        return export_language_model(classifier, record, to, out)
    encoder = _encoder(classifier, record, to)
    bits = _bits(int8, portable)
    with whole(out) as beside:
        notes = _write(encoder, record, to, beside, bits)
        largest, flips = _compare(encoder, beside, to)
        if bits == 32 and largest > CLOSE:
            raise FailedRun(f"{record.id} as {to} differs from the run: a probability by {largest:.1g}. Nothing was written.")
    return Exported(out, len(TEXTS), largest, flips, bits, notes)


@contextlib.contextmanager
def whole(out: Path) -> Iterator[Path]:
    """Give a folder that gets the name `out` when nothing was raised, and is gone otherwise.

    Raises:
        BadSetting: `out` exists, or has no place.
    """
    if out.exists():
        raise BadSetting(f"{out} exists already. Give another folder with --out, or remove it.")
    if not out.absolute().parent.is_dir():
        raise BadSetting(f"{out}: there is no folder {out.parent}.")
    beside = out.with_name(f"{out.name}.{uuid.uuid4().hex[:8]}.part")
    beside.mkdir()
    try:
        yield beside
        beside.replace(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _bits(int8: bool, portable: bool) -> int:
    if not int8:
        return 32
    from valence.export.int8 import exact_here

    return 7 if portable or not exact_here() else 8


def _write(encoder: Any, record: RunRecord, to: Target, folder: Path, bits: int) -> list[str]:  # noqa: ANN401
    if to == "hf":
        from valence.export.hugging_face import write_hugging_face

        return write_hugging_face(encoder, folder)
    from valence.export.onnx_folder import write_onnx

    write_onnx(encoder, folder, run=record.id, labels=record.labels, bits=bits)
    return []


def _encoder(classifier: Classifier, record: RunRecord, to: Target) -> EncoderClassifier:
    """Return the classifier if it is one that can be exported."""
    found: Any = classifier
    if to == "ollama":
        hint = " Export it with --to hf or --to onnx." if hasattr(found, "subwords") and hasattr(found, "network") else " What can: qlora."
        raise BadSetting(f"{record.id} is no language model: Ollama cannot run {record.method}.{hint}")
    if not hasattr(found, "subwords") or not hasattr(found, "network"):
        raise BadSetting(f"{record.id} is no encoder: {record.method} cannot be exported. What can: finetune, lora, their kin; qlora.")
    if to == "hf" and hasattr(found, "linear"):
        raise BadSetting(
            f"{record.id}: transformers' classifiers have no head over states of length 1, as {record.method} has. "
            "Export it with --to onnx."
        )
    encoder: EncoderClassifier = found
    return encoder


def _compare(encoder: Classifier, folder: Path, to: Target) -> tuple[float, int]:
    """Return the largest difference of a probability, and how many labels differ."""
    read: Callable[[Sequence[str]], Predictions]
    if to == "onnx":
        from valence.export.classifier import OnnxClassifier

        read = OnnxClassifier(folder).predict
    else:
        read = _transformers(folder)
    # transformers cuts a long text otherwise; one that fits is read alike
    texts = TEXTS if to == "onnx" else TEXTS[:-1]
    ours, theirs = encoder.predict(texts), read(texts)
    return float(np.abs(ours.probabilities - theirs.probabilities).max()), int((ours.labels != theirs.labels).sum())


def _transformers(folder: Path) -> Callable[[Sequence[str]], Predictions]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from valence.training.trainer import quiet_transformers

    with quiet_transformers():
        model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)

    def read(texts: Sequence[str]) -> Predictions:
        with torch.inference_mode():
            batch = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
            return Predictions(torch.softmax(model(**batch).logits.float(), dim=1).numpy())

    return read


__all__ = ["CLOSE", "TEXTS", "Exported", "Target", "export", "whole"]
