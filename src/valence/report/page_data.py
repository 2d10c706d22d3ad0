"""What the board's script draws from: bins and rounded figures, never a list as long as the test set."""

from __future__ import annotations

from typing import Any

import numpy as np

from valence.evaluation.calibration import Reliability
from valence.evaluation.uncertainty import Interval
from valence.report.board import Board
from valence.report.rows import Row
from valence.report.run_figures import RunFigures
from valence.report.table import COLUMNS, duration, percent, speed

WITH_WRONG = 40
"""Rows whose confidently wrong texts are listed."""


def data(board: Board, ends: tuple[float, float]) -> dict[str, Any]:
    """Return what the script draws from; `ends` are the accuracies at the ends of its axes."""
    return {
        "labels": list(board.labels),
        "window": [rounded(v) for v in ends],
        "rows": [_row_data(r, board, i < WITH_WRONG) for i, r in enumerate(board.rows)],
    }


def _row_data(row: Row, board: Board, with_wrong: bool) -> dict[str, Any]:
    elsewhere = {"rank", "preset", "accuracy", "ci_low", "ci_high", "macro_f1", "log_loss", "ece"}
    elsewhere |= set() if row.valid_rate < 1 else {"valid_rate", "accuracy_valid"}
    facts = [(c.title, c.show(row)) for c in COLUMNS if c.name not in elsewhere and c.show(row)]
    return {
        "name": row.title,
        "device": row.device,
        "pareto": row.pareto,
        "accuracy": _interval(row.figures["accuracy"]),
        "cost": [rounded(v) for v in (row.fit_seconds, row.texts_per_second, row.trainable_parameters, row.peak_memory_bytes)],
        "curve": bins(row.curve),
        "scaled": None if row.scaled is None else bins(row.scaled),
        "ece": percent(row.figures["ece"].value),
        "ece_after": _ece_after(row, board),
        "intervals": [
            ["Accuracy", *(percent(v) for v in _ends(row.figures["accuracy"])), "%"],
            ["Macro F1", *(percent(v) for v in _ends(row.figures["macro_f1"])), "%"],
            ["Log loss", *(f"{v:.4f}" for v in _ends(row.figures["log_loss"])), ""],
            ["ECE", *(percent(v) for v in _ends(row.figures["ece"])), "%"],
        ],
        "seeds": [_seed(run) for run in row.runs],
        "facts": facts,
        "commands": [r.command for r in row.records if r.command],
        "wrong": [[w.id, w.label, w.answer, percent(w.confidence, 1), w.rating, board.texts.get(w.id, "")] for w in row.wrong]
        if with_wrong
        else [],
    }


def _seed(run: RunFigures) -> list[str | int]:
    found, cost = run.figures["accuracy"], run.record.cost
    ends = percent(found.low), percent(found.high)
    return [run.record.seed, percent(found.value), run.record.id, *ends, duration(cost.fit_seconds), speed(cost.texts_per_second)]


def _ece_after(row: Row, board: Board) -> str:
    """Return the mean calibration error after temperature scaling; empty unless every run was calibrated."""
    found = [report.calibration for r in row.records if (report := board.reports.get(r.id)) is not None]
    known = [c.ece("after").value for c in found if c is not None]
    return percent(float(np.mean(known))) if known and len(known) == len(row.records) else ""


def bins(curve: Reliability) -> list[list[float | None]]:
    """Return confidence, accuracy and number of answers of the bins that hold any."""
    held = curve.counts > 0
    return [[rounded(v) for v in curve.confidence[held]], [rounded(v) for v in curve.accuracy[held]], curve.counts[held].tolist()]


def _ends(found: Interval) -> tuple[float, float, float]:
    return found.value, found.low, found.high


def _interval(found: Interval) -> list[float | None]:
    return [rounded(v) for v in _ends(found)]


def rounded(value: float | None) -> float | None:
    """Keep five significant digits, enough to draw."""
    return None if value is None or not np.isfinite(value) else float(f"{value:.5g}")


__all__ = ["WITH_WRONG", "bins", "data", "rounded"]
