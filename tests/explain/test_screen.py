import io

import numpy as np
from rich.console import Console

from valence.explain.palettes import PALETTES
from valence.explain.screen import coloured, plain


def shown(explanation, **settings):
    out = io.StringIO()
    Console(file=out, width=100, highlight=False, **settings).print(coloured(explanation, PALETTES["blue-orange"]))
    return out.getvalue()


def test_plain_gives_each_word_its_number_and_a_bar(example):
    lines = plain(example()).splitlines()
    assert lines[0] == "good, probability 0.800, by linear"
    assert lines[1] == "sum of the words +0.400, change of the logit +0.300, delta +0.100"
    assert lines[3:] == ["  +0.5000  ++++++++++  fine", "  -0.1000  --          ,", " not read              long"]


def test_colours_stand_behind_the_words_and_nowhere_else(example):
    # segments, not escape codes: rich keeps a style's codes as it first wrote them, for a screen of fewer colours perhaps
    console = Console(file=io.StringIO(), width=100, highlight=False, force_terminal=True, color_system="truecolor")
    segments = list(console.render(coloured(example(), PALETTES["blue-orange"])))
    (fine,) = (s.style for s in segments if s.text == "fine")
    assert fine.bgcolor.triplet == (33, 102, 172)  # strongest blue
    assert fine.color.triplet == (255, 255, 255)
    plain_words = [s for s in segments if not s.style or not s.style.bgcolor]
    assert "for good" in "".join(s.text for s in segments)
    assert "long" in "".join(s.text for s in plain_words), "what is not read has no colour behind it"


def test_the_whole_text_is_there_without_its_escapes(example):
    text = "A \x1b[2Jfine [bold]film[/bold]\n<br />end"
    found = shown(example(text=text, spans=((6, 10),), scores=np.ones(1), unread=()))
    assert "A ␛[2Jfine [bold]film[/bold]\n<br />end" in found
    assert "\x1b" not in found


def test_another_label_than_the_predicted_one_is_named_as_such(example):
    assert plain(example(label="bad")).startswith("bad, probability 0.200 (the run says good), by linear")


def test_attention_has_no_against(example):
    found = shown(example(signed=False, change=None, meaning="How much.", scores=np.array([0.9, 0.1])))
    assert "against" not in found
    assert "How much." in found
