import re

import pytest

from valence.serve.card import describe
from valence.serve.limits import Limits
from valence.serve.page import EXAMPLES, render


@pytest.fixture
def page(finished):
    return render(describe("tfidf", finished[0]), Limits(max_characters=321))


def test_the_page_loads_nothing_and_may_ask_its_own_server_only(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'; connect-src 'self';")
    assert not re.findall(r"""(?:src|href)=["'](?!#|/docs|data:)[^"']*["']""", page)
    assert "@import" not in page
    assert not re.search(r"url\((?!data:)", page)


def test_the_page_shows_the_card(page, finished):
    record = finished[1]
    assert record.id in page
    assert f"{100 * record.metrics['accuracy']:.2f}" in page
    assert "40 texts of reviews (test)" in page
    assert "were not calibrated" in page
    assert 'maxlength="321"' in page
    assert all(text in page for text in EXAMPLES)


def test_names_of_a_stranger_s_labels_cannot_become_markup(finished):
    card = describe("tfidf", finished[0])
    evil = "</script><script>alert(1)</script>"
    page = render(card.model_copy(update={"labels": ("a", evil), "preset": evil, "device": evil}), Limits())
    assert "<script>alert" not in page


def test_an_export_without_its_run_has_a_page(finished):
    card = describe("tfidf", finished[0])
    lone = card.model_copy(update={"method": "", "data": "", "metrics": {}, "n_train": None, "seed": None, "command": "", "finished": ""})
    assert "Accuracy, %" not in render(lone, Limits())
