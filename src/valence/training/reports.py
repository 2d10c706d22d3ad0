"""Where the trainer engine also reports to: TensorBoard, MLflow, W&B and others, by transformers' own callbacks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from transformers.integrations.integration_utils import get_reporting_integration_callbacks

from valence.errors import BadSetting

callbacks_for: Any = get_reporting_integration_callbacks  # it has no types

TENSORBOARD = "tensorboard"
"""Folder, where the command is given, for TensorBoard's files: those of MLflow and W&B lie beside it by their own default."""


def named_reports(report_to: str) -> list[str]:
    """Return the names in a list with commas."""
    return [name.strip() for name in report_to.split(",")]


def check_reports(report_to: str) -> None:
    """Make each callback once, which says what is missing.

    Raises:
        BadSetting: a name that transformers does not know, or one whose package is not installed.
    """
    try:
        for callback in callbacks_for(named_reports(report_to)):
            callback()
    except (RuntimeError, ValueError, ImportError) as error:
        raise BadSetting(f"--report-to {report_to}: {error}".splitlines()[0]) from error


def keep_beside(callbacks: Iterable[Any], run_name: str) -> None:
    """Let TensorBoard write into `tensorboard/<run name>`, unless $TENSORBOARD_LOGGING_DIR names a folder.

    By default it would write among the checkpoints, which go when the run is finished.
    """
    for callback in callbacks:
        if type(callback).__name__ == "TensorBoardCallback" and callback.logging_dir is None:
            callback.logging_dir = str(Path(TENSORBOARD) / run_name)


__all__ = ["check_reports", "keep_beside", "named_reports"]
