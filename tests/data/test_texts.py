"""When two texts count as the same."""

import pytest

from valence.data._texts import collapse, plain, text_keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rock &amp; roll", "Rock & roll"),
        ("  two\n\n spaces\t", "two spaces"),
        ("A<br />B", "A<br />B"),
        ("no\u00a0break", "no break"),
        ("", ""),
    ],
)
def test_collapse_unescapes_and_collapses_white_space(text, expected):
    assert collapse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A<br /><br />B", "a b"),
        ("&lt;i&gt;Fine&lt;/i&gt;", "fine"),
        ("I <3 it, 5 > 4", "i <3 it, 5 > 4"),
        ("STRASSE straße", "strasse strasse"),
    ],
)
def test_plain_also_drops_tags_and_case(text, expected):
    assert plain(text) == expected


def test_keys_are_the_same_everywhere_and_hold_for_odd_texts():
    # BLAKE2b of the empty text, cut to 8 bytes: any other hash would part the data anew.
    assert f"{int(text_keys([''], collapse)[0]):016x}" == "e4a6a0577479b2b4"
    keys = text_keys(["a  b", "a b", "a\x00b", "\ud800", "🎬 ممتاز"], collapse)
    assert keys[0] == keys[1]
    assert len(set(keys.tolist())) == 4


def test_no_texts_have_no_keys():
    assert text_keys([], plain).shape == (0,)
