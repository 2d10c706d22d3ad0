"""Fine-tuning with the mixed objective, by both engines."""

import pytest
import torch

from valence.training import course as course_module
from valence.training import fine_tuning
from valence.training.fine_tuning import fine_tune
from valence.training.losses import balanced_weights
from valence.training.mixed import MixedObjective
from valence.training.networks.directed_lstm import DirectedLstmNetwork
from valence.training.networks.words import WordEmbedding, start_vectors
from valence.training.semi_supervised import SemiSupervised

ENGINES = ("packed", "trainer")


@pytest.fixture
def build(words):
    def make():
        embedding = WordEmbedding(start_vectors((*words.words, "[SEP]"), 8), word_dropout=0.1)
        return DirectedLstmNetwork(embedding, 2, hidden=8, layers=1, directions=2, dropout=0.2)

    return make


def tuned(build, toy, task, journal, engine="packed", body="b"):
    settings = {"epochs": 3, "batch_tokens": 200, "learning_rate": 0.02, "average_decay": 0.9, "adversarial": 0.3}
    recipe = SemiSupervised(engine=engine, **settings)
    return fine_tune(build, *toy, toy[1], recipe, task(journal), journal, body)


def same(first, second):
    return all(torch.equal(v, second.state_dict()[k]) for k, v in first.state_dict().items())


def test_both_engines_end_with_the_same_weights(build, toy, task, notes):
    packed, trainer = (tuned(build, toy, task, notes(), engine) for engine in ENGINES)
    for name, weight in packed.state_dict().items():
        torch.testing.assert_close(weight, trainer.state_dict()[name], atol=1e-5, rtol=0, msg=name)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_killed_fine_tuning_resumes_to_the_same_weights(build, toy, task, notes, tmp_path, monkeypatch, engine):
    whole = tuned(build, toy, task, notes(), engine)
    monkeypatch.setattr(course_module, "CHECKPOINT_SECONDS", -1.0)
    with pytest.raises(KeyboardInterrupt):
        tuned(build, toy, task, notes(tmp_path, stop_at=5), engine)
    journal = notes(tmp_path)
    assert same(whole, tuned(build, toy, task, journal, engine))
    assert journal.rows[0]["step"] >= 5


def test_another_body_starts_anew(build, toy, task, notes, tmp_path):
    tuned(build, toy, task, notes(tmp_path))
    journal = notes(tmp_path)
    tuned(build, toy, task, journal, body="another")
    assert journal.rows[0]["step"] < 10


@pytest.mark.parametrize("asked", ["none", "balanced"])
def test_class_weights_reach_the_mixed_objective(build, toy, task, notes, monkeypatch, asked):
    given = []

    class Watched(MixedObjective):
        def __init__(self, *arguments):
            given.append(arguments[4])
            super().__init__(*arguments)

    monkeypatch.setattr(fine_tuning, "MixedObjective", Watched)
    fine_tune(build, *toy, None, SemiSupervised(epochs=1, batch_tokens=200, class_weights=asked), task(), notes(), "b")
    expected = None if asked == "none" else balanced_weights(toy[0].labels, 2).tolist()
    assert (None if given[0] is None else given[0].tolist()) == expected
