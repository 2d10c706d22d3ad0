"""What an audit finds, on texts of our own and on the real data."""

import json
import sys

import numpy as np
import pytest

from valence import data
from valence.data import _near
from valence.data._corpus import corpus, unlabeled_split
from valence.data.audit import audit
from valence.errors import BadSetting, MissingPackage
from valence.types import Split

pytest.importorskip("datasketch")

LONG = "This is a longer text of our own, with many words in it, so that one word more or less matters little to the whole of it"


def build(**parts):
    """A corpus from lists of (text, label)."""
    splits = {
        k: Split(tuple(f"{i}" for i in range(len(v))), tuple(t for t, _ in v), np.array([y for _, y in v], dtype=np.int64))
        for k, v in parts.items()
    }
    return corpus("own", ("negative", "positive"), splits)


def test_exact_duplicates_are_counted_within_and_across():
    report = audit(
        build(
            train=[("A fine film.", 1), ("a FINE<br />film.", 1), ("A fine film.", 1), ("Poor.", 0)],
            test=[("A &#102;ine   film.", 1), ("A fine film.", 1), ("Other.", 0)],
        )
    )
    assert report.overlap("train", "train").exact == 2
    assert report.overlap("test", "test").exact == 1
    assert report.overlap("train", "test").exact == 2
    assert [g.rows for g in report.exact] == [("train/0", "train/1", "train/2", "test/0", "test/1")]
    assert not report.exact_conflicts


def test_a_clean_corpus_has_nothing_to_say():
    report = audit(build(train=[("One thing.", 0), ("Another thing.", 1)], test=[("A third.", 0), ("And a fourth one.", 1)]))
    assert report.sentences() == []
    assert "Nothing found" in report.to_text()


def test_one_text_with_two_labels_is_a_conflict_and_no_label_is_none():
    report = audit(build(train=[("Well.", 0), ("well.", 1), ("So.", 0), ("So.", -1)], test=[("x", 0)]))
    assert [g.rows for g in report.exact_conflicts] == [("train/0", "train/1")]


def test_near_duplicates_are_pairs_with_their_true_likeness():
    # 27 words make 25 triples; another last word changes one of them: 24 shared of 26.
    words = LONG.split()
    assert len(words) == 27
    report = audit(build(train=[(LONG, 1), ("Short.", 0)], test=[(" ".join([*words[:-1], "this"]), 0), ("Else.", 1)]))
    assert [(p.rows, p.jaccard, p.conflict) for p in report.near] == [(("train/0", "test/0"), 0.9231, True)]
    assert (report.overlap("train", "test").near, report.overlap("train", "test").exact) == (1, 0)
    assert report.near_conflicts == report.near


def test_near_rows_are_counted_once_and_within_a_split_only_the_later_ones():
    near = [(f"{LONG} and {i}", 1) for i in range(3)]
    report = audit(build(train=near, test=[(f"{LONG} or so", 1), (f"{LONG} or so", 1), ("No.", 0)]))
    assert report.overlap("train", "train").near == 2
    assert report.overlap("train", "test").near == 2
    assert (report.overlap("test", "test").exact, report.overlap("test", "test").near) == (1, 0)


def test_no_pair_is_missed_that_a_full_comparison_finds():
    rng = np.random.default_rng(0)
    vocabulary = [f"w{i}" for i in range(60)]
    texts = [" ".join(rng.choice(vocabulary, 40)) for _ in range(60)]
    for t in texts[:40]:
        words = t.split()
        for at in rng.integers(0, 40, rng.integers(1, 4)):
            words[at] = str(rng.choice(vocabulary))
        texts.append(" ".join(words))
    sets = [_near.shingles(t) for t in texts]
    full = {(i, j) for j in range(len(texts)) for i in range(j) if _near.jaccard(sets[i], sets[j]) >= 0.8}
    found = {(p.i, p.j) for p in _near.near_pairs(texts, range(len(texts)), 0.8, lambda *_: None)}
    assert len(full) >= 10
    assert found == full


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
def test_the_bands_propose_99_percent_of_the_pairs_at_the_threshold(threshold):
    b, r = _near.bands(threshold)
    assert b * r <= _near.PERMUTATIONS
    assert 1 - (1 - threshold**r) ** b >= 0.99
    assert 1 - (1 - threshold ** (r + 1)) ** (_near.PERMUTATIONS // (r + 1)) < 0.99 or r == _near.PERMUTATIONS // 2


def test_signatures_estimate_the_jaccard_index():
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(200):
        shared, own = rng.integers(0, 2**63, 120, dtype=np.uint64), rng.integers(0, 2**63, (2, 30), dtype=np.uint64)
        a, b = (np.unique(np.concatenate([shared, o])) for o in own)
        errors.append((_near.signature(a) == _near.signature(b)).mean() - 120 / 180)
    # A mean of 64 draws with p = 2/3 has a standard error of .059; the mean of 200 such one of .0042.
    assert abs(np.mean(errors)) < 4 * 0.0042
    assert np.std(errors) < 0.08


def test_languages_without_spaces_are_compared_by_characters():
    one = "这部电影非常好看我很喜欢它的故事和演员还有音乐真是难得一见的佳作推荐给大家一起去看看吧"
    report = audit(build(train=[(one + "好", 1), ("不好", 0)], test=[(one + "呀", 1), ("差", 0)]))
    assert [p.rows for p in report.near] == [("train/0", "test/0")]


def test_empty_texts_withheld_labels_balance_and_lengths_are_told():
    found = build(train=[("One two three.", 0), ("", 1), (" \n", 1)], dev=[("Four.", 0), ("Five.", 1)], test=[("Six.", -1)])
    report = audit(found)
    assert report.splits["train"].empty == ("1", "2")
    assert report.splits["train"].classes == {"negative": 1, "positive": 2}
    assert report.splits["train"].words["1"] == 3
    assert (report.splits["test"].withheld, report.splits["dev"].withheld) == (True, False)
    assert "test: all 1 labels are withheld." in report.sentences()
    assert "train: 2 texts are empty." in report.sentences()


def test_the_unlabelled_part_is_searched_and_is_not_called_withheld():
    whole = build(train=[("Good.", 1), ("Bad.", 0)], test=[("Fine.", 1), ("Poor.", 0)])
    found = corpus(
        "own", whole.labels, {k: whole.splits[k] for k in whole.splits}, {"unlabeled": lambda: unlabeled_split(["u"], ["GOOD."])}
    )
    report = audit(found)
    assert report.overlap("train", "unlabeled").exact == 1
    assert not report.splits["unlabeled"].withheld


def test_the_report_names_rows_and_never_their_text():
    words = LONG.split()
    report = audit(build(train=[(LONG, 1), ("Zebra.", 0), ("Zebra.", 1)], test=[(" ".join([*words[:-1], "that"]), 0), ("", 1)]))
    for said in (json.dumps(report.to_json()), report.to_text()):
        assert "train/1" in said
        assert "Zebra" not in said
        assert "longer text" not in said


def test_progress_is_told_up_to_the_end():
    calls = []
    audit(build(train=[(f"Text {i}.", i % 2) for i in range(1200)]), progress=lambda *c: calls.append(c))
    assert calls[0] == (0, 1200, "near duplicates")
    assert calls[-1] == (1200, 1200, "near duplicates")
    assert [c[0] for c in calls] == sorted(c[0] for c in calls)


def test_many_copies_of_a_form_letter_are_compared_with_a_bounded_number():
    letters = [f"{LONG} {LONG} signed by number {i}" for i in range(150)]
    pairs = list(_near.near_pairs(letters, range(150), 0.8, lambda *_: None))
    assert 149 <= len(pairs) <= 150 * _near.MOST
    assert {p.j for p in pairs} == set(range(1, 150))


@pytest.mark.parametrize("threshold", [0.4, 1.1, -1, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(BadSetting, match=r"must be from 0.5 to 1"):
        audit(build(train=[("a", 0)]), threshold)


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasketch", None)
    monkeypatch.setattr("valence.data._near.find_spec", lambda _: None)
    with pytest.raises(MissingPackage, match=r"pip install 'valence\[audit\]'"):
        audit(build(train=[("a", 0), ("b", 1)]))


@pytest.fixture
def exact_only(monkeypatch):
    """Leave out the search for near duplicates, which takes most of the time."""
    monkeypatch.setattr("valence.data.audit.near_pairs", lambda *_: iter(()))


@pytest.mark.real
def test_the_known_duplicates_of_imdb_are_found(real, exact_only):
    report = audit(data.load("imdb"))
    assert {(o.first, o.second): o.exact for o in report.overlaps} == {
        ("train", "train"): 98,
        ("train", "test"): 123,
        ("test", "test"): 201,
        ("train", "unlabeled"): 371,  # and none in test any more: `imdb` drops those 270
        ("unlabeled", "unlabeled"): 491,
    }
    assert not report.exact_conflicts


@pytest.mark.real
def test_five_phrases_of_sst2_carry_both_labels(real, exact_only):
    report = audit(data.load("sst2"))
    assert len(report.exact_conflicts) == 5
    assert report.overlap("train", "train").exact + report.overlap("kept_out", "kept_out").exact == 371


@pytest.mark.real
def test_the_contrast_set_is_pairs_of_near_duplicates_with_opposite_labels(real):
    found = audit(data.load("imdb_contrast"), threshold=0.5).near_conflicts
    assert len(found) >= 50
    assert all(a.removesuffix("_original") == b.removesuffix("_contrast") for a, b in (p.rows for p in found))
