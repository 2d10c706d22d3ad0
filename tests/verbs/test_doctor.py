import json

import pytest

from valence.cli import main


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predictions(path, said):
    rows = [f"{i},{i % 2},{said(i)}" for i in range(80)]
    path.write_text("\n".join(["id,label,prediction", *rows]) + "\n", encoding="utf-8")
    return str(path)


def test_sound_predictions_give_exit_code_0_and_name_what_was_not_examined(at, capsys):
    assert main(["doctor", predictions(at / "good.csv", lambda i: i % 2 if i % 9 else 1 - i % 2)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "1 examined: 0 errors, 0 warnings, 0 notes." in said
    assert "sound: constant_predictions" in said
    assert "not examined, no model folder was given: answers_vary" in said


def test_an_error_gives_exit_code_1_with_evidence_and_remedy(at, capsys):
    assert main(["doctor", predictions(at / "zero.csv", lambda i: 0)]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "error constant_predictions: All 80 texts got 'negative': the accuracy of 50.00 % is that class's share of the labels." in said
    assert "-> Look at the loss" in said


def test_json_holds_findings_and_reasons(at, capsys):
    assert main(["doctor", predictions(at / "zero.csv", lambda i: 0), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    (subject,) = found["subjects"]
    assert not found["sound"]
    assert found["counts"]["error"] == 1
    assert subject["findings"][0]["evidence"]["accuracy"] == 0.5
    assert subject["not_examined"]["broken_probabilities"] == "the predictions are labels only"
    assert "single_seed" in found["idle"]


def test_list_names_every_check_and_where_it_was_seen(capsys):
    from valence.doctor import CHECKS

    assert main(["doctor", "--list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(CHECKS.names)
    assert all(row["sentence"] and row["seed"] for row in rows)
    assert main(["doctor", "--list"]) == 0
    assert "Seen in: zero-shot LLMs" in capsys.readouterr().out


def test_no_argument_examines_the_installation_and_every_run(at, reviews_csv, capsys):
    for method in ("tfidf_linear", "nb_svm"):
        assert main(["run", method, "--data", str(reviews_csv)]) == 0
    capsys.readouterr()
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [s["kind"] for s in found["subjects"]] == ["installation", "run", "run", "comparison"]
    run = found["subjects"][1]
    assert {"answers_vary", "batch_neighbours", "padding_read", "reload_differs"} <= set(run["sound"])


def test_no_model_leaves_models_alone_and_says_so(at, reviews_csv, capsys):
    assert main(["run", "tfidf_linear", "--data", str(reviews_csv)]) == 0
    capsys.readouterr()
    assert main(["doctor", "tfidf_linear", "--no-model", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["subjects"][0]["not_examined"]["answers_vary"] == "models are not loaded (--no-model)"


def test_a_preset_that_was_not_run_is_examined_as_a_plan(at, reviews_csv, capsys):
    plan = at / "plan.toml"
    plan.write_text(f'method = "cnn"\nepochs = 1\ndata = "{reviews_csv.as_posix()}"\n', encoding="utf-8")
    assert main(["doctor", str(plan)]) == 0
    assert "too_few_steps: The training takes" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nothere"], "No run, file, preset or method 'nothere'."),
        (["gone.csv"], "There is no file or folder gone.csv"),
        (["."], "holds nothing that could be examined"),
        (["--jsn"], "Did you mean 'json'?"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_code_2(at, words, expected, capsys):
    assert main(["doctor", *words]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1


def test_data_that_do_not_exist_are_a_wrong_request(at, capsys):
    assert main(["doctor", predictions(at / "zero.csv", lambda i: 0), "--data", "imbd"]) == 2
    assert "No data set or file 'imbd'. Did you mean 'imdb'?" in capsys.readouterr().err


def test_what_stands_above_a_sweeps_tables_is_examined_with_each(at, reviews_csv, capsys):
    (at / "plan.toml").write_text(f"data = '{reviews_csv}'\nseed = [1, 2]\n[[runs]]\nmethod = \"majority\"\n", encoding="utf-8")
    assert main(["doctor", "plan.toml", "--json"]) == 0
    assert [s["name"].split("--")[1:4] for s in json.loads(capsys.readouterr().out)["subjects"]] == [
        ["reviews", "nall", "s1"],
        ["reviews", "nall", "s2"],
    ]
