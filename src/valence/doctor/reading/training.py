"""What a training left behind: transformers' `trainer_state.json`, a list of its log lines, its arguments, or a log of one's own."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from valence.doctor.parts import History, Schedule, Validation
from valence.doctor.subject import Absent

ARGUMENTS = frozenset({"warmup_steps", "warmup_ratio", "num_train_epochs", "per_device_train_batch_size", "max_steps", "learning_rate"})
"""Keys by which the arguments of a training are known; two of them will do."""
NUMBER = r"([-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|nan|inf(?:inity)?))"
_LOSS = re.compile(rf"(?<![\w])(?:train(?:ing)?[ _-]?)?loss['\"]?\s*[:=]?\s*{NUMBER}", re.IGNORECASE)
_VALID_LOSS = re.compile(rf"(?:val(?:id(?:ation)?)?|eval|dev)[ _-]?loss['\"]?\s*[:=]?\s*{NUMBER}", re.IGNORECASE)
_VALID_ACCURACY = re.compile(rf"(?:val(?:id(?:ation)?)?|eval|dev)[ _-]?acc(?:uracy)?['\"]?\s*[:=]?\s*{NUMBER}", re.IGNORECASE)
_STEP = re.compile(r"(?:step|iter(?:ation)?|batch)['\"]?\s*[:=]?\s*\[?(\d+)", re.IGNORECASE)
_EPOCH = re.compile(r"epoch['\"]?\s*[:=]?\s*\[?(\d+(?:\.\d+)?)", re.IGNORECASE)


def looks_like_arguments(found: Mapping[str, Any]) -> bool:
    """Tell whether these are the arguments of a training."""
    return len(ARGUMENTS & set(found)) >= 2


def history_of_rows(rows: Sequence[Mapping[str, Any]], **more: Any) -> History:  # noqa: ANN401 - fields of History
    """Read log lines as transformers writes them, or ours: `step` or `epoch`, `loss`, `eval_loss` or `valid_loss`, `..._accuracy`."""
    losses, validations, rates = [], [], []
    for position, row in enumerate(rows, start=1):
        step = _float(row.get("step", row.get("epoch", position)))
        if (loss := _float(row.get("loss", row.get("train_loss")))) is not None and "train_runtime" not in row:
            losses.append((step or position, loss))
        accuracy, valid = _first(row, "accuracy"), _first(row, "loss")
        if accuracy is not None or valid is not None:
            validations.append(Validation(step or position, accuracy, valid))
        if (rate := _float(row.get("learning_rate"))) is not None:
            rates.append((step or position, rate))
    return History(tuple(losses), tuple(validations), rates=tuple(rates), **more)


def _first(row: Mapping[str, Any], what: str) -> float | None:
    names = (f"{side}_{what}" for side in ("eval", "valid", "validation", "val", "dev"))
    short = (f"{side}_acc" for side in ("eval", "valid", "val", "dev")) if what == "accuracy" else ()
    return next((_float(row[name]) for name in (*names, *short) if name in row), None)


def _float(value: object) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(str(value))
    except ValueError:
        return None


def history_of_state(state: Mapping[str, Any], arguments: Mapping[str, Any] | None = None) -> History:
    """Read a `trainer_state.json`: the best weights were loaded at the end only if the arguments say so."""
    best = (arguments or {}).get("load_best_model_at_end")
    kept = "best" if best else "last" if best is False or not state.get("best_model_checkpoint") else "unknown"
    return history_of_rows(state.get("log_history", []), kept=kept)


def schedule_of_state(state: Mapping[str, Any], arguments: Mapping[str, Any] | None = None) -> Schedule:
    """Read the steps from a `trainer_state.json`, and the warm-up from the arguments or from the logged learning rates.

    Raises:
        Absent: the state names no steps.
    """
    steps = int(_float(state.get("max_steps")) or _float(state.get("global_step")) or 0)
    if steps < 1:
        raise Absent("the trainer's state names no steps")
    warmup = warmup_of(arguments or {}, steps)
    if warmup is None:
        warmup = warmup_of_rates(history_of_rows(state.get("log_history", [])).rates)
    return Schedule(steps, warmup, "trainer_state.json")


def warmup_of(arguments: Mapping[str, Any], steps: int) -> float | None:
    """Return the warm-up in steps, None where the arguments name none; as in transformers, `warmup_steps` goes before the ratio."""
    fixed, ratio = _float(arguments.get("warmup_steps")), _float(arguments.get("warmup_ratio"))
    if fixed:
        return fixed if fixed >= 1 else fixed * steps  # transformers 5 reads a fraction as a ratio
    return ratio * steps if ratio is not None else fixed


def warmup_of_rates(rates: Iterable[tuple[float, float]]) -> float | None:
    """Return how long the logged learning rate rose; infinity where it rose to the end; None where too few were logged."""
    known = list(rates)
    if len(known) < 3:
        return None
    peak = max(range(len(known)), key=lambda i: known[i][1])
    if peak < len(known) - 1:
        return known[peak][0]
    slope = (known[-1][1] - known[0][1]) / max(known[-1][0] - known[0][0], 1e-9)
    return math.inf if slope > 0 else 0.0


def schedule_of_arguments(arguments: Mapping[str, Any], n_train: int | None) -> Schedule:
    """Count the steps from the arguments of a training.

    Args:
        arguments: by the names transformers gives them.
        n_train: training texts; None where unknown.

    Raises:
        Absent: the steps cannot be counted.
    """
    fixed = int(_float(arguments.get("max_steps")) or 0)
    if fixed > 0:
        return Schedule(fixed, warmup_of(arguments, fixed), f"max_steps {fixed}")
    n_train = int(_float(arguments.get("n_train")) or 0) or n_train
    if n_train is None:
        raise Absent("the number of training texts is unknown: give --n-train or --data")
    epochs = _float(arguments.get("num_train_epochs")) or _float(arguments.get("epochs")) or 3.0
    batch = int(_float(arguments.get("per_device_train_batch_size")) or _float(arguments.get("batch_size")) or 8)
    batch *= int(_float(arguments.get("gradient_accumulation_steps")) or 1)
    steps = math.ceil(math.ceil(n_train / batch) * epochs)
    return Schedule(steps, warmup_of(arguments, steps), f"{epochs:g} epochs of {n_train:,} texts in batches of {batch}")


def history_of_log(text: str) -> History:
    """Read losses and validation figures from a log of one's own, one line at a time.

    Lines like `epoch 3 loss 0.41 val_acc 0.87` and the dictionaries that transformers prints are understood.

    Raises:
        Absent: no line names a loss.
    """
    rows: list[dict[str, Any]] = []
    for line in text.splitlines():
        rows += _rows_of_line(line)
    found = history_of_rows(rows)
    if not found.losses and not found.validations:
        raise Absent("the log names no loss")
    return found


def _rows_of_line(line: str) -> list[dict[str, Any]]:
    start = line.find("{")
    if start >= 0 and "loss" in line:
        try:
            found = ast.literal_eval(re.sub(r":\s*(nan|-?inf)\b", r": '\1'", line[start : line.rfind("}") + 1]))
            return [found] if isinstance(found, dict) else []
        except (ValueError, SyntaxError):
            pass
    row: dict[str, Any] = {}
    valid_loss, accuracy = _VALID_LOSS.search(line), _VALID_ACCURACY.search(line)
    plain = _LOSS.search(_VALID_LOSS.sub(" ", line))
    for name, match in (("loss", plain), ("valid_loss", valid_loss), ("valid_accuracy", accuracy)):
        if match:
            row[name] = match[1]
    mark = _STEP.search(line) or _EPOCH.search(line)
    if row and mark:
        row["step"] = mark[1]
    return [row] if row else []


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Read a JSON file; Python's NaN and Infinity are understood.

    Raises:
        Absent: it is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as reason:
        raise Absent(f"{path.name} is not JSON: {str(reason).splitlines()[0]}") from None


__all__ = [
    "history_of_log",
    "history_of_rows",
    "history_of_state",
    "looks_like_arguments",
    "read_json",
    "schedule_of_arguments",
    "schedule_of_state",
    "warmup_of",
    "warmup_of_rates",
]
