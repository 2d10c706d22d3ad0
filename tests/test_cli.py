import json
import subprocess
import sys

import pytest

from valence.cli import VERBS, main

AFTER = """
import sys
from valence.cli import main
try:
    main({words!r})
except SystemExit:
    pass
print()
print(*sys.modules)
"""


def modules_after(words: str) -> set[str]:
    said = subprocess.check_output([sys.executable, "-c", AFTER.format(words=words.split())], text=True)
    return set(said.splitlines()[-1].split())


def test_help_imports_nothing_heavy():
    loaded = modules_after("--help")
    assert not {"torch", "numpy", "pydantic", "polars", "sklearn", "tyro"} & loaded


@pytest.mark.parametrize("words", ["list", "board --store nowhere --data imdb", "run tfidf_linear --help"])
def test_light_verbs_import_no_torch(words):
    assert not {"torch", "transformers"} & modules_after(words)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb, capsys):
    try:
        code = main([verb, "--help"])
    except SystemExit as end:
        code = end.code
    assert not code
    assert "--" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["rnu"], "No verb 'rnu'. Did you mean 'run'?"),
        (["run", "tfidf_liner"], "Did you mean 'tfidf_linear'?"),
        (["run", "majority", "--sed", "1"], "Did you mean 'seed'?"),
        (["run", "majority", "--n-train", "many"], "--n-train 'many' cannot be read: it takes a whole number. See: valence run majority"),
        (["run", "majority", "--valid_fraction=a"], "--valid-fraction 'a' cannot be read: it takes a number"),
        (["run", "majority", "--n-train"], "--n-train needs a value after it"),
        (["audit"], "valence audit needs DATA: A data set's name"),
        (["add"], "valence add needs NAME and PREDICTIONS: What the board"),
        (["compare"], "No run was given"),
        (["run", "majority", "--data", "imbd"], "Did you mean 'imdb'?"),
        (["run", "majority", "--data", "nowhere.csv"], "nowhere.csv"),
        (["predict", "nothing", "text"], "No run 'nothing'"),
        (["sweep", "clasic"], "Did you mean 'classic'?"),
        (["compare", "a"], "two"),
        (["list", "method"], "invalid choice 'method'"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(words, expected, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    captured = capsys.readouterr()
    assert expected in captured.err
    assert captured.err.count("\n") == 1, captured.err
    assert list(tmp_path.iterdir()) == [], "a refused request writes nothing"


def test_waiting_threads_sleep_unless_the_user_says_otherwise(monkeypatch):
    code = "import os; from valence.cli import main; main(['--version']); print(os.environ['OMP_WAIT_POLICY'])"
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split()[-1] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split()[-1] == "ACTIVE"


def test_run_then_predict_and_board(reviews_csv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "tfidf_linear", "--data", str(reviews_csv), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["status"] == "ok"
    assert main(["predict", record["id"], "A superb cast and a moving ending.", "A boring, lifeless chore."]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["positive", "negative"]
    assert main(["run", "majority", "--data", str(reviews_csv)]) == 0
    assert main(["board"]) == 0
    assert "tfidf_linear" in capsys.readouterr().out
    assert (tmp_path / "board" / "reviews.csv").exists()


def test_predict_writes_a_file_that_add_can_rank(reviews_csv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["run", "tfidf_linear", "--data", str(reviews_csv), "--json"])
    run_id = json.loads(capsys.readouterr().out)["id"]
    for ending in ("csv", "tsv", "jsonl", "parquet"):
        assert main(["predict", run_id, "--file", str(reviews_csv), "--out", f"out.{ending}", "--chunk", "7"]) == 0
    assert len((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()) == 121
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "test_part.csv").write_text("\n".join([lines[0], *lines[81:]]) + "\n", encoding="utf-8")
    assert main(["add", "mine", "test_part.csv", "--data", str(reviews_csv)]) == 0
    assert "mine--reviews--outside--s0: accuracy" in capsys.readouterr().out
    assert main(["add", "mine", "out.csv", "--data", str(reviews_csv)]) == 2, "other ids than the test split's are refused"


def test_a_failed_run_exits_with_one(reviews_csv, tmp_path, monkeypatch, capsys):
    from valence.methods.tfidf_linear import TfidfLinear

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(TfidfLinear, "fit", lambda *_: 1 / 0)
    assert main(["run", "tfidf_linear", "--data", str(reviews_csv)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_settings_are_flags_with_their_help(capsys):
    with pytest.raises(SystemExit):
        main(["run", "tfidf_linear", "--help"])
    shown = capsys.readouterr().out
    assert "--n-train" in shown
    assert "--cost" in shown


def test_list_json_is_json(capsys):
    assert main(["list", "methods", "--json"]) == 0
    assert {"majority", "nb_svm"} <= {row["name"] for row in json.loads(capsys.readouterr().out)}


def test_a_file_where_a_folder_should_be_is_one_line(tmp_path, monkeypatch, reviews_csv, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "majority", "--data", str(reviews_csv)]) == 0
    assert main(["board", "--out", str(reviews_csv)]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("valence: ")
    assert said.endswith("Check the path, its rights and the room on its disk.")


def test_a_label_that_looks_like_a_slip_is_named_when_it_is_trained_on(tmp_path, monkeypatch, reviews_csv, capsys):
    monkeypatch.chdir(tmp_path)
    with reviews_csv.open("a", encoding="utf-8") as stream:
        stream.write('r900,"The plot is a joy.",postive,train\n')
    assert main(["run", "majority", "--data", str(reviews_csv)]) == 0
    assert "The label 'postive' stands on 1 row, 'positive' on 60: a slip?" in " ".join(capsys.readouterr().err.split())


def test_a_prediction_that_is_refused_leaves_no_part_of_a_file(tmp_path, monkeypatch, reviews_csv, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "majority", "--data", str(reviews_csv)]) == 0
    (tmp_path / "none.csv").write_text("text\n", encoding="utf-8")
    assert main(["predict", "majority", "--file", "none.csv", "--out", "out.csv"]) == 2
    assert not list(tmp_path.glob("out.csv*"))
