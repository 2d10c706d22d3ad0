import json
import shutil

import pytest

from valence.errors import BadData, BadSetting, UnknownName
from valence.serve.card import describe
from valence.store import RunStore


def calibrated(store, record, folder, loss=None):
    """Leave a report as `valence calibrate --out` writes it."""

    def figures(ece, loss):
        return {"ece": {"value": ece, "low": ece - 0.01, "high": ece + 0.01}, "log_loss": {"value": loss, "low": loss, "high": loss}}

    before = record.metrics["log_loss"] if loss is None else loss
    said = {"run": record.id, "held_out": 8, "temperature": 0.5, "before": figures(0.2, before), "after": figures(0.03, 0.1)}
    folder.mkdir(exist_ok=True)
    (folder / f"{record.id}.json").write_text(json.dumps(said), encoding="utf-8")


def test_the_card_has_the_figures_of_the_record_with_intervals(finished):
    store, record = finished
    card = describe("tfidf", store)
    assert (card.run, card.method, card.labels, card.n_scored) == (record.id, "tfidf_linear", ("negative", "positive"), 40)
    for name, figure in card.metrics.items():
        assert figure.value == pytest.approx(record.metrics[name], abs=1e-6)
        assert name in {"valid_rate", "accuracy_valid"} or figure.low <= figure.value <= figure.high
    assert {"accuracy", "macro_f1", "log_loss", "ece", "valid_rate"} <= card.metrics.keys()
    assert card.metrics["accuracy"].low < 1
    assert card.provenance == record.provenance


def test_the_card_says_what_was_not_measured(finished):
    said = " ".join(describe("tfidf", finished[0]).not_measured)
    assert "40 texts of reviews (test)" in said
    assert "Every text gets one of 2 labels (negative, positive)" in said


def test_without_predictions_the_figures_have_no_interval(finished):
    store, record = finished
    (store.path(record.id) / "predictions.parquet").unlink()
    found = describe(record.id, store).metrics["accuracy"]
    assert (found.value, found.low, found.high) == (record.metrics["accuracy"], None, None)


def test_probabilities_that_were_not_calibrated_are_said_to_be_so(finished):
    found = describe("tfidf", finished[0]).confidence
    assert (found.calibrated, found.temperature) == (False, None)
    assert "were not calibrated" in found.said
    assert "percentage points" in found.said


@pytest.mark.parametrize("where", ["the run's folder", "./calibration"])
def test_a_temperature_on_disk_is_named_and_applied_only_where_asked(finished, tmp_path, where):
    store, record = finished
    calibrated(store, record, store.path(record.id) if where != "./calibration" else tmp_path / "calibration")
    plain, scaled = describe("tfidf", store), describe("tfidf", store, calibrated=True)
    assert not plain.confidence.calibrated
    assert "--calibrated applies it" in plain.confidence.said
    assert plain.metrics["ece"].value == pytest.approx(record.metrics["ece"], abs=1e-6)
    assert scaled.confidence.calibrated
    assert scaled.confidence.temperature == 0.5
    assert (scaled.metrics["ece"].value, scaled.metrics["log_loss"].value) == (0.03, 0.1)
    assert scaled.metrics["accuracy"] == plain.metrics["accuracy"]


def test_a_temperature_of_an_earlier_fit_is_not_taken(finished, tmp_path):
    store, record = finished
    calibrated(store, record, tmp_path / "calibration", loss=record.metrics["log_loss"] + 0.1)
    assert describe("tfidf", store).confidence.temperature is None
    with pytest.raises(BadSetting, match="Make it: valence calibrate tfidf_linear--"):
        describe("tfidf", store, calibrated=True)


def export(folder, run, **changes):
    folder.mkdir()
    about = {"run": run, "labels": ["negative", "positive"], "max_length": 16, "keep": "head", "weight_bits": 8, **changes}
    (folder / "valence.json").write_text(json.dumps(about), encoding="utf-8")
    return str(folder)


def test_an_exported_folder_has_the_card_of_its_run_and_says_that_it_is_not_the_run(finished, tmp_path):
    store, record = finished
    card = describe(export(tmp_path / "small", record.id), store)
    assert (card.run, card.weight_bits) == (record.id, 8)
    assert "the export with 8 bits was compared with it on a few sentences only" in card.not_measured[-1]


def test_an_export_without_its_run_admits_that_nothing_is_known(finished, tmp_path):
    card = describe(export(tmp_path / "lone", "gone--imdb--nall--s0--00000000"), RunStore(tmp_path / "nowhere"))
    assert (card.preset, card.metrics) == ("gone", {})
    assert "Nothing is known of its accuracy here" in card.not_measured[0]


def test_a_broken_export_and_an_unknown_run_are_one_line(finished, tmp_path):
    with pytest.raises(BadData, match="Export the run again"):
        describe(export(tmp_path / "broken", "x", keep="everything"), finished[0])
    with pytest.raises(UnknownName, match="No run 'nothing'"):
        describe("nothing", finished[0])
    shutil.rmtree(finished[0].folder)
    with pytest.raises(BadSetting, match="there is no folder runs"):
        describe("tfidf", finished[0])
