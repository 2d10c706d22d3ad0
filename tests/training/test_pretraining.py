"""The pretraining loop: it resumes, it keeps its body, it stops when the loss breaks."""

import numpy as np
import pytest
import torch

from valence.errors import FailedRun
from valence.text.vocabulary import Tokens
from valence.training import pretraining_state
from valence.training.networks.language_model import LanguageModel, NextWords
from valence.training.networks.words import WordEmbedding
from valence.training.pretraining import FOLDER, Body, Later, pretrain
from valence.training.recipe import Recipe
from valence.training.streams import Texts

CPU = torch.device("cpu")
RECIPE = Recipe(learning_rate=0.01)


@pytest.fixture(autouse=True)
def no_shelf(monkeypatch):
    monkeypatch.delenv(FOLDER, raising=False)


def build():
    texts = Texts(Tokens(np.tile([2, 3, 4, 5, 6], 20).astype(np.int32), np.arange(21) * 5), 7, CPU)
    network = LanguageModel(WordEmbedding(torch.randn(8, 4)), hidden=5, layers=1, directions=2, dropout=0.2)
    return NextWords(network, texts, rows=3, window=4, epochs=3, seed=0, full=True)


def run(journal, *, seed=0, mark="m", objective=build):
    return pretrain(objective, RECIPE, seed=seed, mark=mark, device=CPU, journal=journal)


def same(first, second):
    return first.weights.keys() == second.weights.keys() and all(torch.equal(v, second.weights[k]) for k, v in first.weights.items())


def test_the_loss_falls_and_is_reported_with_the_seconds_left(notes):
    journal = notes()
    body = run(journal)
    losses = [row["pretraining_loss"] for row in journal.rows]
    assert losses[-1] < losses[0]
    assert journal.rows[-1]["step"] == body.steps == 30
    assert "s left" in journal.bar[-1][2]


def test_the_same_seed_gives_the_same_body_and_another_does_not(notes):
    assert same(run(notes()), run(notes()))
    assert not same(run(notes()), run(notes(), seed=1))


def test_the_generators_of_the_caller_are_left_alone(notes):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    run(notes())
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("stop_at", [4, 15])
def test_a_killed_pretraining_resumes_to_the_same_body(notes, tmp_path, monkeypatch, stop_at):
    whole = run(notes())
    monkeypatch.setattr(pretraining_state, "CHECKPOINT_SECONDS", -1.0)
    with pytest.raises(KeyboardInterrupt):
        run(notes(tmp_path, stop_at=stop_at))
    journal = notes(tmp_path)
    again = run(journal)
    assert journal.rows[0]["step"] >= stop_at
    assert same(whole, again)


def test_a_finished_body_is_read_back_and_its_checkpoint_is_gone(notes, tmp_path):
    first = run(notes(tmp_path))
    journal = notes(tmp_path)
    second = run(journal)
    assert same(first, second)
    assert second.steps == first.steps
    assert not journal.rows
    assert not list(tmp_path.glob("pretraining-*"))


def test_other_texts_settings_or_seed_get_a_body_of_their_own(notes, tmp_path):
    run(notes(tmp_path))
    journal = notes(tmp_path)
    run(journal, mark="another")
    assert journal.rows


def test_runs_share_a_body_through_the_folder_that_is_named(notes, tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path / "bodies"))
    run(notes(tmp_path / "one"))
    journal = notes(tmp_path / "two")
    run(journal)
    assert not journal.rows
    assert not (tmp_path / "two").exists()


def test_a_loss_that_breaks_stops_the_run_and_says_what_to_try(notes):
    def broken():
        objective = build()
        objective.loss = lambda step: objective.network.bias.sum() * (float("nan") if step > 3 else 1.0)
        return objective

    with pytest.raises(FailedRun, match=r"--pretraining-rate 0\.001"):
        run(notes(), objective=broken)


def test_a_body_goes_into_all_of_a_network_but_its_head():
    source, target = torch.nn.ModuleDict({"body": torch.nn.Linear(2, 2), "head": torch.nn.Linear(2, 2)}), torch.nn.ModuleDict()
    target.update({"body": torch.nn.Linear(2, 2), "head": torch.nn.Linear(2, 3)})
    head = target["head"].weight.clone()
    Body(dict(source.state_dict()), 1, "m").put_into(target)
    assert torch.equal(target["body"].weight, source["body"].weight)
    assert torch.equal(target["head"].weight, head)
    with pytest.raises(KeyError):
        Body({"body.weight": source["body"].weight}, 1, "m").put_into(target)


def test_steps_of_the_fine_tuning_count_on_from_the_pretraining(notes, tmp_path):
    inner = notes(tmp_path)
    later = Later(inner, 100)
    later.log(5, loss=1.0)
    later.progress(1, 2, "x")
    assert inner.rows == [{"step": 105, "loss": 1.0}]
    assert inner.bar == [(1, 2, "x")]
    assert later.folder == tmp_path
