"""Settings keep their sentences."""

import pytest
from pydantic import ValidationError

from valence.training.recipe import Recipe


class Longer(Recipe):
    epochs: int = 99
    extra: int = 1
    """A setting of its own."""


def test_a_changed_default_keeps_the_sentence():
    assert Longer.model_fields["epochs"].description == Recipe.model_fields["epochs"].description
    assert Longer.model_json_schema()["properties"]["epochs"]["description"] == Recipe.model_fields["epochs"].description
    assert Longer.model_fields["extra"].description == "A setting of its own."
    assert Longer().epochs == 99


def test_only_the_trainer_reports():
    with pytest.raises(ValidationError, match="needs engine trainer"):
        Recipe(engine="packed", report_to="wandb")
    assert Recipe(engine="trainer", report_to="wandb").report_to == "wandb"


def test_patience_does_not_go_with_the_last_epoch():
    with pytest.raises(ValidationError, match="keep_epoch last needs patience 0"):
        Recipe(patience=2, keep_epoch="last")
    assert Recipe(patience=2).keep_epoch == "best"


@pytest.mark.parametrize("wrong", [{"warmup_ratio": 0.2}, {"epochs": 0}, {"learning_rate": 0}, {"engine": "seed"}, {"average_decay": 1}])
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        Recipe(**wrong)
