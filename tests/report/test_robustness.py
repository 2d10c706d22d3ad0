from valence.evaluation.uncertainty import Interval
from valence.report.beside import Trial
from valence.report.board import build
from valence.report.robustness import HEADINGS, compared, lines


def test_without_any_stress_report_there_is_no_table(filled):
    board = build(filled.store, "toy")
    assert compared(board.rows, board.reports) is None


def test_runs_stand_side_by_side_and_a_trial_that_one_lacks_is_empty(filled):
    good, poor = (next(i for i in filled.store.ids() if i.startswith(name)) for name in ("good", "poor"))
    filled.report(good)
    filled.report(poor)
    path = filled.store.path(poor) / f"{poor}.stress.json"
    path.write_text(path.read_text(encoding="utf-8").replace("5 % of the words", "20 % of the words"), encoding="utf-8")
    board = build(filled.store, "toy")
    found = compared(board.rows, board.reports)
    assert [(c["run"], c["row"], c["title"]) for c in found["columns"]] == [(good, 0, "good, seed 0"), (poor, 3, "poor")]
    ((stressor, trials),) = found["groups"]
    assert (stressor, [name for name, _ in trials]) == ("typos", ["5 % of the words", "praise added", "20 % of the words"])
    assert trials[0][1] == [{"shown": "80.0", "note": "-10.0", "kind": "down"}, {"shown": "", "note": "", "kind": ""}]
    assert trials[1][1][0] == {"shown": "5.0", "note": "broken", "kind": ""}


def test_a_runs_own_table_shows_every_interval_under_its_heading():
    share, change = Interval(0.8, 0.75, 0.85), Interval(0.02, -0.01, 0.05)
    (line,) = lines([Trial(stressor="case", name="small", n=1000, before=share, after=share, change=change, p=0.2)])
    assert dict(zip(HEADINGS, line["cells"], strict=True)) == {
        **{"Texts": "1,000", "Before %": "80.0 [75.0, 85.0]", "After %": "80.0 [75.0, 85.0]", "Change": "+2.0 [-1.0, +5.0]", "p": ".200"},
        **{"Flipped %": "", "Both right %": "", "Broken %": ""},
    }
    assert line["kind"] == "", "p = .2 tells nothing apart"
