"""`valence stress` as a user types it."""

import json

import pytest

from valence.cli import main


@pytest.fixture
def run(reviews_csv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    assert main(["run", "tfidf_linear", "--data", str(reviews_csv)]) == 0
    capsys.readouterr()
    return "tfidf_linear"


def test_the_report_is_printed_and_three_files_are_written(run, tmp_path, capsys):
    (tmp_path / "pairs.csv").write_text("original,changed,label\nA superb cast.,A superb team.,positive\n", encoding="utf-8")
    assert main(["stress", run, "--pairs", "pairs.csv", "--domains", "reviews.csv", "--n", "20", "--out", "out"]) == 0
    said = capsys.readouterr()
    for name in ("case", "counterfactual", "domain", "length", "negation", "typos"):
        assert f"{name}: " in said.out
    assert sorted(p.suffix for p in (tmp_path / "out").iterdir()) == [".html", ".json", ".md"]
    assert json.loads(next((tmp_path / "out").glob("*.json")).read_text(encoding="utf-8"))["n"] == 20


def test_json_holds_every_finding(run, capsys):
    assert main(["stress", run, "--only", "typos", "case", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [f["stressor"] for f in found["findings"]] == ["typos"] * 3 + ["case"] * 3
    assert found["findings"][0]["after"]["low"] < found["findings"][0]["after"]["high"]


def test_a_wrong_request_is_one_line(run, capsys):
    assert main(["stress", run, "--only", "spelling"]) == 2
    assert "No stressor 'spelling'" in capsys.readouterr().err
    assert main(["stress", run, "--pairs", "gone.csv", "--only", "counterfactual"]) == 2
    assert "gone.csv is not there" in capsys.readouterr().err
