"""Task-adaptive pretraining: which texts it reads, what it takes from them, that a kill costs nothing."""

import sys

import numpy as np
import pytest
import torch

from conftest import TINY_ENCODERS, sentences, tiny_encoder
from valence.experiment import experiment
from valence.methods import METHODS
from valence.runner import load, prepare
from valence.runner import run as run_experiment
from valence.store import RunStore
from valence.training import course, pretraining, pretraining_state
from valence.training.consistency import Consistency
from valence.training.encoders import hiding, masked_words
from valence.training.losses import CrossEntropy
from valence.types import Journal, Split, Task

Tapt = METHODS.find("tapt")
SHORT = {"epochs": 1, "batch_texts": 4, "minimum_steps": 0, "learning_rate": 0.01, "max_length": 32, "pretraining_epochs": 1}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.delenv(pretraining.FOLDER, raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def method(backbone="tiny-bert", **changes):
    return Tapt(backbone=str(tiny_encoder(backbone)), **{**SHORT, **changes})


def split(n, seed):
    texts, labels = sentences(n, seed)
    return Split(tuple(f"{seed}-{i}" for i in range(n)), tuple(texts), np.array(labels))


def fit(chosen, seed=0, unlabeled=(), journal=None):
    return chosen.fit(split(12, 1), split(6, 2), Task(("bad", "good"), seed, tuple(unlabeled), "cpu", journal or Journal()))


@pytest.fixture
def read(monkeypatch):
    """Note the texts of every pretraining, as their tokens."""
    noted = []
    start = hiding.HiddenWords.__init__

    def note(self, network, tokens, *rest, **sizes):
        noted.append({tuple(tokens.ids[a:b].tolist()) for a, b in zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)})
        start(self, network, tokens, *rest, **sizes)

    monkeypatch.setattr(hiding.HiddenWords, "__init__", note)
    return noted


def encoded(chosen, texts):
    tokens = chosen.find_backbone().subwords().encode(texts, chosen.max_length, chosen.keep)
    return {tuple(tokens.ids[a:b].tolist()) for a, b in zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)}


def test_it_reads_the_labelled_texts_and_those_it_is_given_and_no_others(read):
    unlabeled = sentences(9, 3)[0]
    fit(method(), unlabeled=unlabeled)
    assert read == [encoded(method(), (*split(12, 1).texts, *split(6, 2).texts, *unlabeled))]


def test_a_run_never_reads_the_texts_that_are_scored(tmp_path, read):
    texts, labels = sentences(60, 5)
    rows = [f'r{i},"{t}",{("bad", "good")[y]},{"train" if i < 30 else "test"}' for i, (t, y) in enumerate(zip(texts, labels, strict=True))]
    rows += [f'u{i},"{t}",,unlabeled' for i, t in enumerate(sentences(10, 6)[0])]
    (tmp_path / "own.csv").write_text("\n".join(["id,text,label,split", *rows]) + "\n", encoding="utf-8")
    settings = {**sys.modules[Tapt.__module__].TINY, **SHORT, "backbone": str(tiny_encoder("tiny-bert")), "epochs": 8}
    asked = experiment("tapt", data=str(tmp_path / "own.csv"), **settings)
    store = RunStore(tmp_path / "runs")
    record = run_experiment(asked, store, device="cpu")
    assert record.status == "ok", record.error
    assert read == [encoded(asked.method, (*texts[:30], *sentences(10, 6)[0]))]
    scored = prepare(asked).scored
    assert not read[0] & encoded(asked.method, scored.texts)
    again = load(record.id, store, device="cpu")[0].predict(scored.texts).probabilities
    np.testing.assert_allclose(again, store.predictions(record.id).predictions.probabilities, atol=1e-4)


@pytest.mark.parametrize("engine", ["packed", "trainer"])
@pytest.mark.parametrize("backbone", TINY_ENCODERS)
def test_every_architecture_trains_and_reloads_bit_for_bit(backbone, engine, tmp_path):
    chosen = method(backbone, engine=engine)
    classifier = fit(chosen)
    classifier.save(tmp_path)
    again = chosen.load(tmp_path, Task(("bad", "good"), device="cpu"))
    np.testing.assert_array_equal(again.logits(split(12, 1).texts), classifier.logits(split(12, 1).texts))
    assert again.size == classifier.size
    assert classifier.size.trainable == classifier.size.total


def test_fine_tuning_starts_from_the_pretrained_body(monkeypatch):
    bodies, starts = [], []
    pretrain, take_over = pretraining.pretrain, masked_words.take_over

    def keep(*args, **settings):
        bodies.append(pretrain(*args, **settings))
        return bodies[-1]

    def watch(network, weights):
        starts.append({name: v.clone() for name, v in take_over(network, weights).state_dict().items()})
        return network

    monkeypatch.setattr(pretraining, "pretrain", keep)
    monkeypatch.setattr(masked_words, "take_over", watch)
    fit(method())
    shared = [name for name in starts[0] if name in bodies[0].weights]
    assert len(shared) > 20
    assert all(torch.equal(starts[0][name], bodies[0].weights[name]) for name in shared)


def test_without_epochs_of_pretraining_it_is_plain_fine_tuning(monkeypatch):
    monkeypatch.setattr(pretraining, "pretrain", lambda *_, **__: pytest.fail("it was pretrained"))
    settings = {k: v for k, v in SHORT.items() if not k.startswith("pretraining_")}
    plain = fit(METHODS.find("finetune")(backbone=str(tiny_encoder("tiny-bert")), **settings))
    np.testing.assert_array_equal(fit(method(pretraining_epochs=0)).logits(["A fine film."]), plain.logits(["A fine film."]))


def test_alpha_chooses_between_one_pass_and_r_drop():
    assert method().objective() is CrossEntropy
    chosen = method(alpha=0.5).objective()
    assert chosen.func is Consistency
    assert chosen.keywords == {"alpha": 0.5}
    assert np.isfinite(fit(method(alpha=0.5)).logits(["A fine film."])).all()


def test_runs_that_hold_out_other_texts_have_one_body_with_one_pretraining_seed(monkeypatch):
    marks = []
    pretrain = pretraining.pretrain

    def note(*args, **settings):
        marks.append(settings["mark"])
        return pretrain(*args, **settings)

    monkeypatch.setattr(pretraining, "pretrain", note)
    first, second = split(12, 1), split(6, 2)
    task = lambda seed: Task(("bad", "good"), seed, device="cpu")  # noqa: E731
    method(pretraining_seed=5).fit(first, second, task(0))
    method(pretraining_seed=5, learning_rate=0.02, alpha=1.0, epochs=2).fit(second, first, task(1))
    method().fit(second, first, task(1))
    method(pretraining_seed=5, mask_share=0.3).fit(first, second, task(0))
    method(pretraining_seed=5, max_length=10).fit(first, second, task(0))
    assert marks[0] == marks[1]
    assert len(set(marks)) == 4


class Stopping(Journal):
    """Stops a fit at its n-th report."""

    def __init__(self, folder, after):
        self.folder = folder
        self.left = after
        self.steps = []

    def log(self, step, **values):
        self.steps.append(step)

    def progress(self, done, total, note=""):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [3, 10, 40, 46])
def test_a_fit_killed_in_either_phase_ends_as_if_it_had_not_been(after, tmp_path, monkeypatch):
    monkeypatch.setattr(pretraining_state, "CHECKPOINT_SECONDS", -1.0)
    monkeypatch.setattr(course, "CHECKPOINT_SECONDS", -1.0)
    chosen, others = method(epochs=2, pretraining_epochs=2), sentences(9, 3)[0]
    whole = fit(chosen, unlabeled=others, journal=(steady := Stopping(None, -1))).logits(others)
    assert steady.steps == sorted(steady.steps), "steps of the fine-tuning count on"
    with pytest.raises(KeyboardInterrupt):
        fit(chosen, unlabeled=others, journal=Stopping(tmp_path, after))
    np.testing.assert_array_equal(fit(chosen, unlabeled=others, journal=(rest := Stopping(tmp_path, -1))).logits(others), whole)
    assert len(rest.steps) < len(steady.steps) or after == 3


def test_a_checkpoint_over_another_body_is_not_gone_on_from(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "CHECKPOINT_SECONDS", -1.0)
    fit(method(), unlabeled=sentences(9, 3)[0], journal=Stopping(tmp_path, -1))
    others = sentences(9, 4)[0]
    again = fit(method(), unlabeled=others, journal=Stopping(tmp_path, -1)).logits(others)
    np.testing.assert_array_equal(again, fit(method(), unlabeled=others).logits(others))
