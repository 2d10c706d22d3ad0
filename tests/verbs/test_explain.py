import io
import json

import pytest

from valence.cli import main

TEXT = "The plot is DREADFUL,<br />but the cast is wonderful, moving & superb."


@pytest.fixture
def run(reviews_csv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "tfidf_linear", "--data", str(reviews_csv), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["id"]


def test_where_colours_cannot_be_shown_every_word_has_its_number(run, capsys):
    assert main(["explain", run, TEXT]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("positive, probability 0.")
    numbers = {line.split()[-1]: float(line.split()[0]) for line in lines[3:]}
    assert numbers["DREADFUL"] < 0 < numbers["wonderful"]


def test_colours_are_used_on_a_terminal_and_plain_turns_them_off(run, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(["explain", run, TEXT]) == 0
    assert "\x1b[" in capsys.readouterr().out
    assert main(["explain", run, TEXT, "--plain"]) == 0
    assert "\x1b[" not in capsys.readouterr().out


def test_json_places_every_word_in_the_text(run, capsys):
    assert main(["explain", run, TEXT, "--json", "--label", "negative", "--method", "occlusion"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["run"] == run
    assert found["label"] == "negative"
    assert found["method"] == "occlusion"
    assert all(TEXT[w["start"] : w["end"]] == w["word"] for w in found["words"])
    assert found["delta"] == pytest.approx(found["sum"] - found["change"])


def test_the_page_is_one_file_that_holds_the_text(run, tmp_path, capsys):
    assert main(["explain", run, TEXT, "--out", "why.html", "--colours", "green-red"]) == 0
    html = (tmp_path / "why.html").read_text(encoding="utf-8")
    assert "&lt;br /&gt;" in html
    assert run in html
    assert not list(tmp_path.glob("*.part"))
    assert "why.html" in capsys.readouterr().err


def test_the_text_may_come_from_standard_input(run, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("A superb film.\n"))
    assert main(["explain", run, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "A superb film."


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--method", "attention"], "What can: linear, occlusion"),
        (["--method", "shap"], "No way to explain 'shap'"),
        (["--label", "neutral"], "No label 'neutral'"),
        (["--colours", "pink"], "No colours 'pink'"),
        (["--out", "why.pdf"], "Known: .html"),
        (["--out", "nowhere/why.html"], "there is no folder nowhere"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(run, words, expected, capsys):
    assert main(["explain", run, TEXT, *words]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1
