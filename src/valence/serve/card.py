"""The card of what is served: figures with their intervals, what they say nothing of, and where the run came from."""

from __future__ import annotations

from pathlib import Path

from valence.errors import BadData, UnknownName
from valence.evaluation.bootstrap import bootstrap_intervals
from valence.evaluation.outcomes import grade, names_a_label
from valence.evaluation.uncertainty import Interval, accuracy_interval
from valence.export.classifier import ABOUT, About
from valence.serve.confidence import Confidence, confidence
from valence.serve.figure import Figure, figure
from valence.store import Provenance, RunRecord, RunStore
from valence.types import Settings


class Card(Settings):
    """What a user of the answers should know."""

    run: str
    """The run's id."""
    preset: str
    """What the board calls it."""
    method: str
    """Its method; empty where only an export is here and the run is not."""
    backbone: str
    """Pretrained weights it started from; empty where there are none."""
    labels: tuple[str, ...]
    """Label names."""
    data: str
    """The data set it was trained on, and measured on."""
    n_train: int | None
    """Labelled texts it was trained with; null for all of the data set."""
    seed: int | None
    """Of the run."""
    score_on: str
    """The part of the data set it was measured on."""
    n_scored: int
    """How many texts that were."""
    metrics: dict[str, Figure]
    """Measured on these texts, of the probabilities as they are sent, with 95 % intervals over other texts of the same kind."""
    confidence: Confidence
    """How far the probabilities can be trusted."""
    not_measured: tuple[str, ...]
    """What the figures say nothing of, a sentence each."""
    weight_bits: int | None
    """Of an exported model: bits of a number in its matrices."""
    provenance: Provenance
    """Commit, data, weights, versions and device of the run."""
    command: str
    """The command line that makes the run again."""
    finished: str
    """When the run was done, UTC."""
    device: str = ""
    """Where the model computes now; empty while it is loading."""


def describe(name: str, store: RunStore, *, calibrated: bool = False) -> Card:
    """Return the card of a run, or of a folder that `valence export RUN --to onnx` wrote.

    Args:
        name: as `open_classifier` takes it.
        store: where the runs are, an exported one's too: without the run its figures are unknown.
        calibrated: whether the probabilities will be scaled by the temperature that `valence calibrate` found.

    Raises:
        UnknownName: there is no such folder and no such run.
        BadSetting: the probabilities are to be scaled, and no temperature is on disk.
        BadData: a record or a report is damaged.
    """
    folder = Path(name)
    if not (folder / ABOUT).is_file():
        record = store.find(store.resolve(name))
        if record is None:
            raise UnknownName("run", name, store.ids())
        return _of_run(record, store, None, calibrated)
    try:
        about = About.model_validate_json((folder / ABOUT).read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadData(f"{folder / ABOUT} cannot be read: {str(error).splitlines()[0]}. Export the run again.") from None
    record = store.find(about.run)
    return _of_export(about, calibrated) if record is None else _of_run(record, store, about.weight_bits, calibrated)


def _of_run(record: RunRecord, store: RunStore, bits: int | None, calibrated: bool) -> Card:
    figures = _figures(record, store)
    trust = confidence(record, store, figures.get("ece"), calibrated=calibrated)
    return Card(
        run=record.id,
        preset=record.preset,
        method=record.method,
        backbone=record.backbone,
        labels=record.labels,
        data=record.data,
        n_train=record.n_train,
        seed=record.seed,
        score_on=record.score_on,
        n_scored=record.n_scored,
        metrics=figures | trust.changed(),
        confidence=trust,
        not_measured=_not_measured(record, bits),
        weight_bits=bits,
        provenance=record.provenance,
        command=record.command,
        finished=record.finished,
    )


def _of_export(about: About, calibrated: bool) -> Card:
    """Return the little that an exported folder knows of itself."""
    unknown = f"Nothing is known of its accuracy here: the run {about.run} is not in this store. Name its folder with --store."
    return Card(
        run=about.run,
        preset=about.run.partition("--")[0],
        method="",
        backbone="",
        labels=about.labels,
        data="",
        n_train=None,
        seed=None,
        score_on="",
        n_scored=0,
        metrics={},
        confidence=confidence(None, None, None, calibrated=calibrated),
        not_measured=(unknown,),
        weight_bits=about.weight_bits,
        provenance=Provenance(versions={"valence": about.valence} if about.valence else {}),
        command="",
        finished="",
    )


def _figures(record: RunRecord, store: RunStore) -> dict[str, Figure]:
    """Return the recorded figures, with intervals where there are any and the predictions can be read."""
    recorded = {name: figure(Interval(value, value, value), known=False) for name, value in record.metrics.items()}
    try:
        scored = store.predictions(record.id)
    except BadData:
        return recorded
    said = scored.predictions.responses
    valid = None if said is None else names_a_label(said, record.labels)
    outcomes = grade(scored.labels, scored.predictions.probabilities, valid)
    found = {"accuracy": accuracy_interval(outcomes.correct[None]), **bootstrap_intervals(outcomes)}
    return recorded | {name: figure(interval) for name, interval in found.items()}


def _not_measured(record: RunRecord, bits: int | None) -> tuple[str, ...]:
    said = [
        f"The figures are of {record.n_scored:,} texts of {record.data} ({record.score_on}). "
        "Texts of another kind, another language or another time may be answered worse; valence stress tries some.",
        f"Every text gets one of {len(record.labels)} labels ({', '.join(record.labels)}), also one that is none of them.",
    ]
    if bits is not None:
        of_bits = f" with {bits} bits" if bits < 32 else ""
        said.append(f"The figures are of the run; the export{of_bits} was compared with it on a few sentences only.")
    return tuple(said)


__all__ = ["Card", "describe"]
