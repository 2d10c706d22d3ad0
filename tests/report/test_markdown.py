import pytest

from valence.report.board import build
from valence.report.markdown import escape, render


def test_the_page_ranks_explains_and_names_what_is_not_ranked(filled):
    filled.run("half", scored=filled.scored(3.0, n=100))
    page = render(build(filled.store, "toy"))
    assert "4 rows from 6 finished runs, each scored on the same 200 texts of `test`." in page
    assert "| 1 | ◆ good | made_up | all | 3 |" in page
    assert "## Failed and interrupted" in page
    assert "| broken | 0 | failed | The loss went nan at step 3. |" in page
    assert "## Not comparable" in page
    assert "- **p vs next**: Paired test" in page


def test_columns_that_are_empty_everywhere_are_left_out(filled):
    page = render(build(filled.store, "toy"))
    assert "Original %" not in page
    assert "Backbone" not in page
    filled.run("poor", 0.2, seed_accuracy=0.5, backbone="mpnet")
    page = render(build(filled.store, "toy"))
    assert "Original %" in page
    assert "mpnet" in page


def test_a_hostile_name_breaks_no_row_and_starts_no_markup(made):
    made.run("a | b\n| <script>alert(1)</script> | [x](y) `c` *d*", 1.0)
    made.run("ok", 0.5)
    page = render(build(made.store, "toy"))
    rows = [line for line in page.splitlines() if line.startswith("| ") and "---" not in line]
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
    assert "\\<script\\>" in page


@pytest.mark.parametrize(
    ("text", "safe"), [("bert_rdrop", "bert_rdrop"), ("_x_", "\\_x\\_"), ("a|b", "a\\|b"), ("a\n b", "a b"), ("**", "\\*\\*")]
)
def test_only_what_means_something_is_escaped(text, safe):
    assert escape(text) == safe
