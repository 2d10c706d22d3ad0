import numpy as np
import pytest

from valence.evaluation.uncertainty import accuracy_interval
from valence.report.reading import Reader
from valence.report.rows import ranks, row


def rows_of(made, *records):
    reader = Reader(made.store)
    runs = list(reader.outcomes(records))
    return row(runs, reader.ids), runs


def test_a_row_is_the_mean_of_its_seeds_with_an_interval_over_texts_and_seeds(made):
    found, runs = rows_of(made, *[made.run("a", 1.0, seed) for seed in (2, 0, 1)])
    assert [r.seed for r in found.records] == [0, 1, 2]
    assert found.accuracy == pytest.approx(np.mean([o.correct.mean() for _, o in runs]))
    assert found.figures["accuracy"] == accuracy_interval(np.stack([o.correct for _, o in sorted(runs, key=lambda r: r[0].seed)]))
    for name in ("macro_f1", "log_loss", "ece"):
        assert found.figures[name].value == pytest.approx(np.mean([r.metrics[name] for r, _ in runs]))
        assert found.figures[name].low <= found.figures[name].value <= found.figures[name].high


def test_costs_are_means_rates_add_up_and_sizes_are_the_largest(made):
    first = made.run("a", seed=0, cost={"fit_seconds": 10.0, "texts_per_second": 100.0, "peak_memory_bytes": 5})
    second = made.run("a", seed=1, cost={"fit_seconds": 30.0, "texts_per_second": 25.0, "peak_memory_bytes": 9})
    found, _ = rows_of(made, first, second)
    assert (found.fit_seconds, found.peak_memory_bytes) == (20.0, 9)
    assert found.texts_per_second == pytest.approx(2 / (1 / 100 + 1 / 25))  # 200 + 200 texts took 2 + 8 s


def test_outside_predictions_have_no_costs_and_no_size(made):
    found, _ = rows_of(made, made.run("friend", outside=True))
    assert found.outside
    assert (found.fit_seconds, found.texts_per_second, found.trainable_parameters, found.peak_memory_bytes) == (None, None, None, None)
    assert (found.size, found.device) == ("", "")


def test_log_loss_and_ece_are_the_recorded_ones_with_their_interval_moved_along(made):
    record = made.run("a")
    moved = record.model_copy(update={"metrics": {**record.metrics, "log_loss": record.metrics["log_loss"] + 0.5}})
    plain, shifted = rows_of(made, record)[0].figures["log_loss"], rows_of(made, moved)[0].figures["log_loss"]
    assert shifted.value == pytest.approx(plain.value + 0.5)
    assert shifted.high - shifted.low == pytest.approx(plain.high - plain.low)


def test_the_confidently_wrong_texts_come_in_order_and_say_what_was_said(made):
    found, ((_, outcomes),) = rows_of(made, made.run("a", 0.5))
    sure = np.where(outcomes.correct, 0, outcomes.confidence)
    assert [w.confidence for w in found.wrong] == pytest.approx(sorted(sure, reverse=True)[:8])
    assert all(w.label != w.answer for w in found.wrong)
    assert all(made.labels[made.ids.index(w.id)] == ("negative", "positive").index(w.label) for w in found.wrong)


def test_a_row_without_errors_has_no_wrong_texts(made):
    assert rows_of(made, made.run("perfect", 30.0))[0].wrong == ()


def test_equal_accuracies_share_the_better_rank():
    assert ranks([0.9, 0.8, 0.8, 0.7]) == [1, 2, 2, 4]
    assert ranks([]) == []
