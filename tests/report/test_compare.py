import json

import pytest
from rich.console import Console

from valence.errors import BadData, BadSetting, Mismatch, UnknownName
from valence.evaluation import paired
from valence.report.compare import compare


def test_runs_are_paired_best_first_and_adjusted_together(filled):
    table = compare(filled.store, ["poor--toy--nall--s0", "good--toy--nall--s0", "fair--toy--nall--s0"])
    assert [s.name.split("--")[0] for s in table.sides] == ["good", "fair", "poor"]
    assert [(a, b) for a, b, _ in table.pairs] == [(0, 1), (0, 2), (1, 2)]
    assert all(test.difference >= 0 and test.p_adjusted >= test.p for _, _, test in table.pairs)
    right = {name: (filled.scored(skill).predictions.labels == filled.labels)[None] for name, skill in (("good", 1.8), ("poor", 0.2))}
    alone = paired.compare(paired.tally(right["good"]), paired.tally(right["poor"]))
    assert (table.pairs[1][2].p, table.pairs[1][2].only_first) == (alone.p, alone.only_first)


def test_seeds_can_be_pooled_into_one_side(filled):
    filled.run("fair", 1.2, 1)
    names = [i for i in filled.store.ids() if i.startswith(("good", "fair"))]
    table = compare(filled.store, names, pool_seeds=True)
    assert [s.name for s in table.sides] == ["good (3 seeds)", "fair (2 seeds)"]
    assert table.pairs[0][2].test == "paired t over seeds and texts"
    with pytest.raises(BadSetting, match="at least two rows; got 1"):
        compare(filled.store, names[:2], pool_seeds=True)


@pytest.mark.parametrize(
    ("names", "error", "said"),
    [
        (["good--toy--nall--s0"], BadSetting, "at least two runs; got 1"),
        (["good--toy--nall--s0", "good--toy--nall--s0"], BadSetting, "got 1"),
        (["good--toy--nall--s0", "broken"], BadSetting, "marked failed. The loss went nan"),
        (["good--toy--nall--s0", "nothing"], UnknownName, "No run 'nothing'"),
        (["good--toy--nall--s0", "half"], Mismatch, "half--toy--nall--s0 cannot be compared with good"),
        (["good--toy--nall--s0", "far"], Mismatch, "was scored on moon test, good--toy--nall--s0 on toy test"),
    ],
)
def test_what_cannot_be_compared_is_one_line(filled, names, error, said):
    filled.run("half", scored=filled.scored(3.0, n=100))
    filled.run("far", data="moon")
    with pytest.raises(error, match=said):
        compare(filled.store, names)


def test_broken_predictions_name_their_run(filled):
    (filled.store.path("fair--toy--nall--s0") / "predictions.parquet").unlink()
    with pytest.raises(BadData, match=r"fair--toy--nall--s0: .*cannot be read"):
        compare(filled.store, ["good--toy--nall--s0", "fair"])


def test_a_comparison_is_written_for_people_pages_and_scripts(filled):
    table = compare(filled.store, ["good--toy--nall--s0", "poor"])
    console = Console(width=80)
    with console.capture() as capture:
        console.print(table.table())
    assert max(map(len, capture.get().splitlines())) <= 80
    assert "1-2" in capture.get()
    assert "| good--toy--nall--s0 | poor--toy--nall--s0 | +" in table.to_markdown()
    read = table.to_json()
    assert read["pairs"][0]["difference"] == pytest.approx(table.pairs[0][2].difference)
    assert [side["runs"] for side in read["sides"]] == [("good--toy--nall--s0",), ("poor--toy--nall--s0",)]
    assert json.loads(json.dumps(read))["n"] == 200
