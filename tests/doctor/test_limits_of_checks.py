"""Where a check must stay silent, and say so."""

import numpy as np
import pytest

from doctor.building import good, one, record, reviews, scored, stored, write_csv
from doctor.specimens import constant_validation, head_frozen
from valence.doctor import examine, subjects
from valence.doctor.parts import History


def test_two_validation_texts_prove_nothing(tmp_path):
    (subject,) = examine([constant_validation.two_validation_texts(tmp_path)], ["constant_validation"]).subjects
    assert dict(subject.not_examined) == {"constant_validation": "2 validation texts are too few for their accuracy to move"}


def test_shares_of_unknown_totals_are_not_called_pooled(tmp_path):
    """With one decimal a running total over a thousand answers fits anything: the figures are impossible, why nobody can say."""
    rows = [{"model": m, "n": 500, "accuracy": a} for m, a in (("a", "91.3"), ("b", "88.7"), ("c", "90.9"))]
    (subject,) = examine([one(write_csv(tmp_path / "t.csv", rows))], ["pooled_counters", "impossible_accuracy"]).subjects
    assert [check for check, _ in subject.findings] == ["impossible_accuracy"]


def test_a_last_batch_of_one_strange_text_is_no_loss_that_rose(tmp_path):
    """Real: an LSTM on SST-2 whose validation rose all the while, and whose last batch held a text or two."""
    losses = [0.34, 0.99, 0.51, 0.78, 0.44, *[0.35] * 35, 1.43, 0.21, 0.36, 0.37, 0.17, 1.95]
    rows = [{"step": 10 * i + 10, "loss": loss} for i, loss in enumerate(losses)]
    (subject,) = examine([one(write_csv(tmp_path / "log.csv", rows))], ["loss_never_fell"]).subjects
    assert list(subject.sound) == ["loss_never_fell"]


def test_a_model_card_is_no_training_log(tmp_path):
    place = head_frozen.trained(tmp_path) and tmp_path / "saved"
    (place / "README.md").write_text("epoch 1 loss 0.7\nepoch 2 loss 0.9", encoding="utf-8")
    assert one(place).lacks((History,)).startswith("no training log was given")


def test_a_choice_among_members_or_penalties_is_no_training_of_two_steps(tmp_path):
    """Real: vote, stacking, cascade and linear_probe log what each member or penalty gave, and were told to train longer."""
    split = scored(reviews(tmp_path))
    rows = [{"step": i, "valid_accuracy": 0.9, "valid_loss": 0.3} for i in (1, 2)]
    made = [record(name, split, good(split.labels, 0.1 * i)) for i, name in enumerate(("vote", "stacking"), start=1)]
    store = stored(tmp_path, *made, histories={"vote": rows, "stacking": rows})
    report = examine(subjects([str(store.folder)]), ["too_few_steps", "last_epoch_kept", "single_seed"])
    assert [f for subject in report.subjects for f in subject.findings] == []
    assert dict(report.subjects[0].not_examined)["too_few_steps"] == "the run kept no losses: nothing was trained by steps"


def test_unanswered_texts_are_no_training_either(tmp_path):
    split = scored(reviews(tmp_path))
    store = stored(tmp_path, record("prompted", split, good(split.labels)), histories={"prompted": [{"step": 30, "unanswered": 2}]})
    report = examine(subjects([str(store.folder)]), ["too_few_steps"])
    assert report.subjects[0].findings == ()


def test_one_sided_answers_of_an_untrained_model_are_said_of_its_prompt(tmp_path):
    split = scored(reviews(tmp_path))
    store = stored(tmp_path, record("p", split, np.full(len(split), 0.8), method="prompted"))
    report = examine(subjects([str(store.folder)]), ["constant_predictions"])
    ((_, found),) = report.subjects[0].findings
    assert found.severity == "warning"
    assert "--calibrate" in found.remedy


@pytest.mark.parametrize(("settings", "found"), [({}, []), ({"keep_epoch": "best"}, []), ({"keep_epoch": "last"}, ["last_epoch_kept"])])
def test_which_epoch_a_run_of_ours_kept_is_read_from_its_settings(tmp_path, settings, found):
    split = scored(reviews(tmp_path))
    experiment = {"method": {"name": "finetune", **settings}, "data": "reviews.csv"}
    made = record("finetune", split, good(split.labels), experiment=experiment)
    rows = [{"step": 10 * i, "loss": 0.3, "valid_accuracy": a, "valid_loss": 0.3} for i, a in ((1, 0.94), (2, 0.93))]
    report = examine(subjects([str(stored(tmp_path, made, histories={"finetune": rows}).folder)]), ["last_epoch_kept"])
    assert [check for check, _ in report.subjects[0].findings] == found
