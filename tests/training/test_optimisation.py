"""The schedule and the running average."""

import pytest
import torch
from torch import nn

from valence.training.optimisation import WeightAverage, build_optimizer, learned_state, rate_factor, warmup_steps
from valence.training.recipe import Recipe


@pytest.mark.parametrize(("steps", "expected"), [(3, 0), (9, 0), (10, 1), (1000, 100)])
def test_warm_up_is_never_longer_than_a_tenth_of_the_steps(steps, expected):
    # the seed warmed up for 500 steps and trained for 3
    assert warmup_steps(steps, 0.1) == expected
    assert warmup_steps(steps, 0.5) == expected


def test_the_rate_rises_to_its_peak_then_falls_to_zero():
    rates = [rate_factor(i, 100, 10) for i in range(101)]
    assert rates[10] == max(rates) == 1
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[55] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0)
    assert rates[0] > 0


def test_the_first_step_of_a_short_training_has_a_rate():
    assert all(rate_factor(i, 3, warmup_steps(3, 0.1)) > 0 for i in range(3))


def test_decay_spares_vectors_and_embeddings():
    network = nn.ModuleDict({"table": nn.Embedding(3, 2), "layer": nn.Linear(2, 2), "norm": nn.LayerNorm(2)})
    optimizer, _ = build_optimizer(network, Recipe(weight_decay=0.3), 10)
    decayed = [p for g in optimizer.param_groups if g["weight_decay"] == 0.3 for p in g["params"]]
    assert [id(p) for p in decayed] == [id(network["layer"].weight)]
    assert sum(len(g["params"]) for g in optimizer.param_groups) == 5


def test_frozen_weights_are_left_out():
    network = nn.Linear(2, 2)
    network.bias.requires_grad_(False)
    optimizer, _ = build_optimizer(network, Recipe(), 10)
    assert [p.shape for g in optimizer.param_groups for p in g["params"]] == [(2, 2)]


def test_the_average_is_the_one_worked_by_hand():
    network = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        network.weight.fill_(0)
    average = WeightAverage(network, 0.5)
    for step, value in ((1, 1.0), (2, 2.0)):
        with torch.no_grad():
            network.weight.fill_(value)
        average.update(step)
    # decay min(.5, 2/11) then min(.5, 3/12): 0 + 9/11 = .81818, then .25 * .81818 + .75 * 2
    assert average.weights["weight"].item() == pytest.approx(0.25 * 9 / 11 + 1.5)


def test_no_decay_follows_the_weights():
    network = nn.BatchNorm1d(1)
    average = WeightAverage(network, 0)
    network(torch.randn(4, 1))
    average.update(1)
    assert all(torch.equal(average.weights[k], v) for k, v in network.state_dict().items())


def test_a_network_may_set_each_parameters_rate():
    class Paced(nn.Linear):
        def rate_of(self, parameter):
            return {"weight": 0.5, "bias": 0.25}[parameter]

    optimizer, schedule = build_optimizer(Paced(2, 3), Recipe(learning_rate=1.0, weight_decay=0.1), 100)
    assert [(len(g["params"]), g["weight_decay"]) for g in optimizer.param_groups] == [(1, 0.1), (1, 0.0)]
    assert schedule.base_lrs == [0.5, 0.25]


def test_the_learned_state_leaves_out_what_is_frozen_and_keeps_buffers():
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    network[0].weight.requires_grad_(False)
    assert set(learned_state(network)) == {"0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"}
