import io

import numpy as np
from rich.console import Console
from rich.style import Style

from valence.explain.palettes import PALETTES
from valence.explain.screen import coloured, plain


def shown(explanation, **settings):
    # rich keeps a style's codes as it first wrote them: another test may have written to a screen of fewer colours
    Style.parse.cache_clear()
    out = io.StringIO()
    Console(file=out, width=100, highlight=False, **settings).print(coloured(explanation, PALETTES["blue-orange"]))
    return out.getvalue()


def test_plain_gives_each_word_its_number_and_a_bar(example):
    lines = plain(example()).splitlines()
    assert lines[0] == "good, probability 0.800, by linear"
    assert lines[1] == "sum of the words +0.400, change of the logit +0.300, delta +0.100"
    assert lines[3:] == ["  +0.5000  ++++++++++  fine", "  -0.1000  --          ,", " not read              long"]


def test_colours_stand_behind_the_words_and_nowhere_else(example):
    colours = shown(example(), force_terminal=True, color_system="truecolor")
    assert "\x1b[38;2;255;255;255;48;2;33;102;172mfine" in colours  # strongest blue, white letters
    assert "A \x1b" in colours
    assert "for good" in colours


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
