"""Learning curves from made-up runs: what belongs together, where it stands, and what is said about it."""

import pytest

from valence.errors import BadSetting, UnknownName
from valence.report.curve import build, write
from valence.store import Cost

SKILLS = {16: 0.0, 64: 0.4, 256: 1.0, None: 2.0}


def add(made, preset, n, skill, seed, **changes):
    settings = {"method": {"name": preset, "rate": changes.pop("rate", 1)}, "data": "toy", "n_train": n, "seed": seed}
    label = {"id": f"{preset}{changes.pop('mark', '')}--toy--n{n}--s{seed}"}
    return made.run(preset, skill, seed, n_train=n, experiment=settings, method=preset, **label, **changes)


@pytest.fixture
def store(made):
    """A curve of four sizes and three seeds, one of two sizes, a level line and a method of one size."""
    for n, skill in SKILLS.items():
        for seed in range(3):
            add(made, "steady", n, skill, seed)
    for n in (64, 256):
        add(made, "short", n, 0.6, 0)
    add(made, "asked", None, 1.5, 0, cost={"trainable_parameters": 0})
    add(made, "once", None, 1.2, 0)
    return made


def by_title(curves):
    return {c.title: c for c in curves.curves}


def test_runs_that_differ_by_size_and_seed_make_a_curve_and_those_without_labels_a_level_line(store):
    curves = build(store.store, "toy", n_all=1000)
    found = by_title(curves)
    assert set(found) == {"steady", "short", "asked"}, "one size makes no curve"
    assert [(p.n, p.whole, len(p.seeds)) for p in found["steady"].points] == [
        (16, False, 3),
        (64, False, 3),
        (256, False, 3),
        (1000, True, 3),
    ]
    assert (found["asked"].flat, found["steady"].flat) == (True, False)
    assert curves.curves[-1].flat


def test_a_point_is_the_mean_over_its_seeds_with_an_interval_around_it(store):
    point = by_title(build(store.store, "toy"))["steady"].points[1]
    accuracies = [store.store.find(f"steady--toy--n64--s{s}").metrics["accuracy"] for s in range(3)]
    assert point.seed_accuracies == pytest.approx(accuracies)
    assert point.accuracy.value == pytest.approx(sum(accuracies) / 3)
    assert point.accuracy.low < point.accuracy.value < point.accuracy.high


def test_areas_are_taken_over_the_sizes_all_curves_have(store):
    curves = build(store.store, "toy", n_all=1000)
    found = by_title(curves)
    assert curves.span == (64, 256)
    middle = [p.accuracy.value for p in found["steady"].points[1:3]]
    assert found["steady"].area.value == pytest.approx(sum(middle) / 2)
    assert found["asked"].area == found["asked"].points[0].accuracy


def test_all_texts_count_only_where_their_number_is_known(store):
    with_number = by_title(build(store.store, "toy", n_all=1000, targets=[0.8]))["steady"]
    without = by_title(build(store.store, "toy", targets=[0.8]))["steady"]
    assert (with_number.needed[0].largest, without.needed[0].largest) == (1000, 256)
    assert 256 < with_number.needed[0].value < 1000
    assert without.points[-1].n is None


def test_a_preset_may_be_named_and_then_one_size_is_enough(store):
    assert set(by_title(build(store.store, "toy", names=["once", "short"]))) == {"once", "short"}


def test_settings_tell_two_curves_of_one_preset_apart(store):
    for n in (64, 256):
        add(store, "short", n, 0.9, 0, rate=2, mark="b")
    assert {"short (rate=1)", "short (rate=2)"} <= set(by_title(build(store.store, "toy")))


def test_models_are_told_apart_by_their_names_alone_though_other_settings_differ_too(store):
    for number, model in enumerate(("hub/one-1b", "two-2b")):
        settings = {
            "method": {"name": "said", "model": model, "words": [number], "batch": number},
            "data": "toy",
            "n_train": None,
            "seed": 0,
        }
        costs = {"trainable_parameters": 0}
        store.run("said", 1.0, 0, n_train=None, experiment=settings, method="said", id=f"said{number}--toy", cost=costs)
    assert {"said (one-1b)", "said (two-2b)"} <= set(by_title(build(store.store, "toy")))


def test_a_prompt_with_examples_uses_as_many_labels_as_it_shows(store):
    settings = {"method": {"name": "said", "shots": 8}, "data": "toy", "n_train": None, "seed": 0}
    cost = {"trainable_parameters": 0}
    store.run("said", 1.0, 0, n_train=None, experiment=settings, method="said", id="said8--toy", cost=cost)
    assert "said" not in by_title(build(store.store, "toy"))
    found = by_title(build(store.store, "toy", names=["said"]))["said"]
    assert (found.flat, [p.n for p in found.points]) == (False, [8])


def test_a_run_that_failed_is_missed_in_its_mean_and_spoken_of(store):
    add(store, "steady", 64, 0, 7, status="failed", error="All 200 texts got class 1: the network has collapsed.")
    add(store, "short", 16, 0, 0, status="failed", error="The loss went nan.")
    curves = build(store.store, "toy")
    assert by_title(curves)["steady"].points[1].missing == 1
    said = "\n".join(curves.warnings)
    assert "steady at N = 64: 1 of 4 runs did not finish (seed 7), the mean is that of the others. All 200 texts got class 1" in said
    assert "short at N = 16: 1 of 1 runs did not finish (seed 0), there is no point. The loss went nan." in said


def test_a_point_that_collapses_to_one_class_is_spoken_of(store):
    import numpy as np

    from valence.store import Scored
    from valence.types import Predictions

    one_class = np.tile(np.array([[0.4, 0.6]], dtype=np.float32), (len(store.ids), 1))
    one_class[0] = (0.6, 0.4)
    add(store, "short", 16, 0, 0, scored=Scored(store.ids, store.labels, Predictions(one_class)))
    assert "short at N = 16: nearly all answers are one class (seed 0; up to 99.5 % 'positive')." in build(store.store, "toy").warnings


def test_a_sound_store_gets_no_warning(store):
    assert build(store.store, "toy").warnings == ()


def test_runs_on_two_versions_of_the_data_are_spoken_of(store):
    from valence.store import Provenance

    add(store, "short", 16, 0.1, 0, provenance=Provenance(data_digest="d2"))
    assert any("2 versions of the data (d1, d2)" in w for w in build(store.store, "toy").warnings)


@pytest.mark.parametrize("target", [0.0, 1.0, 90.0])
def test_a_target_that_is_no_share_is_refused(store, target):
    with pytest.raises(BadSetting, match=r"between 0 and 1, such as 0\.9"):
        build(store.store, "toy", targets=[target])


def test_an_unknown_preset_and_a_store_without_curves_are_refused_in_one_line(store, made):
    with pytest.raises(UnknownName, match="Did you mean 'steady'"):
        build(store.store, "toy", names=["stedy"])
    made.run("lonely", data="other", cost=Cost().model_dump(exclude_none=True))
    with pytest.raises(BadSetting, match="No preset has finished runs of two sizes on other"):
        build(store.store, "other")


def test_everything_is_written_and_nothing_else(store, tmp_path):
    paths = write(build(store.store, "toy", n_all=1000), tmp_path / "out")
    assert [p.name for p in paths] == ["toy-curve.md", "toy-curve.csv", "toy-curve.html", "toy-curve.png"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in paths)
    assert paths[3].read_bytes().startswith(b"\x89PNG")
