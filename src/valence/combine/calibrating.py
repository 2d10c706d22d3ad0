"""How far a run's confidence can be trusted, and what makes it honest: everything is fitted on texts the run has not learned from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np

from valence.combine.combining import HELD_OUT
from valence.combine.sources import Source, answer_unseen, combines_runs, read_sources, unlike, unseen
from valence.evaluation.bootstrap import bootstrap_intervals
from valence.evaluation.calibration import brier, reliability_by_mass
from valence.evaluation.conformal import Score, SetFigures, fit_conformal, set_figures
from valence.evaluation.metrics import score_outcomes
from valence.evaluation.outcomes import Outcomes, grade, names_a_label
from valence.evaluation.selective import Selected, risk_coverage, select_at
from valence.evaluation.temperature import HIGHEST, fit_temperature, scale
from valence.evaluation.uncertainty import Interval
from valence.methods._combination import Combination
from valence.runner import Screen
from valence.store import RunRecord, RunStore, Scored
from valence.types import Predictions

PROMISES = (0.90, 0.95, 0.99)
"""Coverages of the conformal sets."""
COVERAGES = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Shares of the texts that are answered, in the table of selective prediction."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How honest the scored split's probabilities are."""

    accuracy: float
    log_loss: Interval
    """In nats, with its bootstrap interval."""
    ece: Interval
    """Over 15 bins of equal width, with its bootstrap interval."""
    ece_mass: float
    """Over 15 bins of equal mass."""
    brier: float
    """0 ... 2."""


@dataclass(frozen=True, slots=True)
class Promise:
    """Conformal sets fitted on the held-out texts, on the scored ones."""

    score: Score
    promised: float
    threshold: float
    found: SetFigures


@dataclass(frozen=True, slots=True)
class Abstention:
    """Answering only where sure."""

    asked: float
    """Share of the texts to be answered."""
    ranked: float
    """Accuracy among the surest of that share of the scored texts."""
    found: Selected
    """What the threshold that gives this share on the held-out texts lets through on the scored ones."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What `valence calibrate` found out about a run."""

    record: RunRecord
    held_out: int
    """Texts it was fitted on."""
    temperature: float
    before: Figures
    after: Figures
    promises: tuple[Promise, ...]
    abstentions: tuple[Abstention, ...]
    area: float
    """Under the risk-coverage curve."""
    excess_area: float
    notes: tuple[str, ...]
    scored: tuple[Outcomes, Outcomes]
    """The scored split before and after, for the figures."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values; shares, not percentages. A threshold that lets every label in is written as null."""
        plain = {k: _plain(getattr(self, k)) for k in self.__dataclass_fields__ if k not in {"record", "scored"}}
        return {"run": self.record.id, "n_scored": self.record.n_scored, **plain}


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a field holds
    if hasattr(value, "__dataclass_fields__"):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def calibrate(run: str, store: RunStore, *, device: str = "auto", screen: Screen | None = None) -> Calibration:
    """Fit a temperature, conformal sets and confidence thresholds on what a run held out, and measure them on its scored split.

    Sets and thresholds are those of the probabilities as the run gives them, which is what `valence predict` shows. The run
    and its stored predictions stay as they are.

    Raises:
        UnknownName: no run is called so.
        BadSetting: the run holds no model and its method needs it, or it holds outside predictions.
        Mismatch: the data have changed since.
    """
    (source,) = read_sources(store, [run])
    held_out, notes = _held_out(source, store, device, screen)
    valid, before = (_graded(s, source.record.labels) for s in (held_out, store.predictions(source.record.id)))
    temperature = fit_temperature(valid.probabilities, valid.labels)
    after = grade(before.labels, scale(before.probabilities, temperature), before.valid)
    curves, likeness = [risk_coverage(outcomes) for outcomes in (valid, before)], unlike(valid.correct, before.correct)
    return Calibration(
        source.record,
        len(valid),
        temperature,
        _figures(before),
        _figures(after),
        tuple(_promise(valid, before, score, promised) for score in _scores(source.record.labels) for promised in PROMISES),
        tuple(Abstention(c, curves[1].accuracy_at(c), select_at(before, curves[0].confidence_at(c))) for c in COVERAGES),
        curves[1].area,
        curves[1].excess_area,
        notes
        + _on_temperature(temperature, valid)
        + ((f"{likeness}. What is promised of the scored texts need not hold",) if likeness else ()),
        (before, after),
    )


def _on_temperature(temperature: float, valid: Outcomes) -> tuple[str, ...]:
    """Say where the held-out texts fix no temperature: all answered right want 0, answers no better than chance want infinity."""
    if valid.correct.all():
        return (
            f"all {len(valid):,} held-out texts were answered right, so that no temperature is too low for them: do not scale by this one",
        )
    if temperature > HIGHEST / 1.01:
        return (f"the temperature is the highest that was tried, {HIGHEST:g}: the answers to the held-out texts are no better than chance",)
    return ()


def _held_out(source: Source, store: RunStore, device: str, screen: Screen | None) -> tuple[Scored, tuple[str, ...]]:
    """Return the run's answers to texts that it, or its twin, was not fitted on, and what to know about them."""
    if combines_runs(source.experiment):
        return _held_out_by_members(source, store, device, screen)
    texts = unseen([source])
    found = Scored(texts.ids, texts.labels, Predictions(answer_unseen(source, texts, store, device=device, screen=screen)))
    if not source.experiment.method.learns_from_valid:
        return found, ()
    return found, (
        "the run learned from its held-out texts too, so that a twin fitted without them answered; what it promises is near the run's",
    )


def _held_out_by_members(source: Source, store: RunStore, device: str, screen: Screen | None) -> tuple[Scored, tuple[str, ...]]:
    """Return what a combination answered to the texts its rule was learned on; a rule that learned nothing is asked now."""
    model = store.path(source.record.id) / "model"
    if (model / HELD_OUT).is_dir():
        said = "the rule of the combination was learned on these held-out texts, so that it may look a little surer there than it is"
        return RunStore(model).predictions(HELD_OUT), (said,)
    method = cast(Combination, source.experiment.method)
    members = read_sources(store, method.members.split(","))
    texts = unseen(members)
    answers = np.stack([answer_unseen(member, texts, store, device=device, screen=screen) for member in members])
    rule = method.learn(answers, texts.labels)
    return Scored(texts.ids, texts.labels, Predictions(rule.merge(answers))), ()


def _graded(scored: Scored, labels: tuple[str, ...]) -> Outcomes:
    said = scored.predictions.responses
    return grade(scored.labels, scored.predictions.probabilities, None if said is None else names_a_label(said, labels))


def _figures(outcomes: Outcomes) -> Figures:
    found = score_outcomes(outcomes)
    ends = bootstrap_intervals(outcomes, figures=found)
    return Figures(found["accuracy"], ends["log_loss"], ends["ece"], reliability_by_mass(outcomes).error, brier(outcomes))


def _scores(labels: tuple[str, ...]) -> tuple[Score, ...]:
    """Return the scores worth showing: of two labels the less probable one always has the whole sum, so that `aps` says little."""
    return ("lac",) if len(labels) == 2 else ("lac", "aps")


def _promise(valid: Outcomes, scored: Outcomes, score: Score, promised: float) -> Promise:
    rule = fit_conformal(valid.probabilities, valid.labels, coverage=promised, score=score)
    return Promise(score, promised, rule.threshold, set_figures(rule.sets(scored.probabilities), scored.labels))
