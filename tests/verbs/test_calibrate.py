import json

import pytest

from valence.cli import main


@pytest.fixture
def run(reviews_csv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "nb_svm", "--data", str(reviews_csv), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["id"]


def test_before_and_after_sets_and_thresholds_are_printed_and_written(run, tmp_path, capsys):
    assert main(["calibrate", run]) == 0
    said = capsys.readouterr().out
    for part in ("Fitted on 8 held-out texts, measured on 40 texts of test", "temperature", "lac", "Answering only where sure", "twin"):
        assert part in said
    png, found = (tmp_path / "calibration" / f"{run}.{ending}" for ending in ("png", "json"))
    assert png.read_bytes().startswith(b"\x89PNG")
    assert json.loads(found.read_text(encoding="utf-8"))["run"] == run


def test_json_is_what_is_written(run, tmp_path, capsys):
    assert main(["calibrate", run, "--json", "--out", "elsewhere"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "elsewhere" / f"{run}.json").read_text(encoding="utf-8"))
    assert printed["before"]["accuracy"] == printed["after"]["accuracy"]


def test_outside_predictions_have_nothing_to_be_fitted_on(run, reviews_csv, tmp_path, capsys):
    main(["predict", run, "--file", str(reviews_csv), "--out", "all.csv"])
    lines = (tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "test.csv").write_text("\n".join([lines[0], *lines[81:]]) + "\n", encoding="utf-8")
    assert main(["add", "mine", "test.csv", "--data", str(reviews_csv)]) == 0
    capsys.readouterr()
    assert main(["calibrate", "mine"]) == 2
    assert "holds outside predictions and no held-out texts" in capsys.readouterr().err
    assert not (tmp_path / "calibration").exists()
