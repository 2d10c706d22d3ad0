"""Texts a chunk at a time."""

import itertools
import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from valence.data.stream import read_texts
from valence.errors import BadData, BadSetting


@pytest.fixture
def write(tmp_path):
    def _write(content, name):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8", newline="")
        return path

    return _write


def flat(chunks):
    return [(i, t) for c in chunks for i, t in zip(c.ids, c.texts, strict=True)]


def test_chunks_have_the_size_asked_for_and_the_last_the_rest(write):
    path = write("text\n" + "".join(f"Text {i}.\n" for i in range(7)), "a.csv")
    chunks = list(read_texts(path, chunk=3))
    assert [len(c) for c in chunks] == [3, 3, 1]
    assert flat(chunks) == [(str(i), f"Text {i}.") for i in range(7)]


def test_a_chunk_that_ends_with_the_file_is_the_last(write):
    assert [len(c) for c in read_texts(write("text\na\nb\n", "a.csv"), chunk=2)] == [2]


def test_columns_are_found_or_named(write):
    path = write("nr,id,review,notes\n1,x,Good.,n\n2,y,Bad.,n\n", "a.csv")
    assert flat(read_texts(path)) == [("x", "Good."), ("y", "Bad.")]
    assert flat(read_texts(str(path), text_column="notes", id_column="nr")) == [("1", "n"), ("2", "n")]
    assert flat(read_texts(path, id_column="")) == [("0", "Good."), ("1", "Bad.")]


def test_a_text_file_has_one_text_per_line_and_keeps_empty_ones(write):
    assert flat(read_texts(write("One.\n\r\nThree, “quoted”.\r\nFour", "a.txt"))) == [
        ("0", "One."),
        ("1", ""),
        ("2", "Three, “quoted”."),
        ("3", "Four"),
    ]


def test_every_format_streams_the_same(write, tmp_path):
    texts = ["One, two.", 'Say "so".', "Line\nbreak."]
    expected = [(str(i), t) for i, t in enumerate(texts)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    write("".join(json.dumps({"text": t}) + "\n" for t in texts), "a.jsonl")
    write('text\n"One, two."\n"Say ""so""."\n"Line\nbreak."\n', "a.csv")
    assert [flat(read_texts(tmp_path / name)) for name in ("a.parquet", "a.jsonl", "a.csv")] == [expected] * 3


def test_what_is_wrong_with_the_file_is_said_before_the_first_chunk(write):
    with pytest.raises(BadData, match=r"a.csv has no column 'body'. It has: 'text'."):
        read_texts(write("text\na\n", "a.csv"), text_column="body")
    with pytest.raises(BadData, match="There is no file"):
        read_texts("gone.jsonl")


def test_a_wrong_row_is_named_when_it_is_reached(write):
    chunks = read_texts(write("id,text\n1,a\n2,b\n3,c,d\n", "a.csv"), chunk=2)
    assert next(chunks).texts == ("a", "b")
    with pytest.raises(BadData, match=r"a.csv, line 4: 3 fields, the header has 2"):
        next(chunks)


def test_a_header_only_and_a_chunk_of_nothing_are_refused(write):
    with pytest.raises(BadData, match="has a header but no rows"):
        list(read_texts(write("text\n", "a.csv")))
    with pytest.raises(BadSetting, match="chunk = 0 is too small"):
        read_texts("a.csv", chunk=0)


def test_a_reader_that_stops_early_leaves_no_file_open(write):
    chunks = read_texts(write("text\n" + "a\n" * 5000, "a.csv"), chunk=10)
    assert len(list(itertools.islice(chunks, 2))) == 2
    chunks.close()  # a file left open would warn, and warnings are errors here


def test_memory_does_not_grow_with_the_file(tmp_path):
    code = """
import sys, tracemalloc
from valence.data.stream import read_texts
for path in sys.argv[1:]:
    for _ in read_texts(path): pass
    tracemalloc.start()
    for _ in read_texts(path): pass
    print(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
"""
    paths = [tmp_path / "small.csv", tmp_path / "large.csv"]
    for path, n in zip(paths, (5_000, 50_000), strict=True):
        with path.open("w", encoding="utf-8") as file:
            file.write("id,text\n")
            file.writelines(f"{i},{i} is a sentence of our own about nothing much at all\n" for i in range(n))
    done = subprocess.run([sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, check=True)
    small, large = map(int, done.stdout.split())
    assert large < 1.2 * small
