"""A file of one's own: what is found in it, how it is split, and every error in one line."""

import gzip
import json

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from conftest import sentences
from valence.data._texts import plain
from valence.data.table import Table
from valence.errors import BadData, DataNotFound, ValenceError

LINES = "text,label\nGood one.,positive\nBad one.,negative\nFine one.,positive\nPoor one.,negative\n"


@pytest.fixture
def write(tmp_path):
    """Write text or bytes to a file and return its path."""

    def _write(content, name="mine.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return _write


def load(path, **settings):
    return Table(path=path, **settings).load()


def rows(corpus):
    """All rows by id: (split, text, label)."""
    return {i: (k, t, int(y)) for k, s in corpus.splits.items() for i, t, y in zip(s.ids, s.texts, s.labels, strict=True)}


def refusal(path, **settings):
    """The one line with which a file is refused."""
    with pytest.raises(BadData) as caught:
        load(path, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---------------------------------------------------------------- columns and labels


@pytest.mark.parametrize("text", ["text", "review", "Sentence", "content", "body", "Comment", "Review Text"])
@pytest.mark.parametrize("label", ["label", "sentiment", "Class", "target", "stars"])
def test_columns_are_found_by_the_names_people_give_them(write, text, label):
    corpus = load(write(LINES.replace("text,label", f"{text},{label}")))
    assert corpus.labels == ("negative", "positive")
    assert rows(corpus)["0"][1:] == ("Good one.", 1)


def test_a_lone_further_column_is_the_text(write):
    assert rows(load(write(LINES.replace("text,", "what_they_wrote,"))))["3"][1:] == ("Poor one.", 0)


def test_ids_are_the_files_or_row_numbers_or_none_at_all(write):
    path = write("id,text,label\nx,Good.,1\ny,Bad.,0\nz,Fine.,1\nw,Poor.,0\n")
    assert set(rows(load(path))) == {"x", "y", "z", "w"}
    assert set(rows(load(path, id_column=""))) == {"0", "1", "2", "3"}


def test_the_name_is_that_of_the_file_in_letters_and_digits(write):
    assert load(write(LINES, "shop reviews-2024.v2.csv")).name == "shop_reviews_2024"


def test_stars_are_ordered_by_size(write):
    corpus = load(write("text,stars\n" + "".join(f"Text {i}.,{1 + i % 10}\n" for i in range(40))))
    assert corpus.labels == tuple(map(str, range(1, 11)))


def test_labels_that_pandas_made_floats_are_whole_numbers_again(write):
    corpus = load(write("text,label\nGood.,1.0\nBad.,0.0\nFine.,1.0\nPoor.,0.0\nNo idea.,\n"))
    assert corpus.labels == ("negative", "positive")
    assert corpus.splits["unlabeled"].texts == ("No idea.",)


# ---------------------------------------------------------------- splits


def test_the_column_split_is_honoured(write):
    corpus = load(
        write("text,label,split\nA.,pos,train\nB.,neg,Train\nC.,pos,validation\nD.,neg,test\nE.,,unsup\nF.,pos,train\n"),
    )
    assert {k: s.texts for k, s in corpus.splits.items()} == {
        "train": ("A.", "B.", "F."),
        "dev": ("C.",),
        "test": ("D.",),
        "unlabeled": ("E.",),
    }


def test_a_split_column_may_have_another_name(write):
    corpus = load(write("text,label,fold\nA.,pos,train\nB.,neg,train\nC.,pos,test\n"), split_column="fold")
    assert corpus.splits["test"].texts == ("C.",)


def test_without_test_rows_a_fifth_of_each_class_becomes_test_whatever_the_order(write):
    texts, labels = sentences(200)
    lines = [f'"{t}",{y}\n' for t, y in zip(texts, labels, strict=True)]
    first, second = load(write("text,label\n" + "".join(lines))), load(write("text,label\n" + "".join(lines[::-1]), "b.csv"))
    assert np.bincount(first.splits["test"].labels).tolist() == [20, 20]
    assert set(first.splits["test"].texts) == set(second.splits["test"].texts)


def test_duplicates_stay_on_one_side(write):
    texts = [f"Text {i // 3} is here." for i in range(90)]
    corpus = load(write("text,label\n" + "".join(f"{t.upper() if i % 3 else t},{i // 3 % 2}\n" for i, t in enumerate(texts))))
    sides = [{plain(t) for t in corpus.splits[k].texts} for k in ("train", "test")]
    assert len(corpus.splits["test"]) == 18
    assert not sides[0] & sides[1]


def test_an_unlabelled_row_goes_to_unlabeled(write):
    corpus = load(write(LINES + "Who knows.,\nNobody.,  \n"))
    assert corpus.splits["unlabeled"].texts == ("Who knows.", "Nobody.")
    assert corpus.splits["unlabeled"].labels.tolist() == [-1, -1]


def test_an_unlabelled_row_whose_text_is_in_dev_or_test_is_left_out(write):
    labelled = "text,label,split\nA.,1,train\nB.,0,train\nC &amp; c.,1,dev\nD d.,0,test\n"
    corpus = load(write(labelled + "C  &  c.,,unlabeled\nD d.,,unlabeled\nE.,,unlabeled\n"))
    assert corpus.splits["unlabeled"].texts == ("E.",)


def test_a_test_part_without_any_label_is_kept_as_withheld(write):
    corpus = load(write("text,label,split\nA.,1,train\nB.,0,train\nC.,,test\nD.,,test\n"))
    assert corpus.splits["test"].labels.tolist() == [-1, -1]
    assert "unlabeled" not in corpus.splits


def test_minus_one_is_no_label_unless_training_rows_bear_it(write):
    withheld = load(write("text,label,split\nA.,1,train\nB.,0,train\nC.,-1,test\n"))
    assert withheld.labels == ("negative", "positive")
    assert withheld.splits["test"].labels.tolist() == [-1]
    signs = load(write("text,label,split\nA.,1,train\nB.,-1,train\nC.,-1,test\n", "signs.csv"))
    assert signs.labels == ("negative", "positive")
    assert signs.splits["test"].labels.tolist() == [0]


def test_a_second_file_may_hold_the_test_rows(write):
    test = write("text,label\nNew one.,negative\nOther one.,positive\n", "test.csv")
    corpus = load(write(LINES), test=test)
    assert (len(corpus.splits["train"]), corpus.splits["test"].texts) == (4, ("New one.", "Other one."))
    assert corpus.splits["test"].ids == ("4", "5")


def test_a_test_file_without_labels_is_withheld(write):
    corpus = load(write(LINES), test=write("text\nNew one.\n", "test.csv"), label_column="label")
    assert corpus.splits["test"].labels.tolist() == [-1]


def test_no_path_is_an_error_that_says_what_to_write():
    with pytest.raises(DataNotFound, match=r"--data reviews.csv"):
        Table().load()


# ---------------------------------------------------------------- formats


def frame():
    return {"id": ["a", "b", "c", "d"], "text": ["Good, yes.", 'Bad "film".', "Fine\nlines.", "Poor\tone."], "label": [1, 0, 1, 0]}


def jsonl(columns):
    return "".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in zip(*columns.values(), strict=True))


@pytest.mark.parametrize("name", ["m.csv", "m.csv.gz", "m.csv.zst", "m.tsv", "m.jsonl", "m.ndjson.gz", "m.parquet"])
def test_every_format_gives_the_same_data(tmp_path, name):
    path, table = tmp_path / name, pl.DataFrame(frame())
    if name.endswith(".parquet"):
        table.write_parquet(path)
    else:
        text = jsonl(frame()) if "json" in name else table.write_csv(separator="\t" if "tsv" in name else ",")
        content = text.encode()
        if name.endswith(".gz"):
            content = gzip.compress(content)
        if name.endswith(".zst"):
            content = pa.compress(content, codec="zstd", asbytes=True)
        path.write_bytes(content)
    assert {i: r[1:] for i, r in rows(load(path)).items()} == {
        i: (t, y) for i, t, y in zip(frame()["id"], frame()["text"], frame()["label"], strict=True)
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_with_or_without_a_mark_is_read(write, encoding):
    content = "text,label\nCafé 🎬 magnifique,pos\nפשוט נפלא,pos\nفيلم سيئ,neg\nMüde,neg\n"
    assert rows(load(write(content.encode(encoding))))["1"] == (rows(load(write(content, "b.csv")))["1"])
    assert rows(load(write(content.encode(encoding))))["0"][1] == "Café 🎬 magnifique"


def test_semicolons_as_spreadsheets_write_them(write):
    assert rows(load(write(LINES.replace(",", ";"))))["0"][1:] == ("Good one.", 1)


def test_a_tsv_with_bare_quotes_keeps_them(write):
    path = write('sentence\tlabel\nHe said "no\t0\n"fine" and "good"\t1\n"whole"\t1\n"an ""inner"" one"\t0\n', "glue.tsv")
    assert [r[1] for _, r in sorted(rows(load(path)).items())] == ['He said "no', '"fine" and "good"', "whole", 'an "inner" one']


def test_a_tsv_with_quoted_line_breaks_is_read_as_quoted(write):
    path = write('text\tlabel\n"two\nlines"\t1\nBad.\t0\nFine.\t1\nPoor.\t0\n', "quoted.tsv")
    assert rows(load(path))["0"][1] == "two\nlines"


def test_a_five_megabyte_review_stays_whole(write):
    long = "word " * 1_000_000
    assert rows(load(write(LINES + f'"{long}",positive\n')))["4"][1] == long


def test_nul_bytes_are_kept_and_cut_nothing_off(write):
    corpus = load(write(LINES + "before\x00after,positive\nlast,negative\n"))
    assert rows(corpus)["4"][1] == "before\x00after"
    assert "5" in rows(corpus)


def test_empty_and_missing_texts_are_kept_as_empty(write):
    path = write(
        '{"text": "", "label": 1}\n{"text": null, "label": 0}\n{"text": "Good.", "label": 1}\n{"text": "Bad.", "label": 0}\n', "e.jsonl"
    )
    assert [rows(load(path))[i][1] for i in "01"] == ["", ""]


def test_half_a_surrogate_pair_becomes_the_replacement_character(write):
    texts = ("odd \\ud83d", "\\ud83c\\udfac", "b", "c")
    path = write("".join(f'{{"text": "{t}", "label": {i % 2}}}\n' for i, t in enumerate(texts)), "s.jsonl")
    assert [rows(load(path))[i][1] for i in "01"] == ["odd \ufffd", "🎬"]


def test_a_label_may_be_absent_from_the_first_json_lines(write):
    lines = [{"text": "Nothing yet."}] * 5 + [{"text": f"{i}.", "label": i % 2} for i in range(6)]
    corpus = load(write("".join(json.dumps(x) + "\n" for x in lines), "late.jsonl"))
    assert len(corpus.splits["unlabeled"]) == 5


def test_blank_lines_are_skipped(write):
    assert len(rows(load(write(LINES.replace("\nBad", "\n\nBad") + "\n\n")))) == 4


# ---------------------------------------------------------------- refusals, each one line


def test_a_missing_file(tmp_path):
    for name in ("gone.csv", "gone.jsonl", "gone.parquet", "gone.csv.gz", "gone.csv.zst", "gone.txt", "gone"):
        assert refusal(tmp_path / name).startswith(f"There is no file {tmp_path / name} (looked in ")


def test_a_folder(tmp_path):
    for name in ("folder", "folder.csv", "folder.parquet"):
        (tmp_path / name).mkdir()
        assert "is a folder, not a file" in refusal(tmp_path / name)


def test_an_unknown_ending(write):
    assert refusal(write(LINES, "mine.xlsx")).startswith("mine.xlsx has an unknown ending. Known: .csv, .tsv, .jsonl, .parquet")


def test_a_missing_column_lists_what_there_is_and_the_nearest(write):
    path = write(LINES)
    assert refusal(path, text_column="texte") == "mine.csv has no column 'texte'. Did you mean 'text'? It has: 'text', 'label'."
    assert refusal(path, label_column="stars") == "mine.csv has no column 'stars'. It has: 'text', 'label'."


def test_no_column_that_looks_like_text_or_label(write):
    found = refusal(write("one,two,label\na,b,1\nc,d,0\n"))
    assert found.startswith(
        "mine.csv has no column named text, review, sentence, content, body or the like. It has: 'one', 'two', 'label'."
    )
    assert refusal(write("text,other\na,b\n")).startswith("mine.csv has no column named label, sentiment, class or the like.")


def test_a_file_without_a_header_does_not_lose_its_first_review(write):
    assert "add a header above it" in refusal(write("What a film this was,1\nNever again,0\n"))


@pytest.mark.parametrize("content", ["", "\ufeff", "\n\n"])
def test_an_empty_file(write, content):
    assert refusal(write(content)) == "mine.csv is empty. Expected a header and at least one row."


def test_an_empty_parquet_or_jsonl_file(write):
    assert "is empty" in refusal(write(b"", "e.parquet"))
    assert "is empty" in refusal(write(b"", "e.jsonl"))


def test_a_header_only(write):
    assert refusal(write("text,label\n")) == "mine.csv has a header but no rows. Expected one row per text."


def test_another_encoding_names_the_byte_and_the_line(write):
    found = refusal(write("text,label\nGood.,1\nCafé noir.,0\n".encode("cp1252")))
    assert found.startswith(
        "mine.csv is not UTF-8: byte 0xe9 at line 3, position 4. Save it as UTF-8, or, if it is WINDOWS-1252, convert it: iconv"
    )


def test_a_bad_byte_far_into_the_file_is_found_too(write):
    content = ("text,label\n" + "Good.,1\nBad.,0\n" * 20_000).encode() + b"caf\xe9,1\n"
    assert "byte 0xe9 at line 40002, position 4" in refusal(write(content))
    assert "byte 0xe9 at line 40002" in refusal(write(gzip.compress(content), "mine.csv.gz"))


def test_utf16_without_a_mark(write):
    assert refusal(write(LINES.encode("utf-16-le"))).startswith("mine.csv looks like UTF-16 without a byte order mark.")


def test_a_row_with_too_many_or_too_few_fields_is_named_by_its_line(write):
    found = refusal(write('text,label\n"two\nlines",1\nGood, very good.,1\n'))
    assert found == 'mine.csv, line 4: 3 fields, the header has 2. Put a text that holds a comma in double quotes ("…").'
    assert (
        refusal(write("text,label\nGood.\n"))
        == "mine.csv, line 2: 1 field, the header has 2. Write an empty field for a value that is missing."
    )


def test_a_quote_left_open_is_named_by_the_line_where_it_opens(write):
    found = refusal(write('text,label\nGood.,1\n"Bad.,0\nFine.,1\n'))
    assert found.startswith("mine.csv, line 3: a double quote opened here is never closed.")


def test_a_quote_inside_a_quoted_text(write):
    assert "line 2: " in (found := refusal(write('text,label\n"He said \\"no\\" twice",1\n')))
    assert "must be written twice" in found


def test_two_columns_with_one_name(write):
    assert refusal(write("text,label,text\na,1,b\n")).startswith("mine.csv has two columns named 'text'")


def test_labels_that_are_all_one_class_or_all_missing(write):
    assert refusal(write("text,label\nA.,pos\nB.,pos\n")) == "mine.csv: all 2 labels are 'pos'. At least two classes are needed."
    assert refusal(write("text,label\nA.,\nB.,\n")).startswith("mine.csv: every label is empty.")


def test_a_label_column_full_of_different_values(write):
    found = refusal(write("text,label\n" + "".join(f"A {i}.,value {i}\n" for i in range(100))))
    assert found == "mine.csv: 100 different labels in 100 rows. Is it the right column? Name it with --label-column."


def test_ids_that_occur_twice_are_named_with_both_lines(write):
    found = refusal(write("id,text,label,split\n7,A.,1,train\n8,B.,0,train\n7,C.,0,train\n9,D.,1,test\n"))
    assert found.startswith("The id '7' occurs twice: mine.csv, line 2 and mine.csv, line 4. Ids must be unique; --id-column \"\" numbers")


def test_an_id_that_is_empty(write):
    assert refusal(write("id,text,label\n,A.,1\n")).startswith("mine.csv, line 2: the id is empty.")


def test_an_unknown_split(write):
    assert refusal(write("text,label,split\nA.,1,fold7\n")).startswith("mine.csv, line 2: unknown split 'fold7'. Known: train")


def test_too_few_texts_to_split(write):
    assert "no class has two different texts" in refusal(write("text,label\nA.,1\nB.,0\n"))


def test_a_malformed_json_line_is_named(write):
    found = refusal(write('{"text": "A.", "label": 1}\n{"text": "B.", "label": }\n', "m.jsonl"))
    assert found.startswith("m.jsonl, line 2: not JSON (")
    assert found.endswith("). Expected one object per line.")
    assert "found list" in refusal(write('{"text": "A.", "label": 1}\n["B.", 0]\n', "m.jsonl"))
    assert "is a JSON array" in refusal(write('[\n{"text": "A."}\n]\n', "m.json"))


def test_a_text_that_is_no_text(write):
    assert refusal(write('{"text": ["A."], "label": 1}\n', "m.jsonl")) == "m.jsonl, line 1: the text is a list. Expected a string."


def test_a_damaged_parquet_file(tmp_path):
    path = tmp_path / "m.parquet"
    pl.DataFrame(frame()).write_parquet(path)
    whole = path.read_bytes()
    for damaged in (whole[:-10], whole[:40], b"PAR1" + bytes(200) + whole[-30:]):
        path.write_bytes(damaged)
        assert "m.parquet is not a whole Parquet file" in refusal(path)


def test_a_compressed_file_cut_short(write):
    packed = gzip.compress(LINES.encode() * 500)
    assert "is damaged or cut short" in refusal(write(packed[:-30], "m.csv.gz"))
    assert "m.csv.zst" in refusal(write(pa.compress(LINES.encode() * 500, codec="zstd", asbytes=True)[:-30], "m.csv.zst"))
    assert "m.csv.gz" in refusal(write(LINES, "m.csv.gz"))


@pytest.mark.parametrize("seed", range(40))
def test_garbage_is_read_or_refused_in_one_line(write, seed):
    rng = np.random.default_rng(seed)
    whole = bytearray(jsonl(frame()).encode() if seed % 2 else LINES.encode())
    for _ in range(int(rng.integers(1, 6))):
        whole[int(rng.integers(len(whole)))] = int(rng.integers(256))
    path = write(bytes(whole), "g.jsonl" if seed % 2 else "g.csv")
    said = _outcome(path)
    assert said == "read" or (said and "\n" not in said)


def _outcome(path):
    try:
        return "read" if len(load(path).labels) > 1 else ""
    except ValenceError as error:
        return str(error)
