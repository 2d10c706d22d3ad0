"""The page of learning curves: alone, safe, and alive in a browser."""

import html
import json
import re
import shutil
import subprocess

import pytest

from valence.evaluation.learning_curve import labels_needed
from valence.evaluation.uncertainty import Interval
from valence.report.curve import Curve, Curves, Point
from valence.report.curve_page import render
from valence.report.inline import ROOM

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))), None)
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run")
NASTY = "<img src=x onerror='window.hacked=1'></script><script>window.hacked=1</script>"
SIZES, VALUES = (16, 64, 1024), (0.6, 0.7, 0.9)

STEPS = """
const seen = {};
const curves = () => document.querySelectorAll("#plot .line").length;
seen.start = [curves(), document.querySelectorAll("#plot .level").length, document.querySelectorAll("#plot circle.point").length];
const slider = document.getElementById("target");
slider.value = 80; slider.dispatchEvent(new Event("input"));
seen.needs = [...document.querySelectorAll("#aim-list li")].map((li) => li.textContent);
slider.value = 60; slider.dispatchEvent(new Event("input"));
seen.least = document.querySelector("#aim-list li").textContent;
const dot = document.querySelector("#plot circle.point");
dot.dispatchEvent(new Event("focus")); seen.tip = document.getElementById("tip").textContent;
const key = document.querySelector("#key button");
key.click(); seen.hidden = [curves(), key.getAttribute("aria-pressed")];
key.click(); seen.back = curves();
document.getElementById("theme").click(); seen.theme = document.documentElement.dataset.theme;
seen.alerts = window.hacked || 0;
document.title = JSON.stringify(seen);
"""


@pytest.fixture
def curves():
    accuracies = [Interval(v, v - 0.02, v + 0.02) for v in VALUES]
    points = tuple(Point(n, n == 1024, a, (a.value, a.value + 0.01), (0, 1)) for n, a in zip(SIZES, accuracies, strict=True))
    rising = Curve(NASTY, "m", False, points, Interval(0.7, 0.6, 0.8), (labels_needed(SIZES, accuracies, 0.8),))
    level = Curve("asked", "z", True, (Point(None, True, Interval(0.75, 0.7, 0.8), (0.75,), (0,)),))
    return Curves("toy", "test", 200, 1024, (0.8,), (16, 1024), (rising, level), (NASTY,))


def test_the_page_loads_nothing_and_no_name_becomes_markup(curves):
    page = render(curves)
    assert NASTY not in page
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    assert "innerHTML" not in (ROOM / "curve.js").read_text(encoding="utf-8")


def test_every_figure_stands_in_a_table_too(curves):
    page = render(curves)
    assert "70.00 [68.00, 72.00]" in page
    assert "256 (" in page
    assert "without labels: 75.00 [70.00, 80.00]" in page


def test_a_store_without_any_size_still_makes_a_page(curves):
    from dataclasses import replace

    assert "asked" in render(replace(curves, curves=curves.curves[1:], span=None, targets=()))


@pytest.mark.skipif(BROWSER is None, reason="needs a headless Chromium")
def test_curves_are_drawn_hidden_and_read_off_in_a_browser(curves, tmp_path):
    (tmp_path / "page.html").write_text(render(curves).replace("</body>", f"<script>{STEPS}</script></body>"), encoding="utf-8")
    words = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", *QUIET, f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*words, "--virtual-time-budget=3000", "--dump-dom", (tmp_path / "page.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seen = json.loads(html.unescape(re.search("<title>(.*?)</title>", done.stdout)[1]))
    assert seen["start"] == [1, 1, 3]
    assert seen["needs"] == [f"{NASTY}: 256", "asked: not reached"]
    assert seen["least"] == f"{NASTY}: ≤ 16"
    assert "N = 16" in seen["tip"]
    assert "60.00 % (58.00 to 62.00)" in seen["tip"]
    assert (seen["hidden"], seen["back"]) == ([0, "false"], 1)
    assert (seen["theme"], seen["alerts"]) == ("light", 0)
