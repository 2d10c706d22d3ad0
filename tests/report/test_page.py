import html.parser
import json
import re

import numpy as np
import pytest

from valence.report.board import build
from valence.report.page import render
from valence.store import RunStore, Scored, ids_digest
from valence.types import Predictions

NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"'{{ 7*7 }}"


class Elements(html.parser.HTMLParser):
    """Collects what a browser would see: tags, their attributes, ids, and the text of the data block."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.ids, self.attributes, self.inside, self.data = [], [], [], "", ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.inside = dict(attrs).get("id") if tag == "script" else ""
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "data":
            self.data += data


def inner_links(elements):
    return {value[1:] for tag, name, value in elements.attributes if name == "href" and value.startswith("#")}


@pytest.fixture
def page(filled):
    return Elements(render(build(filled.store, "toy")))


def test_the_page_loads_nothing(filled):
    text = render(build(filled.store, "toy"))
    elements = Elements(text)
    assert not {"link", "iframe", "img", "object", "base"} & set(elements.tags)
    assert not [a for a in elements.attributes if a[1] in {"src", "srcset", "background", "action"}]
    assert {value[:1] if value.startswith("#") else value[:5] for _, name, value in elements.attributes if name == "href"} == {"#", "runs/"}
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert "@import" not in text
    assert "url(" not in text
    assert "default-src 'none'" in text


def test_no_name_and_no_text_can_become_markup(made):
    made.run(NASTY, 1.0, method=NASTY, backbone=NASTY, command=NASTY, provenance={"device": NASTY, "versions": {NASTY: NASTY}})
    made.run("ok", 0.5)
    made.run("gone" + NASTY, status="failed", error=NASTY)
    clean = Elements(render(build(made.store, "toy", texts={})))
    nasty = Elements(render(build(made.store, "toy", texts=dict.fromkeys(made.ids, NASTY))))
    assert nasty.tags.count("script") == clean.tags.count("script") == 2
    assert "img" not in nasty.tags
    assert not [a for a in nasty.attributes if a[1].startswith("on")]
    assert "49" not in render(build(made.store, "toy")).split("<main>")[1].split("alert(2)")[1][:40]


def test_the_data_block_reads_back_and_cannot_end_its_script(made):
    made.run(NASTY, 1.0)
    elements = Elements(render(build(made.store, "toy", texts=dict.fromkeys(made.ids, NASTY))))
    data = json.loads(elements.data)
    assert not set("<>&") & set(elements.data)
    assert data["rows"][0]["name"] == NASTY
    assert data["rows"][0]["wrong"][0][5] == NASTY


def test_texts_stand_on_the_page_only_when_they_were_given(filled):
    texts = {name: f"The only sentence of {name}." for name in filled.ids}
    assert "The only sentence of" in render(build(filled.store, "toy", texts=texts))
    assert "keep it to yourself" in render(build(filled.store, "toy", texts=texts))
    assert "The only sentence of" not in render(build(filled.store, "toy"))


def test_the_table_is_complete_without_scripts(page, filled):
    board = build(filled.store, "toy")
    text = render(board)
    body = text.split("<tbody>")[1].split("</tbody>")[0]
    for row in board.rows:
        assert f">{row.first.preset}</span>" in body
        assert f"<b>{100 * row.accuracy:.2f}</b>" in body
    assert body.count("<tr") == 4
    assert "The loss went nan at step 3." in text


def test_the_table_is_sortable_from_the_keyboard(page):
    sorts = [value for tag, name, value in page.attributes if name == "aria-sort"]
    assert sorts == ["ascending"]
    betters = [value for tag, name, value in page.attributes if name == "data-better"]
    titles = [value for tag, name, value in page.attributes if tag == "button" and name == "title"]
    assert len(betters) == len(titles) >= 10
    assert {"higher", "lower", ""} == set(betters)


def test_no_id_stands_twice_and_every_inner_link_has_its_target(page):
    assert len(page.ids) == len(set(page.ids))
    assert inner_links(page) <= set(page.ids)


def test_what_the_script_looks_for_is_there(page):
    from importlib.resources import files

    for name in ("plot.js", "page.js", "sections.js"):
        script = files("valence.report").joinpath(name).read_text(encoding="utf-8")
        assert set(re.findall(r'\$\("([\w-]+)"\)', script)) <= set(page.ids)
        assert "innerHTML" not in script


def test_the_page_names_its_provenance(filled):
    text = render(build(filled.store, "toy"))
    assert "<code>d1</code>" in text
    assert "python 3.11" in text
    assert "valence run good --seed 2" in text
    assert "valence board --data toy" in text


def test_a_hundred_rows_stay_well_below_a_megabyte(made):
    for i in range(100):
        made.run(f"preset_number_{i}", 0.5 + i / 100)
    assert len(render(build(made.store, "toy")).encode()) < 500_000


def test_a_page_does_not_grow_with_the_number_of_texts(made, tmp_path):
    made.run("a", 1.0)
    small = len(render(build(made.store, "toy")))
    big, times = RunStore(tmp_path / "big"), 50
    scored = made.scored(1.0)
    ids = tuple(f"{name.split('_')[0]}{i:02}_{1 + i % 9}" for i in range(times) for name in scored.ids)
    many = Scored(ids, np.tile(scored.labels, times), Predictions(np.tile(scored.predictions.probabilities, (times, 1))))
    record = made.store.find("a--toy--nall--s0").model_copy(update={"n_scored": len(ids), "ids_digest": ids_digest(ids, many.labels)})
    big.save(record, many)
    assert len(ids) == 10_000
    assert abs(len(render(build(big, "toy"))) - small) < 2_000


def test_learning_curves_stand_on_the_page_where_there_are_several_sizes(made):
    made.run("a", 1.0)
    assert 'id="curves"' not in render(build(made.store, "toy"))
    made.run("a", 0.5, n_train=100)
    elements = Elements(render(build(made.store, "toy")))
    assert {"curves", "plot", "aim", "sizes", "curve-data"} <= set(elements.ids)
    assert len(elements.ids) == len(set(elements.ids))


def test_a_calibrated_row_shows_both_errors(made):
    made.report(made.run("a").id)
    row = json.loads(Elements(render(build(made.store, "toy"))).data)["rows"][0]
    assert row["ece_after"] == "1.23"
    assert sum(row["scaled"][2]) == 200
    assert "Dashed: after temperature scaling" in render(build(made.store, "toy"))


def test_a_board_without_ranks_is_a_page_too(made):
    made.run("broken", status="interrupted", error="Stopped by Ctrl-C.")
    text = render(build(made.store, "toy"))
    assert "No run has finished yet." in text
    assert "Stopped by Ctrl-C." in text
    assert inner_links(Elements(text)) <= set(Elements(text).ids)


def test_a_single_row_is_a_page_too(made):
    made.run("alone")
    assert "the only row" in render(build(made.store, "toy"))
