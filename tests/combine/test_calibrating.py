import hashlib
import json
import shutil

import numpy as np
import pytest

from conftest import sentences
from valence.combine import calibrate, combine
from valence.combine.sources import answer_unseen, read_sources, unseen
from valence.errors import BadSetting
from valence.evaluation.temperature import fit_temperature


def digest(folder):
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def test_everything_is_fitted_on_held_out_texts_and_the_run_stays_as_it_was(store, ids):
    before = digest(store.path(ids["nb_svm"]))
    found = calibrate(ids["nb_svm"], store, device="cpu")
    (source,) = read_sources(store, [ids["nb_svm"]])
    texts = unseen([source])
    assert found.held_out == len(texts) == 60
    assert found.temperature == fit_temperature(answer_unseen(source, texts, store, device="cpu"), texts.labels)
    assert any("twin" in note for note in found.notes)
    assert digest(store.path(ids["nb_svm"])) == before


def test_a_temperature_changes_no_answer(store, ids):
    found = calibrate(ids["mean_embedding"], store, device="cpu")
    assert found.before.accuracy == found.after.accuracy == store.find(ids["mean_embedding"]).metrics["accuracy"]
    assert found.before.ece.low <= found.before.ece.value <= found.before.ece.high
    np.testing.assert_array_equal(found.scored[0].predictions, found.scored[1].predictions)


def test_answering_everything_is_the_accuracy_and_answering_less_is_not_worse_here(store, ids):
    found = calibrate(ids["mean_embedding"], store, device="cpu")
    ranked = [row.ranked for row in found.abstentions]
    assert ranked[-1] == found.before.accuracy
    assert ranked[0] > ranked[-1]
    assert [row.asked for row in found.abstentions] == [0.5, 0.7, 0.8, 0.9, 0.95, 1.0]


def test_a_method_that_learns_from_valid_needs_no_model_and_another_says_how_to_get_one(store, ids, data, fit_run):
    shutil.rmtree(store.path(ids["nb_svm"]) / "model")
    assert calibrate(ids["nb_svm"], store, device="cpu").held_out == 60
    run = fit_run(store, "vote", data)
    assert not calibrate(run, store, device="cpu").notes
    shutil.rmtree(store.path(run) / "model")
    with pytest.raises(BadSetting, match=r"holds predictions but no model. Run it again with: valence run vote"):
        calibrate(run, store, device="cpu")


def test_a_run_made_of_runs_is_calibrated_on_what_no_member_was_fitted_on(store, ids):
    fitted = combine(store, [ids["nb_svm"], ids["mean_embedding"]], "stacking", device="cpu")
    equal = combine(store, [ids["nb_svm"], ids["mean_embedding"]], "vote", device="cpu")
    first, second = (calibrate(made.record.id, store, device="cpu") for made in (fitted, equal))
    assert first.held_out == second.held_out == 60
    assert first.notes == (
        "the rule of the combination was learned on these held-out texts, so that it may look a little surer there than it is",
    )
    assert second.notes == ()


def test_several_labels_get_both_kinds_of_sets(store, fit_run, reviews, tmp_path):
    run = fit_run(store, "nb_svm", reviews(tmp_path / "three.csv", n=480, classes=3))
    found = calibrate(run, store, device="cpu")
    assert {(p.score, p.promised) for p in found.promises} == {(s, c) for s in ("lac", "aps") for c in (0.9, 0.95, 0.99)}
    assert all(len(p.found.by_label) == 3 for p in found.promises)


def test_json_holds_no_infinity(store, ids):
    found = calibrate(ids["nb_svm"], store, device="cpu").to_json()
    assert found["promises"][2]["threshold"] is None, "60 texts are too few to promise 99 %"
    assert found["promises"][2]["found"]["coverage"]["value"] == 1.0
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_held_out_texts_that_fix_no_temperature_are_named(store, ids, data, tmp_path, fit_run):
    lines = []
    for i, (text, label) in enumerate(zip(*sentences(360), strict=True)):
        lines.append(f'r{i},"{text}",{("negative", "positive")[label]},{"test" if i >= 240 else "train"}')
    clean = tmp_path / "clean.csv"
    clean.write_text("\n".join(["id,text,label,split", *lines]) + "\n", encoding="utf-8")
    sure = calibrate(fit_run(store, "nb_svm", clean), store, device="cpu")
    assert any("do not scale by this one" in note for note in sure.notes)
    assert not any("do not scale" in note for note in calibrate(ids["nb_svm"], store, device="cpu").notes)
