"""Predict by ONNX Runtime, without torch: one text at a time, as many texts at once as there are processors."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt
from scipy.special import softmax

from valence.errors import BadData, MissingPackage
from valence.text.subwords import Subwords
from valence.text.vocabulary import Keep
from valence.types import Predictions, Settings, Size

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MODEL = "model.onnx"
ABOUT = "valence.json"


class About(Settings):
    """What a folder says of itself besides its graph and its tokenizer."""

    run: str
    """The run it was made from."""
    labels: tuple[str, ...]
    """Label names; column i of the logits is label i."""
    max_length: PositiveInt
    """Tokens of a text that are read, special ones counted."""
    keep: Keep
    """Which tokens of a longer text are read."""
    weight_bits: PositiveInt = 32
    """Of a number in the layers' matrices: 32, 8 or 7."""
    trainable_parameters: int = 0
    """Numbers learned from the labelled texts."""
    total_parameters: int = 0
    """Numbers the run's classifier held."""
    valence: str = ""
    """Version that wrote it."""


class OnnxClassifier:
    """An exported encoder."""

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        """Open what `valence export RUN --to onnx` wrote.

        Args:
            folder: holds `model.onnx`, the tokenizer and `valence.json`.
            threads: texts read at once; $OMP_NUM_THREADS or every processor when not given.

        Raises:
            BadData: the folder does not hold it, or it is damaged.
            MissingPackage: onnxruntime is not installed.
        """
        self.folder = folder
        self.threads = threads or processors()
        try:
            self.about = About.model_validate_json((folder / ABOUT).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadData(f"{folder / ABOUT} cannot be read: {str(error).splitlines()[0]}. Export the run again.") from None
        self.subwords = Subwords.load(folder)
        self._session = open_session(folder / MODEL)

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names."""
        return self.about.labels

    @property
    def size(self) -> Size:
        """Parameter counts of the run."""
        return Size(self.about.trainable_parameters, self.about.total_parameters)

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Classify each text by itself."""
        return Predictions(softmax(self.logits(texts).astype(np.float64), axis=1).astype(np.float32))

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, labels) float32 logits; the same to the last bit whatever stands beside a text."""
        tokens = self.subwords.encode(texts, self.about.max_length, self.about.keep)
        logits = np.zeros((len(tokens), len(self.labels)), dtype=np.float32)

        def read(row: int) -> None:
            ids = tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]]
            logits[row] = self._session.run(None, {"input_ids": ids[None].astype(np.int64)})[0][0]

        # longest first, so that no thread is left with a long one at the end
        order = np.argsort(-tokens.lengths, kind="stable").tolist()
        if self.threads == 1 or len(order) < 2:
            for row in order:
                read(row)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(read, order))
        return logits

    def save(self, folder: Path) -> None:
        """Copy the files."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


def processors() -> int:
    """Return how many texts to read at once: $OMP_NUM_THREADS, else the processors this process may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked):
        return int(asked)
    allowed = getattr(os, "sched_getaffinity", None)  # Linux
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def open_session(path: Path) -> InferenceSession:
    """Open a session that keeps to the calling thread: the threads are the texts'.

    Raises:
        BadData: the file is no graph.
        MissingPackage: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPackage("onnxruntime", "onnx", "An exported model") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has a class for each of its codes, under no common name
        reason = str(error).strip().splitlines()[0]
        raise BadData(f"{path} cannot be opened by ONNX Runtime: {reason}. Export the run again.") from error


def write_about(about: About, folder: Path) -> None:
    """Write `valence.json`."""
    (folder / ABOUT).write_text(json.dumps(about.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")


__all__ = ["ABOUT", "MODEL", "About", "OnnxClassifier", "open_session", "processors", "write_about"]
