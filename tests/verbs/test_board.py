"""`valence board`: what it writes, what it shows of reviews, and what it refuses."""

import csv
import re

import pytest

from valence.cli import main
from valence.report.inline import HOLDS_TEXTS
from valence.store import RunStore


@pytest.fixture
def ran(reviews_csv, tmp_path, monkeypatch):
    """A store with two finished runs on our own sentences; returns the texts that were scored."""
    monkeypatch.chdir(tmp_path)
    for words in (["majority"], ["tfidf_linear", "--n-train", "4"]):
        assert main(["run", *words, "--data", str(reviews_csv)]) == 0
    with reviews_csv.open(encoding="utf-8", newline="") as stream:
        return [row["text"] for row in csv.DictReader(stream) if row["split"] == "test"]


def quoted(folder, texts):
    """Return the files of a folder that hold any of the texts, whatever was escaped in them."""
    needles = [re.sub(r"\W+", " ", text).strip() for text in texts]
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        inside = re.sub(r"\W+", " ", re.sub(r"<[^>]+>", "", path.read_bytes().decode("utf-8", errors="ignore")))
        found += [path.relative_to(folder).as_posix()] if any(needle in inside for needle in needles) else []
    return found


def test_pages_name_reviews_by_id_unless_their_text_was_asked_for(ran, tmp_path):
    assert main(["board"]) == 0
    assert quoted(tmp_path / "board", ran) == []
    assert main(["board", "--with-texts"]) == 0
    assert "reviews.html" in quoted(tmp_path / "board", ran)
    assert any(name.startswith("runs/majority") for name in quoted(tmp_path / "board", ran))


def test_no_review_text_gets_into_what_is_published(ran, tmp_path, capsys):
    assert main(["board", "--out", "public", "--publish"]) == 0
    assert quoted(tmp_path / "public", ran) == []
    runs = RunStore(tmp_path / "public" / "runs")
    assert runs.ids() == RunStore(tmp_path / "runs").ids()
    assert {p.stem for p in (tmp_path / "public" / "runs").glob("*.html")} == set(runs.ids())
    assert "2 pages, one per run" in capsys.readouterr().err


def test_the_board_of_published_runs_can_be_made_from_them_alone(ran, tmp_path):
    main(["board", "--out", "public", "--publish"])
    first = {p.name: p.read_bytes() for p in (tmp_path / "public").rglob("*.html")}
    assert main(["board", "--store", "public/runs", "--data", "reviews", "--out", "public", "--publish"]) == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "public").rglob("*.html")} == first


def test_words_are_coloured_where_the_model_is_there(ran, tmp_path, capsys):
    assert main(["board", "--with-texts", "--explain", "2"]) == 0
    (page,) = (tmp_path / "board" / "runs").glob("tfidf_linear*.html")
    text = page.read_text(encoding="utf-8")
    assert text.count('<p class="said"') > 2
    coloured = [part for part in text.split('<p class="said"')[1:] if '<mark class="toward"' in part]
    assert len(coloured) == 2
    assert main(["board", "--with-texts", "--explain", "0"]) == 0
    assert "<mark" not in page.read_text(encoding="utf-8")


def test_publishing_texts_is_refused_before_anything_is_written(ran, tmp_path, capsys):
    assert main(["board", "--publish", "--with-texts"]) == 2
    assert "published pages name reviews by id only" in capsys.readouterr().err
    assert not (tmp_path / "board").exists()


def test_publishing_into_a_folder_with_older_pages_of_texts_is_refused_by_name(ran, tmp_path, capsys):
    (tmp_path / "board" / "runs").mkdir(parents=True)
    (tmp_path / "board" / "runs" / "gone.html").write_text(f"<p>{HOLDS_TEXTS}</p>", encoding="utf-8")
    assert main(["board", "--publish"]) == 2
    assert "gone.html (1 such)" in capsys.readouterr().err
    (tmp_path / "board" / "runs" / "gone.html").unlink()
    assert main(["board", "--publish"]) == 0


def test_boards_in_one_folder_link_to_each_other(ran, reviews_csv, tmp_path):
    (tmp_path / "more.csv").write_bytes(reviews_csv.read_bytes())
    assert main(["run", "majority", "--data", "more.csv"]) == 0
    assert main(["board", "--data", "reviews"]) == 0
    page = tmp_path / "board" / "reviews.html"
    assert 'href="more.html"' not in page.read_text(encoding="utf-8"), "a page that is not there is not linked"
    assert main(["board"]) == 0
    assert 'href="more.html"' in page.read_text(encoding="utf-8")
    assert 'href="reviews.html" aria-current="page"' in page.read_text(encoding="utf-8")


def test_data_that_cannot_be_read_any_more_leaves_a_page_of_ids(ran, reviews_csv, tmp_path, capsys):
    reviews_csv.unlink()
    assert main(["board", "--with-texts"]) == 0
    assert "cannot be read now; the page names them by id" in capsys.readouterr().err
    assert quoted(tmp_path / "board", ran) == []
