"""What is committed under board/ can be run again as it was, and the README shows no other figures."""

import csv
import re
import shlex
from pathlib import Path

import pytest

from valence.evaluation import metrics
from valence.evaluation.outcomes import names_a_label
from valence.experiment import Experiment, experiment
from valence.report.board import build
from valence.report.table import csv_text
from valence.store import RunStore

ROOT = Path(__file__).resolve().parents[1]
STORE = RunStore(ROOT / "board" / "runs")
RUNS = [record for record in STORE.records() if record.experiment]


@pytest.mark.parametrize("record", RUNS, ids=lambda r: r.id)
def test_a_committed_run_has_the_settings_its_id_stands_for_today(record):
    # a default that changes without a new measurement would put an old figure beside new settings
    assert Experiment.model_validate(record.experiment).id == record.id


@pytest.mark.parametrize("record", RUNS, ids=lambda r: r.id)
def test_the_command_of_a_committed_run_runs_that_run(record):
    name, *flags = re.split(r" --", re.sub(r"^valence (run|combine) ", "", record.command))
    settings = dict(map(_setting, flags))
    if record.command.startswith("valence combine "):
        members = name.split()
        assert all(STORE.find(member) for member in members)
        name, settings = settings.pop("how"), settings | {"members": ",".join(members)}
    assert experiment(name, **settings).id == record.id


def _setting(flag):
    """Read `seed 3`, `label-words Negative Positive`, `calibrate` or `no-calibrate`."""
    name, *values = shlex.split(flag)
    if not values:
        return name.removeprefix("no-").replace("-", "_"), not name.startswith("no-")
    return name.replace("-", "_"), values[0] if len(values) == 1 else values


@pytest.mark.parametrize("record", [r for r in RUNS if r.status == "ok"], ids=lambda r: r.id)
def test_the_figures_of_a_committed_run_follow_from_its_predictions(record):
    scored = STORE.predictions(record.id)
    said = scored.predictions.responses
    valid = None if said is None else names_a_label(said, record.labels)
    found = metrics.score(scored.labels, scored.predictions.probabilities, valid)
    assert found["accuracy"] == pytest.approx(record.metrics["accuracy"], abs=1e-9)
    # four decimals move the loss of very sure answers, and nothing else by more than they are apart
    assert found["macro_f1"] == pytest.approx(record.metrics["macro_f1"], abs=1e-9)
    # four decimals may also move a text or two over a bin's edge
    assert found["ece"] == pytest.approx(record.metrics["ece"], abs=max(1e-3, 3 / record.n_scored))


def test_the_committed_board_is_the_one_its_runs_give():
    assert csv_text(build(STORE, "imdb")) == (ROOT / "board" / "imdb.csv").read_text(encoding="utf-8")


def test_the_readme_shows_the_boards_figures_and_all_its_rows():
    with (ROOT / "board" / "imdb.csv").open(encoding="utf-8") as stream:
        rows = {row["preset"]: row for row in csv.DictReader(stream)}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("<!-- board -->")[1].split("<!-- /board -->")[0]
    shown = dict(re.findall(r"^\| `([^`]+)` \| ([0-9.]+) ", section, flags=re.MULTILINE))
    assert {name: f"{100 * float(row['accuracy']):.2f}" for name, row in rows.items()} == shown
