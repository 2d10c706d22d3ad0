import json

import numpy as np
import pytest


def test_the_pieces_are_the_whole_text(example):
    pieces = list(example().pieces())
    assert [(p.text, p.score, p.unread) for p in pieces] == [
        ("A ", None, False),
        ("fine", 0.5, False),
        (",", -0.1, False),
        (" ", None, False),
        ("long", None, True),
        (" film", None, False),
    ]
    assert "".join(p.text for p in pieces) == "A fine, long film"


def test_delta_is_the_sum_less_the_change(example):
    assert example().delta == pytest.approx(0.1)
    assert example(change=None).delta is None


def test_json_names_words_by_place_and_is_plain(example):
    found = json.loads(json.dumps(example().to_json()))
    assert found["words"][0] == {"word": "fine", "start": 2, "end": 6, "score": 0.5}
    assert found["unread"] == [[8, 12]]
    assert found["sum"] == pytest.approx(0.4)


def test_a_text_without_words_is_explained_by_nothing(example):
    empty = example(text="", spans=(), scores=np.zeros(0), unread=())
    assert list(empty.pieces()) == []
    assert empty.largest == 0
    assert empty.total == 0
