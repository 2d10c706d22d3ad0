"""The board's columns: each declared once, with its meaning and how it is written in the CSV and shown to people."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

from valence.evaluation.metrics import METRICS
from valence.report.board import Board
from valence.report.rows import Row

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    """In the CSV; scripts build on it."""
    title: str
    """For people."""
    meaning: str
    """One sentence."""
    value: Callable[[Row], Cell]
    """What the CSV holds and the page sorts by; None where unknown."""
    show: Callable[[Row], str]
    """What people read."""
    better: str = ""
    """`higher` or `lower` where one of them is; empty for a name."""


_MEANING = {metric.name: metric.meaning for metric in METRICS}


def percent(value: float | None, digits: int = 2) -> str:
    """Write a share as a percentage: `95.73`."""
    return "" if value is None or value != value else f"{100 * value:.{digits}f}"


def points(difference: float) -> str:
    """Write a difference of shares in percentage points, with its sign; what rounds to none is +0.00."""
    return f"{round(100 * difference, 2) + 0.0:+.2f}"


def duration(seconds: float | None) -> str:
    """Write seconds for people: `0.04 s`, `2.1 s`, `12 s`, `3.5 min`, `2.1 h`."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    amount, unit = (seconds / 60, "min") if seconds < 3600 else (seconds / 3600, "h")
    return f"{amount:.2g} {unit}" if amount < 10 else f"{amount:.0f} {unit}"


def quantity(value: float | None) -> str:
    """Write a number for people, to three digits: `950`, `12.3k`, `110M`."""
    if value is None:
        return ""
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k"), (1, "")):
        if value >= size * 0.9995:
            return f"{value / size:.3g}{unit}"
    return f"{value:.2g}"


def speed(value: float | None) -> str:
    """Write texts per second for people: `4.72`, `87`, `1,250`."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 20 else f"{value:.2g}"


def memory(count: float | None) -> str:
    """Write bytes for people: `512 MB`, `4.1 GB` (powers of ten)."""
    if count is None:
        return ""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def p_value(p: float | None) -> str:
    """Write a p-value for people: `<.001`, `.042`, `1`."""
    if p is None:
        return ""
    if p < 0.001:
        return "<.001"
    return "1" if p > 0.9995 else f"{p:.3f}".lstrip("0")


def _figure(name: str, title: str, better: str, show: Callable[[float], str]) -> Column:
    return Column(name, title, _MEANING[name], lambda r: r.figures[name].value, lambda r: show(r.figures[name].value), better)


COLUMNS: tuple[Column, ...] = (
    Column("rank", "#", "Place by mean accuracy; equal accuracies share a place.", lambda r: r.rank, lambda r: str(r.rank)),
    Column("preset", "Preset", "Name of the settings, or of the outside predictions.", lambda r: r.first.preset, lambda r: r.first.preset),
    Column("method", "Method", "The idea; empty for predictions made elsewhere.", lambda r: r.first.method, lambda r: r.first.method),
    Column(
        "backbone", "Backbone", "Pretrained weights it starts from; empty for none.", lambda r: r.first.backbone, lambda r: r.first.backbone
    ),
    Column("n_train", "Train", "Labelled training texts used, validation included.", lambda r: r.size, lambda r: r.size),
    Column(
        "seeds",
        "Seeds",
        "Finished runs that differ by their seed only, of those that were begun; figures are their means.",
        lambda r: len(r.records),
        lambda r: _seeds(r),
    ),
    _figure("accuracy", "Accuracy %", "higher", percent),
    Column(
        "ci_low",
        "CI low",
        "Lower end of the 95 % interval of the accuracy: over the texts, and over the seeds where there are several.",
        lambda r: r.figures["accuracy"].low,
        lambda r: percent(r.figures["accuracy"].low),
    ),
    Column(
        "ci_high",
        "CI high",
        "Upper end of the 95 % interval of the accuracy.",
        lambda r: r.figures["accuracy"].high,
        lambda r: percent(r.figures["accuracy"].high),
    ),
    _figure("macro_f1", "Macro F1 %", "higher", percent),
    _figure("log_loss", "Log loss", "lower", lambda v: f"{v:.3f}"),
    _figure("ece", "ECE %", "lower", percent),
    Column("valid_rate", "Valid %", _MEANING["valid_rate"], lambda r: r.valid_rate, lambda r: percent(r.valid_rate, 1), "higher"),
    Column(
        "accuracy_valid",
        "Accuracy, valid %",
        _MEANING["accuracy_valid"],
        lambda r: r.accuracy_valid if r.accuracy_valid == r.accuracy_valid else None,
        lambda r: percent(r.accuracy_valid),
        "higher",
    ),
    Column(
        "fit_seconds",
        "Fit",
        "Wall time of a fit, mean over the seeds.",
        lambda r: r.fit_seconds,
        lambda r: duration(r.fit_seconds),
        "lower",
    ),
    Column(
        "texts_per_second",
        "Texts/s",
        "Texts classified per second.",
        lambda r: r.texts_per_second,
        lambda r: speed(r.texts_per_second),
        "higher",
    ),
    Column(
        "trainable_parameters",
        "Trainable",
        "Numbers learned from the labelled texts.",
        lambda r: r.trainable_parameters,
        lambda r: quantity(r.trainable_parameters),
        "lower",
    ),
    Column(
        "peak_memory_bytes",
        "Peak memory",
        "Largest resident memory on a CPU, largest allocation on an accelerator.",
        lambda r: r.peak_memory_bytes,
        lambda r: memory(r.peak_memory_bytes),
        "lower",
    ),
    Column(
        "device", "Device", "What the costs were measured on; they compare only on the same one.", lambda r: r.device, lambda r: r.device
    ),
    Column(
        "seed_accuracy",
        "Original %",
        "Accuracy that the original document gives for this row.",
        lambda r: r.first.seed_accuracy,
        lambda r: percent(r.first.seed_accuracy, 1),
    ),
    Column(
        "better_than_next_p",
        "p vs next",
        "Paired test against the next row on the same texts, Holm-adjusted over the board: small means the order is no accident.",
        lambda r: r.better_than_next_p,
        lambda r: p_value(r.better_than_next_p),
    ),
)
"""Every column of the CSV, in its order."""


def _seeds(row: Row) -> str:
    return f"{len(row.records)} of {len(row.records) + row.missing}" if row.missing else str(len(row.records))


def column(name: str) -> Column:
    """Return the column of that name."""
    return next(c for c in COLUMNS if c.name == name)


def _csv_cell(value: Cell) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def csv_text(board: Board) -> str:
    """Return the ranked rows as CSV (RFC 4180 but for plain line feeds); unknown values are empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(c.name for c in COLUMNS)
    writer.writerows([_csv_cell(c.value(r)) for c in COLUMNS] for r in board.rows)
    return out.getvalue()
