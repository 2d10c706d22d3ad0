"""How far the served probabilities can be trusted: the run's calibration error, and the temperature of `valence calibrate`."""

from __future__ import annotations

import json
import math
from pathlib import Path

from pydantic import ValidationError

from valence.errors import BadSetting
from valence.evaluation.uncertainty import Interval
from valence.report.beside import Tempered
from valence.serve.figure import Figure, figure
from valence.store import RunRecord, RunStore
from valence.types import Settings

FOLDER = Path("calibration")
"""Where `valence calibrate` writes unless it is told otherwise."""
SAME = 1e-3
"""A report whose log loss is farther from the record's is of another fit under the same id."""


class Confidence(Settings):
    """What is known of the probabilities."""

    calibrated: bool
    """Whether they are scaled by `temperature` before they are sent."""
    temperature: float | None
    """What `valence calibrate` found; null where it was not asked, or of an earlier fit."""
    ece: Figure | None
    """Calibration error over 15 bins of the probabilities as they are sent; null where it is unknown."""
    log_loss: Figure | None
    """Mean log loss of the probabilities as they are sent, in nats; null where they are not scaled: then it is among the metrics."""
    said: str
    """The same, as a sentence."""

    def changed(self) -> dict[str, Figure]:
        """Return the metrics that scaling changes, where it is done."""
        found = {"ece": self.ece, "log_loss": self.log_loss} if self.calibrated else {}
        return {name: value for name, value in found.items() if value is not None}


def confidence(record: RunRecord | None, store: RunStore | None, ece: Figure | None, *, calibrated: bool) -> Confidence:
    """Return what is known of a run's probabilities.

    Args:
        record: the run's; None where only its export is here.
        store: where the run is.
        ece: calibration error of the probabilities as the model gives them.
        calibrated: whether they will be scaled.

    Raises:
        BadSetting: they are to be scaled, and no temperature is on disk.
    """
    found = None if record is None or store is None else report(record, store)
    if calibrated and found is None:
        name = "RUN" if record is None else record.id
        raise BadSetting(f"--calibrated was asked for, but no temperature of {name} is on disk. Make it: valence calibrate {name}")
    if found is None:
        said = "The probabilities are as the model gives them, and were not calibrated." + _off(ece)
        return Confidence(calibrated=False, temperature=None, ece=ece, log_loss=None, said=said)
    after = figure(found.ece("after"))
    if calibrated:
        said = f"The probabilities are calibrated: scaled by the temperature {found.temperature:.3f} of valence calibrate." + _off(after)
        loss = figure(Interval(**found.after["log_loss"]))
        return Confidence(calibrated=True, temperature=found.temperature, ece=after, log_loss=loss, said=said)
    said = f"The probabilities are as the model gives them, not calibrated.{_off(ece)} A temperature is on disk: --calibrated applies it."
    return Confidence(calibrated=False, temperature=found.temperature, ece=ece, log_loss=None, said=said)


def report(record: RunRecord, store: RunStore) -> Tempered | None:
    """Return the report of `valence calibrate`, from the run's folder or ./calibration; None where there is none of this fit."""
    for folder in (store.path(record.id), FOLDER):
        try:
            found = Tempered.model_validate_json((folder / f"{record.id}.json").read_text(encoding="utf-8"))
            loss = float(found.before["log_loss"]["value"])
        except (OSError, ValidationError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
            continue
        if found.run == record.id and math.isclose(loss, record.metrics.get("log_loss", loss), abs_tol=SAME):
            return found
    return None


def _off(ece: Figure | None) -> str:
    if ece is None:
        return ""
    ends = "" if ece.low is None or ece.high is None else f" ({100 * ece.low:.1f} to {100 * ece.high:.1f})"
    return f" On the scored texts they are off by {100 * ece.value:.1f}{ends} percentage points on average."


__all__ = ["FOLDER", "Confidence", "confidence", "report"]
