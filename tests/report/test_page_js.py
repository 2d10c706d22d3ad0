import html
import json
import re
import shutil
import subprocess

import pytest

from valence.report.board import build
from valence.report.page import render

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))), None)
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run")

STEPS = """
const seen = {};
const names = () => [...document.querySelectorAll(".board tbody tr:not(.detail)")].filter((r) => !r.hidden)
  .map((r) => r.querySelector(".name").textContent);
const head = (c) => document.querySelector(`.board thead .c-${c}`);
const press = (c) => head(c).querySelector("button").click();
seen.start = names();
press("fit_seconds"); seen.fit = names(); seen.sort = head("fit_seconds").getAttribute("aria-sort");
press("fit_seconds"); seen.reversed = names();
press("accuracy"); seen.accuracy = [head("accuracy").getAttribute("aria-sort"), head("fit_seconds").getAttribute("aria-sort")];
const box = document.getElementById("filter");
box.value = "POOR"; box.dispatchEvent(new Event("input")); seen.filtered = names();
box.value = ""; box.dispatchEvent(new Event("input")); document.getElementById("front").click(); seen.front = names(); document.getElementById("front").click();
document.querySelector("#row-0 .open").click();
seen.detail = document.querySelector("#row-0").nextElementSibling.textContent;
document.querySelectorAll("#axis button")[1].click(); seen.points = document.querySelectorAll("#scatter .point").length;
seen.diagrams = document.querySelectorAll("#reliability figure").length;
seen.wrong = document.querySelectorAll("#wrong-list li").length;
seen.alerts = window.hacked || 0;
document.title = JSON.stringify(seen);
"""


@pytest.mark.skipif(BROWSER is None, reason="needs a headless Chromium")
def test_the_page_sorts_filters_and_draws_in_a_browser(filled, tmp_path):
    nasty = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
    page = render(build(filled.store, "toy", texts=dict.fromkeys(filled.ids, nasty)))
    (tmp_path / "page.html").write_text(page.replace("</body>", f"<script>{STEPS}</script></body>"), encoding="utf-8")
    words = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", *QUIET, f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*words, "--virtual-time-budget=3000", "--dump-dom", (tmp_path / "page.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seen = json.loads(html.unescape(re.search("<title>(.*?)</title>", done.stdout)[1]))
    assert seen["start"] == ["good", "fair", "friend", "poor"]
    assert (seen["fit"], seen["sort"]) == (["fair", "good", "poor", "friend"], "ascending")
    assert seen["reversed"] == ["poor", "good", "fair", "friend"], "unknown costs stay last"
    assert seen["accuracy"] == ["descending", None]
    assert (seen["filtered"], seen["front"]) == (["poor"], ["good", "fair"])
    assert "valence run good --seed 2" in seen["detail"]
    assert (seen["points"], seen["diagrams"], seen["wrong"], seen["alerts"]) == (3, 4, 8, 0)
