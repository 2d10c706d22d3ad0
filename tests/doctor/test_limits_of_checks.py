"""Where a check must stay silent, and say so."""

from doctor.building import one, write_csv
from doctor.specimens import constant_validation, head_frozen
from valence.doctor import examine
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
