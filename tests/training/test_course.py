"""What the training watches."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from valence.errors import FailedRun
from valence.training import course as course_module
from valence.training.batching import Plan
from valence.training.course import Course
from valence.training.recipe import Recipe


class Constant(nn.Module):
    """Answers with its only weight, whatever the text."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))

    def forward(self, tokens, lengths):
        return self.weight + 0 * tokens[:, :1]


def course(toy, journal, epochs=3):
    network = Constant()
    plan = Plan((np.arange(len(toy[0])),) * epochs, tuple(range(1, epochs + 1)))  # one step per epoch
    return network, Course(network, plan, toy[1], Recipe(average_decay=0), journal)


def step_to(network, value, watched):
    with torch.no_grad():
        network.weight.copy_(torch.tensor(value))
    return watched.after_step(torch.tensor(0.5))


def test_the_best_epoch_on_the_validation_texts_is_kept(toy, notes):
    network, watched = course(toy, notes())
    # half of the labels are right each time; the log-loss decides: the second is best
    for value in ([3.0, 0.0], [0.1, 0.0], [5.0, 0.0]):
        step_to(network, value, watched)
    assert watched.facts.best_epoch == 2
    watched.finish()
    assert network.weight.tolist() == pytest.approx([0.1, 0.0])


def test_the_last_epoch_is_kept_where_the_validation_texts_are_too_few_to_tell_epochs_apart(toy_of_few, notes):
    network, watched = course(toy_of_few, notes())
    for value in ([3.0, 0.0], [0.1, 0.0], [5.0, 0.0]):
        step_to(network, value, watched)
    watched.finish()
    assert watched.facts.best_epoch == 3
    assert network.weight.tolist() == [5.0, 0.0]


def test_the_last_epoch_is_kept_where_that_is_asked_for(toy, notes):
    network = Constant()
    plan = Plan((np.arange(len(toy[0])),) * 3, (1, 2, 3))
    watched = Course(network, plan, toy[1], Recipe(average_decay=0, keep_epoch="last"), notes())
    for value in ([3.0, 0.0], [0.1, 0.0], [5.0, 0.0]):
        step_to(network, value, watched)
    watched.finish()
    assert watched.facts.best_epoch == 3
    assert network.weight.tolist() == [5.0, 0.0]


def test_validation_leaves_the_weights_as_they_are(toy, notes):
    network, watched = course(toy, notes())
    step_to(network, [1.0, -1.0], watched)
    assert network.weight.tolist() == [1.0, -1.0]


def test_a_checkpoint_is_due_at_an_epoch_s_end(toy, notes):
    network, watched = course(toy, notes())
    assert step_to(network, [1.0, 0.0], watched)


def test_a_non_finite_validation_stops_the_training(toy, notes):
    network, watched = course(toy, notes())
    with pytest.raises(FailedRun, match="step 1 of 3: the validation loss is not finite"):
        step_to(network, [math.nan, 0.0], watched)


def test_an_infinite_loss_stops_the_training(toy, notes):
    _, watched = course(toy, notes())
    with pytest.raises(FailedRun, match="the loss is inf"):
        watched.after_step(torch.tensor(math.inf))


def test_a_restored_course_goes_on_where_it_was(toy, notes):
    network, watched = course(toy, notes())
    step_to(network, [0.2, 0.0], watched)
    other_network, other = course(toy, notes())
    other.restore({k: v.clone() for k, v in watched.tensors().items()}, watched.facts_as_dict())
    assert other.facts == watched.facts
    other.finish()
    assert other_network.weight.tolist() == pytest.approx([0.2, 0.0])


def test_training_is_over_when_no_epoch_within_the_patience_was_better(toy, notes):
    network = Constant()
    plan = Plan((np.arange(len(toy[0])),) * 9, tuple(range(1, 10)))
    watched = Course(network, plan, toy[1], Recipe(average_decay=0, patience=2), notes())
    for value, over in (([3.0, 0.0], False), ([0.1, 0.0], False), ([5.0, 0.0], False), ([4.0, 0.0], True)):
        step_to(network, value, watched)
        assert watched.over is over
    assert watched.facts.best_epoch == 2


def test_without_patience_training_goes_to_the_end(toy, notes):
    network, watched = course(toy, notes())
    for i, value in enumerate(([0.1, 0.0], [3.0, 0.0], [5.0, 0.0]), start=1):
        step_to(network, value, watched)
        assert watched.over is (i == 3)


def test_what_is_frozen_is_neither_copied_nor_kept(toy, notes):
    network, _ = course(toy, notes())
    network.frozen = nn.Parameter(torch.ones(1000), requires_grad=False)
    plan = Plan((np.arange(len(toy[0])),), (1,))
    watched = Course(network, plan, toy[1], Recipe(average_decay=0.9), notes())
    step_to(network, [1.0, 0.0], watched)
    assert {name.partition(".")[2] for name in watched.tensors()} == {"weight"}
    watched.finish()
    assert (network.frozen == 1).all()


def test_a_checkpoint_that_takes_long_to_write_is_written_more_rarely(toy, notes, monkeypatch):
    clock = iter([0.0, 100.0, 110.0, 111.0, 160.0, 180.0, 420.0, 500.0])
    monkeypatch.setattr(course_module.time, "monotonic", lambda: next(clock))
    network = Constant()
    plan = Plan((np.arange(len(toy[0])),) * 9, (9,))
    watched = Course(network, plan, toy[1], Recipe(average_decay=0), notes())  # 0
    assert step_to(network, [1.0, 0.0], watched)  # 100: due after 60
    with watched.saving():  # 110 to 111: one second, cheap
        pass
    assert not step_to(network, [1.0, 0.0], watched)  # 160: 49 after
    with watched.saving():  # 180 to 420: four minutes
        pass
    assert not step_to(network, [1.0, 0.0], watched)  # 500: 80 after, and a wait of 120 minutes


@pytest.mark.parametrize(("cost", "second", "third"), [(0.4, True, True), (3.0, False, True)])
def test_an_epoch_that_is_short_beside_its_checkpoint_ends_without_one(toy, notes, monkeypatch, cost, second, third):
    now = [0.0]
    monkeypatch.setattr(course_module.time, "monotonic", lambda: now[0])
    network, watched = course(toy, notes())

    def epoch(seconds):
        now[0] += seconds
        return step_to(network, [1.0, 0.0], watched)

    assert epoch(1.0), "nothing is known of the cost yet"
    with watched.saving():
        now[0] += cost
    assert epoch(10.0) is second
    assert epoch(50.5) is third
