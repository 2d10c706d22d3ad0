"""The leak guard: nothing is learned from a text that a run was fitted on."""

import json

import numpy as np
import pytest

from valence.combine.sources import ENOUGH, answer_unseen, check_comparable, read_sources, unlike, unseen
from valence.data.subsample import hold_out
from valence.errors import BadSetting, Mismatch
from valence.methods.nb_svm import NbSvm
from valence.types import Split


def test_runs_of_one_seed_share_their_whole_valid_part_and_none_of_it_is_train(store, ids):
    sources = read_sources(store, list(ids.values()))
    texts = unseen(sources)
    assert len(texts) == 60
    for source in sources:
        assert set(texts.ids) == set(source.parts.valid.ids)
        assert not set(texts.ids) & set(source.parts.train.ids)
        assert not set(texts.texts) & set(source.parts.train.texts)


def test_runs_of_two_seeds_share_too_few_texts_and_are_told_what_to_do(store, ids, data, fit_run):
    other = fit_run(store, "nb_svm", data, seed=1)
    sources = read_sources(store, [ids["mean_embedding"], other])
    with pytest.raises(Mismatch, match=rf"Only \d+ texts were held out by all 2 runs, and {ENOUGH} are needed: .*\(seed 1\).*same --seed"):
        unseen(sources)


def test_enough_texts_in_common_are_used_and_no_other(store, fit_run, reviews, tmp_path):
    data = reviews(tmp_path / "more.csv", n=700, test=100)
    runs = [fit_run(store, "nb_svm", data, seed=seed, valid_fraction=0.5) for seed in (0, 1)]
    sources = read_sources(store, runs)
    texts = unseen(sources)
    assert ENOUGH <= len(texts) < 300
    assert not any(set(texts.ids) & set(source.parts.train.ids) for source in sources)


def test_a_method_that_learns_from_valid_is_fitted_once_more_on_train_alone(store, ids, monkeypatch):
    (source,) = read_sources(store, [ids["nb_svm"]])
    texts, seen = unseen([source]), []
    fit = NbSvm.fit

    def spy(self, train, valid, task):
        seen.extend((*train.ids, *valid.ids))
        return fit(self, train, valid, task)

    monkeypatch.setattr(NbSvm, "fit", spy)
    answers = answer_unseen(source, texts, store, device="cpu")
    assert set(seen) == set(source.parts.train.ids)
    assert not set(seen) & set(texts.ids)
    assert answers.shape == (60, 2)
    monkeypatch.undo()
    from valence.runner import load

    saved = load(ids["nb_svm"], store, device="cpu")[0].predict(texts.texts)
    flattered, honest = (saved.labels == texts.labels).mean(), (answers.argmax(axis=1) == texts.labels).mean()
    assert flattered > honest + 0.05, "the saved model has learned these labels by heart, wrong ones too"


def test_a_method_that_only_chooses_on_valid_answers_with_its_saved_model(store, data, fit_run):
    pytest.importorskip("torch", reason="needs valence[torch]")
    from valence.methods.cnn import TINY
    from valence.runner import load

    run = fit_run(store, "cnn", data, **TINY)
    (source,) = read_sources(store, [run])
    texts = unseen([source])
    expected = load(run, store, device="cpu")[0].predict(texts.texts).probabilities
    np.testing.assert_allclose(answer_unseen(source, texts, store, device="cpu"), expected, atol=1e-6)


def test_other_data_labels_or_texts_are_a_mismatch(store, ids, fit_run, reviews, tmp_path):
    other = fit_run(store, "nb_svm", reviews(tmp_path / "other.csv", seed=5))
    with pytest.raises(Mismatch, match=r"differ in data: reviews .* and other .*Combine runs on the same texts"):
        check_comparable(read_sources(store, [ids["nb_svm"], other]))


def test_changed_data_are_noticed(store, fit_run, reviews, tmp_path):
    path = reviews(tmp_path / "changing.csv")
    run = fit_run(store, "nb_svm", path)
    reviews(path, seed=9)
    with pytest.raises(Mismatch, match=r"are not those that nb_svm--changing.* was fitted on. Run it again: valence run nb_svm"):
        read_sources(store, [run])


def test_outside_predictions_and_unfinished_runs_are_refused(store, ids):
    path = store.path(ids["nb_svm"]) / "record.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "experiment": {}}), encoding="utf-8")
    with pytest.raises(BadSetting, match="holds outside predictions and no held-out texts"):
        read_sources(store, [ids["nb_svm"]])
    path.write_text(json.dumps({**record, "status": "failed", "error": "The loss is nan."}), encoding="utf-8")
    with pytest.raises(BadSetting, match=r"is not finished: The loss is nan."):
        read_sources(store, [ids["nb_svm"]])


def test_identical_texts_lie_on_one_side_of_the_cut():
    twice = Split(tuple(map(str, range(40))), tuple(f"text {i // 2}" for i in range(40)), np.arange(40) // 20)
    train, valid = hold_out(twice, 0.25, seed=0)
    assert not set(train.texts) & set(valid.texts)


def test_accuracies_further_apart_than_chance_allows_are_said():
    right = np.arange(1000) < 950
    assert unlike(right, np.arange(1000) < 940) is None
    assert "0.950 on held-out and 0.800 on scored texts" in unlike(right, np.arange(1000) < 800)
