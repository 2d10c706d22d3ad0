"""A classifier by its name: a run's, or an exported folder's."""

from __future__ import annotations

from pathlib import Path

from valence.errors import BadSetting
from valence.export.classifier import ABOUT, OnnxClassifier
from valence.store import RunStore
from valence.types import Classifier


def open_classifier(name: str, store: RunStore, *, device: str = "auto") -> tuple[Classifier, tuple[str, ...]]:
    """Return the classifier and the names of its labels.

    Args:
        name: a folder that `valence export RUN --to onnx` wrote, or a run's id, the beginning of it, or its folder.
        store: where the runs are.
        device: of a run; an exported folder is read on the CPU.

    Raises:
        UnknownName: there is no such folder and no such run.
        BadSetting: a device other than the CPU is asked for with an exported folder, or the run holds no model.
        BadData: the folder is damaged.
    """
    folder = Path(name)
    if (folder / ABOUT).is_file():
        if device not in {"auto", "cpu"}:
            raise BadSetting(f"--device {device} was asked for, but {name} is exported for the CPU. Predict with the run itself.")
        found = OnnxClassifier(folder)
        return found, found.labels
    from valence.runner import load

    classifier, record = load(name, store, device=device)
    return classifier, record.labels


__all__ = ["open_classifier"]
