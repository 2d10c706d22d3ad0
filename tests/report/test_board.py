import subprocess
import sys

import numpy as np
import pytest

from valence.evaluation.paired import compare_pairs
from valence.report.board import build, write
from valence.report.table import csv_text
from valence.store import Scored
from valence.types import Predictions


def named(board):
    return [r.title for r in board.rows]


def test_runs_that_differ_by_their_seed_share_a_row_and_rows_rank_by_accuracy(filled):
    board = build(filled.store, "toy")
    assert named(board) == ["good", "fair", "friend", "poor"]
    assert [r.rank for r in board.rows] == [1, 2, 3, 4]
    assert [len(r.records) for r in board.rows] == [3, 1, 1, 1]
    assert [e.preset for e in board.unfinished] == ["broken"]


def test_other_numbers_of_training_texts_and_other_presets_are_other_rows(made):
    made.run("a", 1.0)
    made.run("a", 0.8, n_train=100)
    made.run("b", 1.0, group="a-all")  # the same settings under another name
    assert sorted(named(build(made.store, "toy"))) == ["a", "a (n=100)", "b"]


def test_neighbours_are_tested_on_the_same_texts_and_adjusted_over_the_board(filled):
    board = build(filled.store, "toy")
    expected = compare_pairs([r.tally for r in board.rows], [(0, 1), (1, 2), (2, 3)])
    assert [r.better_than_next_p for r in board.rows] == [*(pytest.approx(c.p_adjusted) for c in expected), None]


def test_the_pareto_front_is_drawn_among_rows_of_one_device(filled):
    on = {r.first.preset: r.pareto for r in build(filled.store, "toy").rows}
    assert on == {"good": True, "fair": True, "friend": False, "poor": False}
    filled.run("poor", 0.2, cost={"fit_seconds": 20.0, "texts_per_second": 50.0}, provenance={"device": "GPU"})
    assert next(r.pareto for r in build(filled.store, "toy").rows if r.first.preset == "poor")


def test_a_run_on_other_texts_is_refused_with_its_reason_and_the_rest_ranks(filled):
    filled.run("half", scored=filled.scored(3.0, n=100))
    board = build(filled.store, "toy")
    assert "half" not in named(board)
    assert [(e.preset, e.status) for e in board.refused] == [("half", "refused")]
    assert "not the 200 of the others" in board.refused[0].reason


def test_a_failed_seed_is_noted_on_the_row_it_is_missing_from(made):
    made.run("a", seed=0)
    made.run("a", seed=1, status="failed", error="no")
    (row,) = build(made.store, "toy").rows
    assert (len(row.records), row.missing) == (1, 1)


def test_the_order_in_a_file_changes_nothing(made, tmp_path):
    made.run("a", 1.0)
    made.run("b", 0.8)
    before = csv_text(build(made.store, "toy"))
    straight, order = made.scored(0.8), np.random.default_rng(2).permutation(200)
    turned = Scored(tuple(straight.ids[i] for i in order), straight.labels[order], Predictions(straight.predictions.probabilities[order]))
    made.run("b", scored=turned)
    assert csv_text(build(made.store, "toy")) == before


def test_dev_runs_have_a_board_of_their_own(filled):
    filled.run("tuned", 2.5, score_on="dev")
    assert "tuned" not in named(build(filled.store, "toy"))
    dev = build(filled.store, "toy", score_on="dev")
    assert (named(dev), dev.name) == (["tuned"], "toy-dev")


def test_a_store_of_failures_makes_a_board_without_ranks_or_figures(made, tmp_path):
    made.run("broken", status="failed", error="The loss went nan.")
    board = build(made.store, "toy")
    assert (board.rows, board.tied_with_best) == ((), ())
    written = write(board, tmp_path / "board")
    assert sorted(p.name for p in written) == ["broken--toy--nall--s0.html", "toy.csv", "toy.html", "toy.md"]
    assert "The loss went nan." in (tmp_path / "board" / "toy.html").read_text(encoding="utf-8")


def test_every_file_is_written_whole_and_nothing_is_left_beside(filled, tmp_path):
    board = build(filled.store, "toy")
    written = {p.relative_to(tmp_path / "board").as_posix() for p in write(board, tmp_path / "board")}
    kinds = {"toy.md", "toy.csv", "toy.html", "toy-accuracy.png", "toy-cost.png", "toy-reliability.png"}
    pages = {f"runs/{name}.html" for name in filled.store.ids()}
    assert written == kinds | pages == {p.relative_to(tmp_path / "board").as_posix() for p in (tmp_path / "board").rglob("*.*")}


def test_writing_twice_gives_the_same_bytes(filled, tmp_path):
    first = {p.name: p.read_bytes() for p in write(build(filled.store, "toy"), tmp_path / "a")}
    second = {p.name: p.read_bytes() for p in write(build(filled.store, "toy"), tmp_path / "b")}
    assert first == second


def test_only_texts_that_are_shown_are_kept(filled):
    texts = dict.fromkeys(filled.ids, "A sentence.")
    board = build(filled.store, "toy", texts=texts)
    assert set(board.texts) == {w.id for r in board.rows for wrong in (r.wrong, *(run.wrong for run in r.runs)) for w in wrong}
    assert set(board.texts) < set(filled.ids)
    assert build(filled.store, "toy").texts == {}


def test_a_board_needs_no_torch_and_no_method(filled, tmp_path):
    code = (
        "import sys; from valence.report.board import build, write; from valence.store import RunStore;"
        f"write(build(RunStore({str(filled.store.folder)!r}), 'toy'), {str(tmp_path / 'out')!r});"
        "heavy = [m for m in sys.modules if m.split('.')[0] in {'torch', 'transformers', 'sklearn', 'plotly'}"
        " or m.startswith('valence.methods')]; assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_board_draws_in_no_plotting_and_no_templates():
    code = "import sys, valence.report.board; print([m for m in ('matplotlib', 'jinja2', 'rich', 'polars', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
