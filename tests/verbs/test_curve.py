"""`valence curve` as a user types it."""

import json

import pytest

from valence.cli import main


@pytest.fixture
def store(tmp_path, reviews_csv, capsys):
    """Runs of one method on 8, 16, 32 and all 80 training texts."""
    folder = str(tmp_path / "runs")
    for n in (8, 16, 32, None):
        assert main(["run", "tfidf_linear", "--data", str(reviews_csv), "--store", folder, *(["--n-train", str(n)] if n else [])]) == 0
    capsys.readouterr()
    return folder


def test_the_curve_is_printed_and_written(store, tmp_path, capsys):
    assert main(["curve", "--store", store, "--out", str(tmp_path / "board")]) == 0
    said = capsys.readouterr()
    assert "80 (all)" in said.out
    assert sorted(p.name for p in (tmp_path / "board").iterdir()) == [f"reviews-curve.{e}" for e in ("csv", "html", "md", "png")]
    assert "wrote" in said.err


def test_json_holds_the_points_and_the_labels_a_target_takes(store, tmp_path, capsys):
    assert main(["curve", "tfidf_linear", "--store", store, "--out", str(tmp_path), "--target", "0.7", "0.99", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n_all"] == 80
    assert [p["n"] for p in found["curves"][0]["points"]] == [8, 16, 32, 80]
    assert [n["target"] for n in found["curves"][0]["needed"]] == [0.7, 0.99]


def test_data_that_are_gone_leave_only_the_place_of_all_unknown(store, tmp_path, reviews_csv, capsys):
    reviews_csv.unlink()
    assert main(["curve", "--store", store, "--out", str(tmp_path), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["curves"][0]["points"][-1]["n"] is None
    assert "how many texts 'all' means is unknown" in said.err


def test_a_store_without_curves_says_how_to_fill_it(tmp_path, capsys):
    assert main(["curve", "--store", str(tmp_path / "none")]) == 2
    assert "holds no runs of several sizes. Fill it with: valence sweep sst2_curve" in capsys.readouterr().err


def test_the_sweep_of_the_curve_has_every_size_five_times():
    from valence.sweep import read

    sizes = {}
    for e in read("sst2_curve"):
        assert e.data == "sst2"
        sizes.setdefault((e.title, e.n_train), set()).add(e.seed)
    titles = {title for title, _ in sizes}
    assert {"nb_svm", "lstm"} <= titles
    expected = (16, 64, 256, 1024, 4096, 8192, 16384, None)
    assert all(sizes[title, n] == {0, 1, 2, 3, 4} for title in ("nb_svm", "lstm") for n in expected)


def test_a_file_may_be_named_as_the_board_names_it(store, tmp_path, capsys):
    assert main(["curve", "--store", store, "--data", "reviews", "--out", str(tmp_path), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["n_all"] == 80
    assert "unknown" not in said.err
