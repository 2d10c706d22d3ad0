"""The report as a page."""

import re
from dataclasses import replace

import pytest

from valence.evaluation.uncertainty import Interval
from valence.stress import Report
from valence.stress.figures import Finding
from valence.stress.page import render

NASTY = "<script>alert(1)</script>"


@pytest.fixture
def report():
    figure = Interval(0.25, 0.2, 0.3)
    found = Finding("typos", NASTY, "same", 10, Interval(0.9, 0.8, 1), figure, figure, 0.01, figure, figure, figure, NASTY, (NASTY,))
    plain = replace(found, name="plain", before=None, after=None, change=None, both=None, note="", failures=())
    return Report(f"run{NASTY}", "imdb", "test", 10, 10, 0, (found, plain), ((NASTY, NASTY),))


def test_nothing_becomes_markup_and_nothing_is_fetched(report):
    page = render(report)
    assert NASTY not in page
    assert page.count("&lt;script&gt;") >= 6
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href)=", page)


def test_bars_stand_where_the_figures_do(report):
    page = render(report)
    assert '<i style="left:20.00%;width:10.00%"></i><s style="left:90.00%"></s><u style="left:25.00%"></u>' in page
    assert page.count('<s style="left:') == 1, "without an accuracy before there is no grey mark"


def test_both_themes_are_there(report):
    assert "prefers-color-scheme: dark" in render(report)
