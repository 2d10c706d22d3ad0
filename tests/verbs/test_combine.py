import json

import pytest

from valence.cli import main


@pytest.fixture
def runs(reviews_csv, tmp_path, monkeypatch, capsys):
    """Two finished runs in a store in the working folder."""
    monkeypatch.chdir(tmp_path)
    found = []
    for method in ("mean_embedding", "nb_svm"):
        assert main(["run", method, "--data", str(reviews_csv), "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)["id"])
    return found


@pytest.mark.parametrize("how", [["vote"], ["stacking"], ["cascade", "--share", "0.5"]])
def test_the_made_run_is_ranked_compared_predicted_and_explained_like_any_other(runs, how, capsys, monkeypatch):
    from valence.combine import combining

    monkeypatch.setattr(combining, "relative_price", lambda *_: None)  # tiny runs are timed by chance
    assert main(["combine", *runs, "--how", *how, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["run"]
    assert main(["board", "--json"]) == 0
    assert {row["method"] for row in json.loads(capsys.readouterr().out)} == {"mean_embedding", "nb_svm", how[0]}
    assert main(["compare", made, runs[0]]) == 0
    assert main(["predict", made, "A superb cast and a moving ending.", "A boring, lifeless chore."]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[-2:]] == ["positive", "negative"]
    assert main(["explain", made, "The plot is dreadful.", "--method", "occlusion", "--plain"]) == 0
    assert "dreadful" in capsys.readouterr().out


def test_it_says_what_was_learned_from_how_many_texts_and_compares_with_the_best_member(runs, tmp_path, capsys):
    assert main(["combine", *runs, "--how", "stacking"]) == 0
    said = capsys.readouterr()
    assert "Learned on 8 texts that no member was fitted on: coefficients" in said.out
    assert "Against the best member, " in said.out
    assert "Note: fitted once more without the held-out texts, to answer them unseen: mean_embedding, nb_svm." in said.out
    (written,) = (tmp_path / "combinations").iterdir()
    assert f"wrote combinations/{written.name}" in said.err.replace("\\", "/")
    found = json.loads(written.read_text(encoding="utf-8"))
    assert found["held_out"] == 8
    assert {"difference", "low", "high", "p"} <= set(found["against_the_best_member"])


def test_a_cascade_gets_a_figure_and_its_curve_in_json(runs, tmp_path, capsys, monkeypatch):
    from valence.combine import combining

    monkeypatch.setattr(combining, "relative_price", lambda *_: None)
    assert main(["combine", *runs, "--how", "cascade", "--out", "curves"]) == 0
    assert "confidence 1.0000 and below is passed on: 100.0 % of the scored texts" in capsys.readouterr().out
    png, found = (next((tmp_path / "curves").glob(f"*.{ending}")) for ending in ("png", "json"))
    assert png.read_bytes().startswith(b"\x89PNG")
    curve = json.loads(found.read_text(encoding="utf-8"))["curve"]
    assert curve["points"][0]["share"] == 0.0
    assert curve["points"][-1]["share"] == 1.0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "No run was given; a combination needs two or more"),
        (["nothing", "nowhere"], "No run 'nothing'"),
        (["mean", "nb_svm", "--how", "votes"], "votes"),
        (["mean", "nb_svm", "--weights", "fitted", "--how", "stacking"], "No setting of stacking 'weights'"),
        (["mean", "nb_svm", "--how", "vote", "--budget", "0.5"], "A budget belongs to a cascade"),
    ],
)
def test_a_wrong_request_is_one_line_and_writes_nothing(runs, words, expected, capsys, tmp_path):
    assert main(["combine", *words]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1
    assert not (tmp_path / "combinations").exists()


def test_methods_can_be_combined_without_runs(reviews_csv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "stacking", "--members", "nb_svm,mean_embedding", "--data", str(reviews_csv), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["method"] == "stacking"
    assert main(["predict", record["id"], "A superb cast."]) == 0
    assert main(["run", "vote", "--members", "nb_svm", "--data", str(reviews_csv)]) == 2
    assert "1 is named" in capsys.readouterr().err
