"""Few labels, passed on to texts without any."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from conftest import sentences, tiny_encoder
from valence.experiment import experiment
from valence.methods.self_training import SelfTraining
from valence.methods.setfit import Setfit
from valence.runner import run
from valence.store import RunStore
from valence.training.mixture import fit_mixture
from valence.types import Journal, Split, Task

TINY = sys.modules[SelfTraining.__module__].TINY
SETTINGS = {**TINY, "backbone": str(tiny_encoder("tiny-bert")), "steps": 4, "rounds": 2, "least_words": 3}


class Rows(Journal):
    def __init__(self) -> None:
        self.steps: list[int] = []

    def log(self, step: int, **values: float) -> None:
        self.steps.append(step)


def split(n: int, seed: int) -> Split:
    texts, labels = sentences(n, seed)
    return Split(tuple(f"{seed}-{i}" for i in range(n)), tuple(texts), np.array(labels))


def fit(unlabeled=(), journal=None, **settings):
    task = Task(("bad", "good"), 3, tuple(unlabeled), "cpu", journal or Journal())
    return SelfTraining(**{**SETTINGS, **settings}).fit(split(8, 1), split(4, 2), task)


@pytest.fixture
def learned(monkeypatch):
    """Keep what every round learns from."""
    rounds: list[Split] = []
    labelled = SelfTraining._labelled

    def note(self, *parts):
        rounds.append(labelled(self, *parts))
        return rounds[-1]

    monkeypatch.setattr(SelfTraining, "_labelled", note)
    return rounds


def test_every_round_tunes_on_texts_without_a_label_and_on_those_with_one(learned) -> None:
    pool = sentences(60, 9)[0]
    journal = Rows()
    fit(pool, journal)
    assert journal.steps == list(range(1, 9))
    assert len(learned) == 2
    for found in learned:
        assert set(found.texts) - set(pool) == {*split(8, 1).texts, *split(4, 2).texts}
        given = np.array([text in set(pool) for text in found.texts])
        counts = np.bincount(found.labels[given], minlength=2)
        assert counts.max() <= 24, "no more than its half of 0.8 of 60"
        # a step of 16 and 4 draws a fifth of texts with their own label, as nearly as whole repeats allow
        assert (~given).sum() == 12 * max(1, round(4 * given.sum() / (16 * 12)))


def test_labels_of_the_labelled_texts_stay_their_own(learned) -> None:
    fit(sentences(60, 9)[0])
    own = dict(zip((*split(8, 1).texts, *split(4, 2).texts), [*split(8, 1).labels, *split(4, 2).labels], strict=True))
    for text, label in zip(learned[-1].texts, learned[-1].labels, strict=True):
        assert own.get(text, label) == label


def test_the_order_of_the_texts_without_a_label_plays_no_part() -> None:
    pool, texts = sentences(60, 9)[0], split(10, 5).texts
    np.testing.assert_array_equal(fit(pool).predict(texts).probabilities, fit(pool[::-1]).predict(texts).probabilities)


def test_a_reload_answers_the_same_bits(tmp_path) -> None:
    classifier = fit(sentences(60, 9)[0])
    classifier.save(tmp_path)
    again = SelfTraining(**SETTINGS).load(tmp_path, Task(("bad", "good"), device="cpu"))
    texts = split(10, 5).texts
    np.testing.assert_array_equal(again.predict(texts).probabilities, classifier.predict(texts).probabilities)


def test_without_texts_to_pass_labels_on_to_it_is_setfit() -> None:
    plain = {k: v for k, v in SETTINGS.items() if k in Setfit.model_fields}
    setfit = Setfit(**plain).fit(split(8, 1), split(4, 2), Task(("bad", "good"), 3, device="cpu"))
    texts = split(10, 5).texts
    np.testing.assert_array_equal(fit().predict(texts).probabilities, setfit.predict(texts).probabilities)


def test_a_run_hands_on_the_training_texts_outside_its_sample_and_none_that_is_scored(tmp_path, monkeypatch) -> None:
    texts, labels = sentences(60, 5)
    names = ("bad", "good")
    rows = [f'r{i},"{t}",{names[y]},{"train" if i < 40 else "test"}' for i, (t, y) in enumerate(zip(texts, labels, strict=True))]
    rows.append(f'twice,"{texts[50]}",{names[labels[50]]},train')
    (tmp_path / "own.csv").write_text("\n".join(["id,text,label,split", *rows]) + "\n", encoding="utf-8")
    seen = []
    inner = SelfTraining.fit

    def note(self, train, valid, task):
        seen.append(({*train.texts, *valid.texts}, task.unlabeled))
        return inner(self, train, valid, task)

    monkeypatch.setattr(SelfTraining, "fit", note)
    asked = experiment("self_training", data=str(tmp_path / "own.csv"), per_class=4, **SETTINGS)
    record = run(asked, RunStore(tmp_path / "runs"), device="cpu")
    assert record.status == "ok", record.error
    (sampled, others), *_ = seen
    assert len(sampled) == 8
    assert not sampled & set(others)
    assert not set(others) & set(texts[40:]), "a training text that is also scored"
    assert sampled | set(others) == set(texts[:40]) | (sampled & {texts[50]})


def test_in_the_mixture_too_the_labels_of_the_labelled_texts_stay_their_own() -> None:
    """Ten texts of the second heap are labelled 0: at the fixed point they count whole in the mean of label 0."""
    rng = np.random.default_rng(0)
    left, right = rng.normal(-1, 0.3, (40, 2)), rng.normal(1, 0.3, (40, 2))
    known, others = np.concatenate([left[:1], right[:10], right[:1]]), np.concatenate([left, right])
    labels = np.array([0] * 11 + [1])
    mixture = fit_mixture(known, labels, others, 2, 2)
    weights = np.concatenate([np.eye(2)[labels], np.exp(mixture.log_posterior(others))])
    rows = (np.concatenate([known, others]) - mixture.centre) @ mixture.directions
    np.testing.assert_allclose(mixture.means, weights.T @ rows / weights.sum(axis=0)[:, None], atol=1e-3)
    np.testing.assert_allclose(mixture.shares, weights.sum(axis=0) / len(rows), atol=1e-3)
