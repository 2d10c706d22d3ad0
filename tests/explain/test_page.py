import re
from html.parser import HTMLParser

import numpy as np
import pytest

from valence.explain.page import render
from valence.explain.palettes import PALETTES

BLUE = PALETTES["blue-orange"]
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}</style></title>&lt;b'


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.shown, self._inside = [], [], "", 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = self._inside + 1 if self._inside or ("class", "text") in attrs else 0

    def handle_endtag(self, tag):
        self._inside = max(self._inside - 1, 0)

    def handle_data(self, data):
        self.shown += data if self._inside else ""


@pytest.mark.parametrize("where", ["text", "label", "note", "meaning", "paper", "method"])
def test_nothing_of_the_text_or_the_labels_becomes_markup(example, where):
    word = {"spans": ((0, len(HOSTILE)),), "scores": np.ones(1), "unread": ()} if where == "text" else {}
    page = Page(render(example(**{where: HOSTILE}, **word), BLUE, run=HOSTILE))
    assert not {"script", "img", "svg", "iframe", "a"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in {"src", "href"}]


def test_the_whole_text_is_shown_as_written(example):
    explanation = example(text='If <b>x</b> & "y" …\n<br />then 😍', spans=((3, 6),), scores=np.array([0.5]), unread=((20, 26),))
    assert Page(render(explanation, BLUE)).shown == explanation.text


def test_it_runs_nothing_and_fetches_nothing(example):
    html = render(example(), BLUE, run="r")
    assert "default-src 'none'" in html
    assert not re.search(r"https?:|url\(|@import|<script|<link", html)


def test_it_has_a_light_and_a_dark_face_and_says_the_direction_without_colour(example):
    html = render(example(), BLUE)
    assert "prefers-color-scheme: dark" in html
    assert "2px solid" in html
    assert "2px dotted" in html
    assert 'title="+0.5000"' in html


def test_scores_without_direction_are_shown_in_one_colour(example):
    page = Page(render(example(signed=False, change=None, scores=np.array([0.7, 0.3])), BLUE))
    classes = {value for name, value in page.attributes if name == "class"}
    assert "neutral" in classes
    assert not {"toward", "against"} & classes


def test_control_characters_are_pictured(example):
    html = render(example(text="\x1b[31m\u202eA", spans=((0, 7),), scores=np.ones(1), unread=()), BLUE)
    assert "\x1b" not in html
    assert "\u202e" not in html


def contrast(one, other):
    def luminance(colour):
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("theme", "card", "ink"), [("light", (255, 255, 255), (27, 28, 30)), ("dark", (27, 30, 34), (236, 238, 240))])
@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_text_reads_on_the_strongest_colour(palette, theme, card, ink):
    from valence.explain.page import DEEPEST, hues
    from valence.explain.palettes import NEUTRAL

    for scale in (palette.toward, palette.against, NEUTRAL):
        hue = [int(v) for v in hues(scale)[theme].split()]
        mixed = [DEEPEST * h + (1 - DEEPEST) * c for h, c in zip(hue, card, strict=True)]
        assert contrast(mixed, ink) >= 4.5, (scale, theme)
