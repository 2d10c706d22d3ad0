"""What the original document's own figures betray."""

import pytest

from doctor.specimens import constant_predictions, pooled_counters, warmup_longer_than_training
from doctor.tables import OWN
from valence.doctor import examine


def findings(subject, check):
    return [finding for _, finding in examine([subject], [check]).subjects[0].findings]


def test_the_pooled_table_taken_apart_gives_the_models_own_accuracies(tmp_path):
    """From the printed percentages alone, to the two decimals that their raw answers give."""
    (found,) = findings(pooled_counters.the_document(tmp_path), "pooled_counters")
    assert {name: found.evidence[name] for name in OWN} == pytest.approx(OWN, abs=5e-5)


def test_warm_up_reaches_a_hundredth_of_the_peak(tmp_path):
    (found,) = findings(warmup_longer_than_training.three_steps(tmp_path), "warmup_longer_than_training")
    assert found.evidence == {"steps": 3, "warmup": 500.0}
    assert "0.6 % of its peak" in found.message


def test_not_a_number_becomes_the_first_class(tmp_path):
    subject = constant_predictions.nan_network(tmp_path)
    (found,) = findings(subject, "broken_probabilities")
    assert found.evidence["rows"] == found.evidence["became_first_class"] == 160
    (found,) = findings(subject, "constant_predictions")
    assert found.evidence["accuracy"] == 0.5


def test_the_flat_part_of_the_curve_is_the_share_of_a_class(tmp_path):
    (found,) = findings(constant_predictions.collapsed_curve(tmp_path), "constant_predictions")
    assert found.evidence["accuracy"] == 0.45
    assert "that class's share" in found.message
