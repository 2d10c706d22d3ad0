import pytest
from rich.console import Console

from valence.report.board import build
from valence.report.terminal import render


def shown(board, width):
    console = Console(width=width)
    with console.capture() as capture:
        console.print(render(board, width))
    return capture.get()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_board_fits_the_terminal(filled, width):
    filled.run("a_preset_with_a_rather_long_name_that_goes_on", 0.9, n_train=16384)
    lines = shown(build(filled.store, "toy"), width).splitlines()
    assert max(map(len, lines)) <= width
    assert any("good" in line and "%" not in line for line in lines)


def test_a_name_is_not_broken_while_other_columns_can_give_way(made):
    made.run("a_name_of_25_characters_xx", 1.0, cost={"fit_seconds": 12345.0, "texts_per_second": 54321.0})
    made.run("tfidf_linear", 0.3)
    assert "a_name_of_25_characters_xx" in shown(build(made.store, "toy"), 80)
    assert "tfidf_linear" in shown(build(made.store, "toy"), 60)


def test_a_wider_terminal_shows_more(filled):
    board = build(filled.store, "toy")
    assert "Log loss" not in shown(board, 80)
    assert "Log loss" in shown(board, 120)
    assert "Peak memory" in shown(board, 160)


def test_what_is_not_ranked_stands_below_with_its_reason(filled):
    assert "failed: broken (seed 0). The loss went nan at step 3." in shown(build(filled.store, "toy"), 80)


def test_a_name_with_markup_is_shown_as_it_is(made):
    made.run("[red]x[/red]")
    assert "[red]x[/red]" in shown(build(made.store, "toy"), 80)


def test_a_board_without_ranks_says_so(made):
    made.run("broken", status="failed", error="no")
    assert "no run has finished yet" in shown(build(made.store, "toy"), 80)
