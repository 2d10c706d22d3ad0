import pytest

from valence.errors import BadData
from valence.report.beside import beside, shareable
from valence.report.board import build
from valence.report.publish import publish
from valence.store import RunStore


def test_reports_are_read_from_the_runs_folder_and_their_absence_is_none(made):
    record = made.run("a")
    assert (beside(made.store, record.id).calibration, beside(made.store, record.id).stress) == (None, None)
    made.report(record.id)
    found = beside(made.store, record.id)
    assert found.calibration.temperature == 2.0
    assert found.calibration.ece("after").value == 0.0123
    assert found.stress.findings[0].change.value == -0.1


def test_a_temperature_gives_every_row_a_second_curve_of_the_same_texts(made):
    for seed in (0, 1):
        made.report(made.run("a", seed=seed).id)
    (row,) = build(made.store, "toy").rows
    assert row.scaled.counts.sum() == row.curve.counts.sum() == 400
    assert row.scaled.counts[-1] < row.curve.counts[-1], "a temperature above 1 makes answers less sure"
    assert row.runs[0].temperature == 2.0
    made.run("a", seed=2)
    assert build(made.store, "toy").rows[0].scaled is None, "a curve of some seeds would stand beside one of all"


def test_what_was_published_holds_the_figures_and_no_failures(made, tmp_path, secret):
    record = made.run("a")
    made.report(record.id)
    publish(made.store, [record.id], tmp_path / "board")
    published = RunStore(tmp_path / "board" / "runs")
    assert beside(published, record.id) == beside(made.store, record.id)
    assert len(shareable(made.store, record.id)) == 2
    for path in (tmp_path / "board").rglob("*.json"):
        assert secret not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("text", "said"), [("{", "no report of this version"), ('{"run": "a"}', "no report of this version")])
def test_a_broken_report_is_refused_by_name_with_the_way_out(made, text, said):
    record = made.run("a")
    (made.store.path(record.id) / f"{record.id}.stress.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadData, match=f"{said}.*Make it again, or delete it"):
        beside(made.store, record.id)


def test_a_report_about_another_run_is_refused(made):
    first, second = made.run("a"), made.run("b")
    made.report(first.id)
    (made.store.path(first.id) / f"{first.id}.json").rename(made.store.path(second.id) / f"{second.id}.json")
    with pytest.raises(BadData, match="is about 'a--toy"):
        beside(made.store, second.id)
