import html
import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from valence.report.board import build
from valence.report.hardest import Mark
from valence.report.inline import HOLDS_TEXTS, ROOM
from valence.report.run_page import pages

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))), None)
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run")
NASTY = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"
ROWS = [
    {"step": 10, "loss": 0.7},
    {"step": 20, "loss": 0.5, "epoch": 1, "valid_accuracy": 0.81, "valid_loss": 0.4},
    {"step": 30, "loss": float("nan")},
]

STEPS = """
const seen = {};
const count = (query) => document.querySelectorAll(query).length;
seen.lines = [count("#losses path.line"), count("#shares path.line")];
seen.crosses = count("#losses path.broken");
document.querySelector("#losses path.broken").dispatchEvent(new Event("focus")); seen.tip = document.getElementById("tip").textContent;
seen.curves = [count("#reliability path.before"), count("#reliability path.after")];
seen.bars = count("#spread rect.bin") > 5;
seen.keys = [...document.querySelectorAll("#spread-key span")].map((s) => s.textContent);
seen.wide = document.documentElement.scrollWidth <= innerWidth;
seen.alerts = window.hacked || 0;
document.title = JSON.stringify(seen);
"""


def page_of(board, run_id):
    return dict(pages(board))[run_id]


def test_every_run_has_a_page_failed_and_refused_ones_too(filled):
    filled.run("half", scored=filled.scored(3.0, n=100))
    board = build(filled.store, "toy")
    found = dict(pages(board))
    assert sorted(found) == filled.store.ids()
    assert "The loss went nan at step 3." in found["broken--toy--nall--s0"]
    assert "not the 200 of the others" in found["half--toy--nall--s0"]


def test_a_page_says_what_was_asked_on_which_machine_and_how_to_run_it_again(made):
    provenance = {"device": "NVIDIA H200", "commit": "0123456789abcdef", "dirty": True, "data_digest": "d1", "versions": {"torch": "2.6"}}
    settings = {"method": {"name": "made_up", "epochs": 3, "learning_rate": 3e-5, "ngrams": [1, 2], "compiled": False}, "data": "toy"}
    record = made.run("a", provenance=provenance, experiment=settings, backbone="some/encoder")
    text = html.unescape(page_of(build(made.store, "toy"), record.id))
    for said in ("valence run a --seed 0", "NVIDIA H200", "0123456789ab", "with uncommitted changes", "torch 2.6", "on some/encoder"):
        assert said in text
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", text))
    assert {k: facts[k] for k in ("epochs", "learning_rate", "ngrams", "compiled", "Fit")} == {
        **{"epochs": "3", "learning_rate": "3e-05", "ngrams": "1, 2", "compiled": "no", "Fit": "10 s"}
    }


def test_the_confusion_adds_up_to_the_scored_texts(made):
    record = made.run("a")
    (table,) = re.findall(r'<table class="figures confusion">.*?</table>', page_of(build(made.store, "toy"), record.id), flags=re.DOTALL)
    counts = [int(n.replace(",", "")) for n in re.findall(r'">([\d,]+) <small>', table)]
    assert len(counts) == 4
    assert sum(counts) == 200


def test_the_history_stands_in_a_table_too_and_what_was_not_finite_is_said(made):
    record = made.run("a")
    made.history(record.id, *ROWS)
    text = page_of(build(made.store, "toy"), record.id)
    assert "<b>Not finite</b> 1 of the values" in text
    assert re.findall(r"<td>([^<]+)</td>", text)[:5] == ["20", "0.5", "1", "81.00", "0.4"]


def test_reviews_are_named_by_id_and_shown_only_on_a_board_with_texts(made):
    record = made.run("a", 0.5)
    texts = {name: f"The only sentence of {name}." for name in made.ids}
    bare, shown = (page_of(build(made.store, "toy", texts=t), record.id) for t in (None, texts))
    named = re.findall(r'<div class="head"><code>([^<]+)</code>', bare)
    assert len(named) == 20
    assert set(named) <= set(made.ids)
    assert "The only sentence of" not in bare
    assert HOLDS_TEXTS not in bare
    assert f"The only sentence of {named[0]}." in shown
    assert HOLDS_TEXTS in shown


def test_words_are_coloured_where_they_were_explained(made):
    record = made.run("a", 0.5)
    board = build(made.store, "toy", texts=dict.fromkeys(made.ids, "A dull film."))
    hardest = board.rows[0].runs[0].wrong[0].id
    marks = (Mark("A "), Mark("dull", "toward", 0.75), Mark(" film."))
    text = page_of(replace(board, marks={(record.id, hardest): marks}), record.id)
    assert 'A <mark class="toward" style="--d:0.750">dull</mark> film.' in text
    without = page_of(replace(board, texts={}, marks={(record.id, hardest): marks}), record.id)
    assert "dull" not in without, "marks are texts"


def test_the_page_loads_nothing_and_links_back_to_its_row(filled):
    board = build(filled.store, "toy")
    for run_id, text in pages(board):
        assert not re.search(r"<(?:img|link|iframe|object|base)\b|@import|url\(", text)
        assert "default-src 'none'" in text
        links = set(re.findall(r'href="([^#"][^"]*)"', text))
        assert len(links) == 1
        assert links <= {f"../toy.html#open={filled.store.find(run_id).group}", "../toy.html"}
        ids = re.findall(r'\bid="([^"]+)"', text)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)


def test_no_name_can_become_markup(made):
    record = made.run(NASTY, method=NASTY, backbone=NASTY, command=NASTY, experiment={"method": {"name": NASTY, NASTY: NASTY}})
    made.history(record.id, {"step": 1, NASTY: 0.5})
    text = page_of(build(made.store, "toy", texts=dict.fromkeys(made.ids, NASTY)), record.id)
    assert text.count("<script") == 2
    assert "<img" not in text
    assert "innerHTML" not in (ROOM / "run.js").read_text(encoding="utf-8")


@pytest.mark.skipif(BROWSER is None, reason="needs a headless Chromium")
def test_history_calibration_and_spread_are_drawn_in_a_browser(made, tmp_path):
    record = made.run(NASTY, 1.0)
    made.history(record.id, *ROWS)
    made.report(record.id)
    page = page_of(build(made.store, "toy", texts=dict.fromkeys(made.ids, NASTY)), record.id)
    (tmp_path / "page.html").write_text(page.replace("</body>", f"<script>{STEPS}</script></body>"), encoding="utf-8")
    words = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", *QUIET, f"--user-data-dir={tmp_path / 'profile'}"]
    words += ["--window-size=500,900", "--virtual-time-budget=3000", "--dump-dom", (tmp_path / "page.html").as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    seen = json.loads(html.unescape(re.search("<title>(.*?)</title>", done.stdout)[1]))
    assert seen["lines"] == [2, 1]
    assert (seen["crosses"], seen["tip"]) == (1, "loss is not finite at step 30")
    assert seen["curves"] == [1, 1]
    assert (seen["bars"], seen["keys"]) == (True, ["labelled negative", "labelled positive"])
    assert (seen["wide"], seen["alerts"]) == (True, 0)
