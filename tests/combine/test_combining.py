import shutil

import numpy as np
import pytest

from valence.combine import combine
from valence.errors import BadSetting, Mismatch, UnknownName
from valence.evaluation.metrics import CLIP
from valence.runner import load, prepare
from valence.store import RunStore


def stored(store, run):
    found = store.predictions(run)
    return found.predictions.probabilities


def test_a_vote_is_the_mean_of_the_stored_predictions(store, ids):
    made = combine(store, list(ids.values()), "vote", device="cpu")
    expected = np.mean([stored(store, run).astype(float) for run in ids.values()], axis=0)
    np.testing.assert_allclose(stored(store, made.record.id), expected, atol=1e-6)
    assert made.held_out == 0
    assert made.record.metrics["accuracy"] == pytest.approx((expected.argmax(axis=1) == store.predictions(made.record.id).labels).mean())


def test_stacking_is_the_logistic_function_of_the_weighted_log_odds(store, ids):
    made = combine(store, [ids["nb_svm"], ids["mean_embedding"]], "stacking", device="cpu")
    odds = [np.log(np.maximum(stored(store, ids[m]).astype(float), CLIP)) @ [-1, 1] for m in ("nb_svm", "mean_embedding")]
    (first,), (second,) = made.rule["coefficients"]
    expected = 1 / (1 + np.exp(-(first * odds[0] + second * odds[1] + made.rule["intercept"][0])))
    np.testing.assert_allclose(stored(store, made.record.id)[:, 1], expected, atol=1e-6)
    assert made.held_out == 60


@pytest.mark.parametrize(("share", "member"), [(0.0, "mean_embedding"), (1.0, "nb_svm")])
def test_a_cascade_that_passes_on_nothing_or_all_is_a_member(store, ids, share, member, monkeypatch):
    from valence.methods import cascade

    monkeypatch.setattr(cascade, "_within", lambda curve, share: 0 if share == 0 else len(curve.threshold) - 1)
    _free_of_speed(monkeypatch)
    made = combine(store, [ids["mean_embedding"], ids["nb_svm"]], "cascade", share=share, device="cpu")
    np.testing.assert_array_equal(stored(store, made.record.id), stored(store, ids[member]))
    assert made.curve.chosen.share == share


def _free_of_speed(monkeypatch):
    """Tiny runs are timed by chance; which is the cheap one is not what these tests are about."""
    from valence.combine import combining

    monkeypatch.setattr(combining, "relative_price", lambda *_: None)


@pytest.mark.parametrize("how", ["vote", "stacking", "cascade"])
def test_the_run_loads_on_its_own_and_answers_what_it_stored(store, ids, data, how, tmp_path, monkeypatch):
    _free_of_speed(monkeypatch)
    settings = {"share": 0.4} if how == "cascade" else {}
    made = combine(store, [ids["mean_embedding"], ids["nb_svm"]], how, device="cpu", **settings)
    alone = RunStore(tmp_path / "elsewhere")
    shutil.copytree(store.path(made.record.id), alone.path(made.record.id))
    classifier, record = load(made.record.id, alone, device="cpu")
    scored = alone.predictions(record.id)
    from valence.experiment import Experiment

    texts = prepare(Experiment.model_validate(record.experiment)).scored.texts
    np.testing.assert_array_equal(classifier.predict(texts).probabilities, scored.predictions.probabilities)
    assert not [f.name for f in alone.folder.rglob("*") if f.suffix in {".pkl", ".pt", ".bin", ".joblib"}]


def test_what_the_rule_learned_from_is_kept_and_was_answered_unseen(store, ids):
    from valence.combine.sources import answer_unseen, read_sources, unseen

    made = combine(store, [ids["nb_svm"], ids["mean_embedding"]], "vote", weights="fitted", device="cpu")
    kept = RunStore(store.path(made.record.id) / "model").predictions("held_out")
    sources = read_sources(store, [r.id for r in made.members])
    texts = unseen(sources)
    assert kept.ids == texts.ids
    expected = sum(w * answer_unseen(s, texts, store, device="cpu") for w, s in zip(made.rule["weights"], sources, strict=True))
    np.testing.assert_allclose(kept.predictions.probabilities, expected, atol=1e-6)
    assert any("fitted once more" in note for note in made.notes)


def test_runs_that_held_out_other_texts_are_refused_and_nothing_is_written(store, ids, data, fit_run):
    other = fit_run(store, "nb_svm", data, seed=1)
    before = store.ids()
    for how in ("stacking", "vote"):
        with pytest.raises(Mismatch, match="texts were held out by all 2 runs"):
            combine(store, [ids["mean_embedding"], other], how, device="cpu", **({"weights": "fitted"} if how == "vote" else {}))
    assert store.ids() == before
    combine(store, [ids["mean_embedding"], other], "vote", device="cpu")
    assert len(store.ids()) == len(before) + 1, "equal weights learn nothing, so that seeds may differ"


def test_a_combination_of_combinations_and_one_run_are_refused(store, ids):
    made = combine(store, [ids["nb_svm"], ids["mean_embedding"]], "vote", device="cpu")
    with pytest.raises(BadSetting, match=r"is a combination itself. Combine its members instead: nb_svm--"):
        combine(store, [made.record.id, ids["tfidf_linear"]], "vote", device="cpu")
    with pytest.raises(BadSetting, match="1 different runs were given; a vote needs two or more"):
        combine(store, [ids["nb_svm"], ids["nb_svm"]], "vote", device="cpu")
    with pytest.raises(BadSetting, match="3 different runs were given; a cascade needs exactly two runs, the cheap one first"):
        combine(store, list(ids.values()), "cascade", device="cpu")


def test_settings_of_another_way_and_unknown_ways_are_named(store, ids):
    runs = [ids["nb_svm"], ids["mean_embedding"]]
    with pytest.raises(UnknownName, match="No setting of vote 'share'"):
        combine(store, runs, "vote", device="cpu", share=0.5)
    with pytest.raises(UnknownName, match="Did you mean 'stacking'"):
        combine(store, runs, "stakcing", device="cpu")
    with pytest.raises(BadSetting, match="A budget belongs to a cascade"):
        combine(store, runs, "vote", device="cpu", budget=0.5)
    with pytest.raises(BadSetting, match="cost = -1"):
        combine(store, runs, "stacking", device="cpu", cost=-1)


def with_speeds(store, monkeypatch, speeds):
    """Let the records of the runs say these texts per second."""
    find = store.find

    def found(run):
        record = find(run)
        speed = next((v for k, v in speeds.items() if run.startswith(k)), 1.0)
        return record.model_copy(update={"cost": record.cost.model_copy(update={"texts_per_second": speed})})

    monkeypatch.setattr(store, "find", found)


def test_a_budget_is_kept_on_the_held_out_texts_and_priced_by_the_records(store, ids, monkeypatch):
    with_speeds(store, monkeypatch, {"mean_embedding": 1000.0, "nb_svm": 100.0})
    made = combine(store, [ids["mean_embedding"], ids["nb_svm"]], "cascade", budget=0.5, device="cpu")
    assert made.curve.price == pytest.approx(0.1)
    assert made.curve.chosen.cost == pytest.approx(0.1 + made.curve.chosen.share)
    # per text 1/1000 s, and 1/100 s where it is passed on
    assert 1 / made.record.cost.texts_per_second == pytest.approx(0.001 + made.curve.chosen.share * 0.01)
    assert "--share 0.4" in made.record.command
    with pytest.raises(BadSetting, match=r"budget = 0.05 is out of reach: the first run alone costs 0.1 of the second, both 1.1"):
        combine(store, [ids["mean_embedding"], ids["nb_svm"]], "cascade", budget=0.05, device="cpu")


def test_the_dearer_run_first_is_refused(store, ids, monkeypatch):
    with_speeds(store, monkeypatch, {"mean_embedding": 1000.0, "nb_svm": 100.0})
    with pytest.raises(BadSetting, match=r"takes 10 times as long per text as mean_embedding.* Name the cheap one first"):
        combine(store, [ids["nb_svm"], ids["mean_embedding"]], "cascade", device="cpu")


def test_combining_again_replaces_the_run_with_the_same_bits(store, ids):
    first, second = (combine(store, [ids["nb_svm"], ids["mean_embedding"]], "stacking", device="cpu") for _ in range(2))
    assert first.record.id == second.record.id
    assert first.record.metrics == second.record.metrics


def test_a_member_without_a_model_is_refused_before_anything_is_fitted(store, ids, monkeypatch):
    from valence.methods.nb_svm import NbSvm

    shutil.rmtree(store.path(ids["mean_embedding"]) / "model")
    monkeypatch.setattr(NbSvm, "fit", lambda *_: pytest.fail("a twin was fitted in vain"))
    with pytest.raises(BadSetting, match=r"mean_embedding.* holds predictions but no model. Run it again with: valence run mean_embedding"):
        combine(store, [ids["nb_svm"], ids["mean_embedding"]], "stacking", device="cpu")


def test_a_vote_takes_runs_without_a_model_and_then_holds_none_itself(store, ids):
    runs = [ids["nb_svm"], ids["mean_embedding"]]
    whole = combine(store, runs, "vote", device="cpu")
    before = stored(store, whole.record.id)
    shutil.rmtree(store.path(ids["mean_embedding"]) / "model")
    bare = combine(store, runs, "vote", device="cpu")
    np.testing.assert_array_equal(stored(store, bare.record.id), before)
    assert bare.record.cost.total_parameters == whole.record.cost.total_parameters
    assert bare.record.cost.size_bytes is None
    assert any(ids["mean_embedding"] in note and "predictions alone" in note for note in bare.notes)
    assert not any("predictions alone" in note for note in whole.notes)
    with pytest.raises(BadSetting, match=r"holds predictions but no model. Run it again with: valence combine nb_svm"):
        load(bare.record.id, store, device="cpu")


def test_a_cascade_with_a_given_threshold_learns_nothing_and_takes_runs_without_a_model(store, ids, monkeypatch):
    runs = [ids["mean_embedding"], ids["nb_svm"]]
    _free_of_speed(monkeypatch)
    cheap, dear = (stored(store, run) for run in runs)
    threshold = float(np.median(cheap.max(axis=1)))
    shutil.rmtree(store.path(runs[0]) / "model")
    made = combine(store, runs, "cascade", threshold=threshold, device="cpu")
    passed_on = cheap.max(axis=1) <= threshold
    assert 0 < passed_on.sum() < len(cheap)
    np.testing.assert_array_equal(stored(store, made.record.id), np.where(passed_on[:, None], dear, cheap))
    assert (made.held_out, made.curve.chosen.threshold) == (0, threshold)
    with pytest.raises(BadSetting, match="both say what is passed on"):
        combine(store, runs, "cascade", threshold=threshold, share=0.5, device="cpu")
    with pytest.raises(BadSetting, match="one of --budget, --share and --threshold"):
        combine(store, runs, "cascade", threshold=threshold, budget=0.7, device="cpu")


def test_three_labels_are_combined_too(store, fit_run, reviews, tmp_path):
    data = reviews(tmp_path / "three.csv", n=480, classes=3)
    runs = [fit_run(store, name, data) for name in ("nb_svm", "mean_embedding")]
    made = combine(store, runs, "stacking", device="cpu")
    assert np.shape(made.rule["coefficients"]) == (6, 3)
    assert stored(store, made.record.id).shape == (120, 3)
