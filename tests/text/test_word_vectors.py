"""Every form in which pretrained word vectors come, and what is said when they cannot be read."""

import gzip

import numpy as np
import polars as pl
import pytest

from valence.errors import BadData, DataNotFound
from valence.text.word_vectors import WordVectors

WORDS = ("film", "n't", "straße")
ROWS = np.array([[0.5, -1.0], [2.0, 0.25], [0.0, 3.0]], dtype=np.float32)
LINES = "".join(f"{w} {a} {b}\n" for w, (a, b) in zip(WORDS, ROWS.tolist(), strict=True))


def write_glove(folder):
    (folder / "v.txt").write_text(LINES, encoding="utf-8", newline="\n")
    return folder / "v.txt"


def write_word2vec_text(folder):
    (folder / "v.vec").write_text("3 2\n" + LINES, encoding="utf-8", newline="\n")
    return folder / "v.vec"


def write_gzip(folder):
    (folder / "v.txt.gz").write_bytes(gzip.compress(LINES.encode()))
    return folder / "v.txt.gz"


def write_binary(folder, newline=b"\n"):
    records = b"".join(w.encode() + b" " + row.tobytes() + newline for w, row in zip(WORDS, ROWS, strict=True))
    (folder / "v.bin").write_bytes(b"3 2\n" + records)
    return folder / "v.bin"


def write_binary_without_newlines(folder):
    return write_binary(folder, b"")


def write_folder(folder):
    np.save(folder / "rows.npy", ROWS)
    pl.DataFrame({"index": WORDS}).write_parquet(folder / "words.parquet")
    return folder


@pytest.mark.parametrize("write", [write_glove, write_word2vec_text, write_gzip, write_binary, write_binary_without_newlines, write_folder])
def test_every_form_is_read(tmp_path, write):
    vectors = WordVectors.read(write(tmp_path))
    assert vectors.words == WORDS
    np.testing.assert_array_equal(np.asarray(vectors.rows), ROWS)


def test_words_are_looked_up_in_the_order_asked(tmp_path):
    rows, known = WordVectors.read(write_glove(tmp_path)).look_up(["straße", "unheard", "film", "film"])
    np.testing.assert_array_equal(rows, [[0, 3], [0, 0], [0.5, -1], [0.5, -1]])
    assert known.tolist() == [True, False, True, True]


def test_a_word_that_holds_a_space_is_read_whole(tmp_path):
    (tmp_path / "v.txt").write_text("film 0.5 1\nat name@domain 2 3\n", encoding="utf-8")
    assert WordVectors.read(tmp_path / "v.txt").words == ("film", "at name@domain")


def test_vectors_are_found_by_path_and_by_name_under_valence_models(tmp_path, monkeypatch):
    path = write_glove(tmp_path)
    monkeypatch.setenv("VALENCE_MODELS", str(tmp_path))
    assert WordVectors.find(str(path)).words == WordVectors.find("v").words == WordVectors.find("v.txt").words


def test_every_place_searched_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("VALENCE_MODELS", str(tmp_path))
    with pytest.raises(DataNotFound, match=r"No word vectors 'nosuch'.*nosuch\.bin"):
        WordVectors.find("nosuch")
    monkeypatch.delenv("VALENCE_MODELS")
    with pytest.raises(DataNotFound, match="VALENCE_MODELS is not set"):
        WordVectors.find("nosuch")


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("v.txt", b"", "holds no word vectors"),
        ("v.txt", b"just words\nand more words here\n", "does not end in"),
        ("v.txt", b"film 1 2\nplot 1\n", r"Line 2 .* 2 numbers"),
        ("v.txt", b"film 1 2\nplot 1 x\n", r"Line 2 "),
        ("v.txt", b"film \xff\xfe 2\n", "not UTF-8"),
        ("v.bin", b"no counts here", "not a binary word2vec file"),
        ("v.bin", b"3 2\nfilm " + ROWS[0].tobytes() + b"\nplot 12", "ends after 1 of 3"),
        ("v.bin", b"2 2\nfilm " + ROWS[0].tobytes() + b"\n", "ends after 1 of 2"),
    ],
)
def test_a_file_that_breaks_says_where(tmp_path, name, content, match):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadData, match=match):
        WordVectors.read(tmp_path / name)


def test_a_folder_whose_parts_do_not_fit_is_refused(tmp_path):
    write_folder(tmp_path)
    np.save(tmp_path / "rows.npy", ROWS[:2])
    with pytest.raises(BadData, match="one row per word"):
        WordVectors.read(tmp_path)


def test_a_folder_without_vectors_is_refused(tmp_path):
    with pytest.raises(BadData, match=r"0 \.npy and 0 \.parquet"):
        WordVectors.read(tmp_path)
