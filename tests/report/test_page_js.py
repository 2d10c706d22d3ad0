import html
import json
import re
import shutil
import subprocess
from dataclasses import replace

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
box.value = ""; box.dispatchEvent(new Event("input"));
document.getElementById("front").click(); seen.front = names(); document.getElementById("front").click();
document.querySelector("#row-0 .open").click();
seen.detail = document.querySelector("#row-0").nextElementSibling.textContent;
document.querySelectorAll("#axis button")[1].click(); seen.points = document.querySelectorAll("#scatter .point").length;
seen.diagrams = document.querySelectorAll("#reliability figure").length;
seen.wrong = document.querySelectorAll("#wrong-list li").length;
seen.alerts = window.hacked || 0;
document.title = JSON.stringify(seen);
"""


FILTERS = """
const seen = {};
const lines = () => [...document.querySelectorAll(".board tbody tr:not(.detail):not(.each)")].filter((r) => !r.hidden);
const names = () => lines().map((r) => r.querySelector(".name").textContent);
const chip = (name) => document.querySelector(`#filters [data-family=${name}]`);
const columns = () => document.querySelectorAll(".matrix:not(.stress) thead th:not([hidden])").length;
const parts = () => [...["#scatter .point", "#reliability figure"].map((q) => document.querySelectorAll(q).length), columns()];
seen.recalled = [names(), chip("bag").getAttribute("aria-pressed"), document.querySelectorAll("tr.each").length];
seen.part = parts(); seen.count = document.getElementById("count").textContent;
seen.stress = [...document.querySelectorAll(".stress thead th:not([hidden]) a")].map((a) => a.textContent);
seen.links = [...document.querySelectorAll("tr.each a")].map((a) => a.getAttribute("href"));
chip("network").click(); seen.both = names(); seen.hash = location.hash;
seen.sibling = document.querySelector("a.sibling").getAttribute("href");
document.getElementById("clear").click(); seen.all = [names().length, ...parts()];
document.querySelector("#row-0 .open").click(); seen.open = location.hash;
const size = document.getElementById("size"); size.value = "100"; size.dispatchEvent(new Event("change")); seen.size = names();
document.getElementById("clear").click();
dispatchEvent(new KeyboardEvent("keydown", { key: "/" })); seen.focus = document.activeElement.id;
location.hash = "q=network";
addEventListener("hashchange", () => {
  seen.typed = [names(), document.getElementById("filter").value];
  location.hash = "cost";
  setTimeout(() => { seen.kept = [location.hash, names()]; document.title = JSON.stringify(seen); }, 50);
}, { once: true });
"""


def browse(page, steps, folder, hash_="", *flags):
    """Open a page in a headless browser, let `steps` run after its own script, and return what they wrote into the title."""
    (folder / "page.html").write_text(page.replace("</body>", f"<script>{{{steps}}}</script></body>"), encoding="utf-8")
    words = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", *QUIET, f"--user-data-dir={folder / 'profile'}", *flags]
    words += ["--virtual-time-budget=3000", "--dump-dom", (folder / "page.html").as_uri() + hash_]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    return json.loads(html.unescape(re.search("<title>(.*?)</title>", done.stdout)[1]))


@pytest.fixture
def families(made):
    """Three bags of words, one of them on 100 texts and two with a stress report, and a network of three seeds."""
    bag, network = ({"method": {"name": "m", sign: 1}} for sign in ("ngrams", "max_words"))
    made.report(made.run("bag", 1.5, experiment=bag, group="g1").id)
    made.run("little", 0.5, experiment=bag, group="g2", n_train=100)
    made.report(made.run("other", 0.9, experiment=bag, group="g3").id)
    for seed in range(3):
        made.report(made.run("net", 1.2, seed, experiment=network, group="g4").id)
    return replace(build(made.store, "toy"), siblings=("toy", "more"))


@pytest.mark.skipif(BROWSER is None, reason="needs a headless Chromium")
def test_filters_hold_for_every_section_and_stand_in_the_address(families, tmp_path):
    seen = browse(render(families), FILTERS, tmp_path, "#family=bag&seeds=each&sort=-rank")
    assert seen["recalled"] == [["little", "other", "bag"], "true", 3]
    assert seen["part"] == [3, 3, 3]
    assert (seen["count"], seen["stress"]) == ("3 of 4 rows", ["bag", "other"])
    assert seen["links"] == [f"runs/net--toy--nall--s{seed}.html" for seed in range(3)]
    assert seen["both"] == ["little", "other", "net", "bag"]
    assert seen["hash"] == "#family=bag%2Cnetwork&seeds=each&sort=-rank"
    assert seen["sibling"].endswith("more.html" + seen["hash"])
    assert seen["all"] == [4, 4, 4, 4]
    assert seen["open"] == "#sort=-rank&open=g1"
    assert (seen["size"], seen["focus"]) == (["little"], "filter")
    assert seen["typed"] == [["net"], "network"], "an address that is typed in is obeyed"
    assert seen["kept"] == ["#q=network", ["net"]], "a link inside the page keeps the choices"


@pytest.mark.skipif(BROWSER is None, reason="needs a headless Chromium")
def test_nothing_is_wider_than_a_narrow_window(families, tmp_path):
    steps = "document.querySelectorAll('.open').forEach((b) => b.click());"
    steps += "document.title = JSON.stringify([document.documentElement.scrollWidth, innerWidth]);"
    found, window = browse(render(families), steps, tmp_path, "", "--window-size=500,900")
    assert found <= window


@pytest.mark.skipif(BROWSER is None, reason="needs a headless Chromium")
def test_the_page_sorts_filters_and_draws_in_a_browser(filled, tmp_path):
    nasty = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
    page = render(build(filled.store, "toy", texts=dict.fromkeys(filled.ids, nasty)))
    seen = browse(page, STEPS, tmp_path)
    assert seen["start"] == ["good", "fair", "friend", "poor"]
    assert (seen["fit"], seen["sort"]) == (["fair", "good", "poor", "friend"], "ascending")
    assert seen["reversed"] == ["poor", "good", "fair", "friend"], "unknown costs stay last"
    assert seen["accuracy"] == ["descending", None]
    assert (seen["filtered"], seen["front"]) == (["poor"], ["good", "fair"])
    assert "valence run good --seed 2" in seen["detail"]
    assert (seen["points"], seen["diagrams"], seen["wrong"], seen["alerts"]) == (3, 4, 8, 0)
