import math

import pytest

from valence.doctor.reading.training import (
    history_of_log,
    history_of_rows,
    history_of_state,
    schedule_of_arguments,
    schedule_of_state,
    warmup_of,
    warmup_of_rates,
)
from valence.doctor.subject import Absent


def test_a_log_of_ones_own_is_read_line_by_line():
    found = history_of_log(
        "epoch 1 train loss: 0.61 val_loss 0.55 val_acc 0.71\nnothing here\nepoch 2 train loss: nan val_loss inf val_acc 0.5"
    )
    assert found.losses[0] == (1.0, 0.61)
    assert math.isnan(found.losses[1][1])
    assert [(v.step, v.accuracy) for v in found.validations] == [(1.0, 0.71), (2.0, 0.5)]
    assert math.isinf(found.validations[1].loss)


def test_dictionaries_that_transformers_prints_are_read():
    found = history_of_log("{'loss': 0.5, 'learning_rate': 1e-05, 'epoch': 1.0}\n{'eval_loss': 0.4, 'eval_accuracy': 0.8, 'epoch': 1.0}")
    assert found.losses == ((1.0, 0.5),)
    assert found.rates == ((1.0, 1e-05),)
    assert found.validations[0].accuracy == 0.8


def test_a_log_without_a_loss_is_none():
    with pytest.raises(Absent, match="no loss"):
        history_of_log("hello\nworld")


def test_the_mean_loss_at_the_end_is_no_step():
    found = history_of_rows([{"step": 1, "loss": 0.5}, {"step": 1, "train_loss": 0.9, "train_runtime": 3.0}])
    assert found.losses == ((1.0, 0.5),)


@pytest.mark.parametrize(
    ("state", "arguments", "kept"),
    [
        ({}, None, "last"),
        ({"best_model_checkpoint": "c"}, None, "unknown"),
        ({"best_model_checkpoint": "c"}, {"load_best_model_at_end": True}, "best"),
        ({"best_model_checkpoint": "c"}, {"load_best_model_at_end": False}, "last"),
    ],
)
def test_the_best_weights_are_kept_only_where_the_arguments_say_so(state, arguments, kept):
    assert history_of_state(state, arguments).kept == kept


def test_steps_are_counted_as_the_trainer_counts_them():
    """16 texts in batches of 2, gradients of 8 batches added: one step an epoch, three epochs."""
    arguments = {"num_train_epochs": 3, "per_device_train_batch_size": 2, "gradient_accumulation_steps": 8, "warmup_steps": 500}
    found = schedule_of_arguments(arguments, 16)
    assert (found.steps, found.warmup) == (3, 500)
    assert schedule_of_arguments({"max_steps": 100, "warmup_ratio": 0.1}, None).warmup == 10
    with pytest.raises(Absent, match="--n-train"):
        schedule_of_arguments(arguments, None)


def test_a_state_without_steps_is_refused():
    with pytest.raises(Absent, match="no steps"):
        schedule_of_state({"log_history": []})


def test_warmup_steps_go_before_the_ratio():
    assert warmup_of({"warmup_steps": 50, "warmup_ratio": 0.1}, 1000) == 50
    assert warmup_of({"warmup_steps": 0, "warmup_ratio": 0.1}, 1000) == 100
    assert warmup_of({"warmup_steps": 0.06}, 1000) == 60
    assert warmup_of({}, 1000) is None


def test_rates_tell_where_the_warm_up_ended():
    assert warmup_of_rates([(1, 0.1), (2, 0.2), (3, 0.1)]) == 2
    assert warmup_of_rates([(1, 0.1), (2, 0.2), (3, 0.3)]) == math.inf
    assert warmup_of_rates([(1, 0.1), (2, 0.1), (3, 0.1)]) == 1
    assert warmup_of_rates([(1, 0.1)]) is None
