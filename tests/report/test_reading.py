import numpy as np
import pytest

from valence.errors import UnknownName
from valence.report.reading import Reader, reference, select
from valence.store import Scored
from valence.types import Predictions


def test_runs_are_told_apart_by_their_fate(filled):
    finished, unfinished = select(filled.store, "toy", "test")
    assert len(finished) == 6
    assert [(e.preset, e.status, e.reason) for e in unfinished] == [("broken", "failed", "The loss went nan at step 3.")]


def test_an_unknown_board_names_those_there_are(filled):
    filled.run("elsewhere", score_on="dev")
    with pytest.raises(UnknownName, match=r"No board 'tpy'. Did you mean 'toy'\? Known: toy, toy .dev."):
        select(filled.store, "tpy", "test")


def test_the_board_is_of_the_texts_that_most_runs_share(made):
    runs = [made.run("a"), made.run("b"), made.run("half", scored=made.scored(1.0, n=100))]
    common = reference(runs)
    assert (common.digest, common.n) == (runs[0].ids_digest, 200)
    assert common.refuses(runs[1]) is None
    assert common.refuses(runs[2]) == "It was scored on 100 texts, not the 200 of the others, so that they cannot be paired."


def test_label_names_in_another_order_are_refused(made):
    run = made.run("a")
    turned = run.model_copy(update={"labels": ("positive", "negative")})
    assert reference([run]).refuses(turned) == "Its labels are positive, negative; the others' are negative, positive."


def test_texts_are_paired_by_id_whatever_their_order(made):
    straight = made.scored(1.0)
    order = np.random.default_rng(1).permutation(200)
    shuffled = Scored(tuple(straight.ids[i] for i in order), straight.labels[order], Predictions(straight.predictions.probabilities[order]))
    records = [made.run("a", scored=straight), made.run("b", scored=shuffled)]
    (_, first), (_, second) = Reader(made.store).outcomes(records)
    np.testing.assert_array_equal(first.correct, second.correct)
    np.testing.assert_array_equal(first.probabilities, second.probabilities)


def reasons(made, records):
    return [outcomes if isinstance(outcomes, str) else "ok" for _, outcomes in Reader(made.store).outcomes(records)]


def test_what_cannot_be_used_is_one_reason_and_stops_nothing(made):
    good, gone, lies = made.run("good"), made.run("gone"), made.run("lies")
    (made.store.path(gone.id) / "predictions.parquet").unlink()
    lies = lies.model_copy(update={"metrics": {"accuracy": 0.99}})
    other = made.run("other", scored=Scored(tuple(f"x{i}" for i in range(200)), made.labels, made.scored(1.0).predictions))
    turned = made.run("turned", scored=Scored(made.ids, 1 - made.labels, made.scored(1.0).predictions))
    found = reasons(made, [good, gone, lies, other, turned, good])
    assert found[0] == found[5] == "ok"
    assert "predictions.parquet cannot be read" in found[1]
    assert found[2].startswith("Its record says accuracy 0.9900, its predictions say")
    assert "200 ids are missing" in found[3]
    assert "other true labels" in found[4]


def test_a_language_models_answer_that_names_no_label_is_wrong(made):
    scored = made.scored(3.0)
    words = tuple("I cannot say." if i < 50 else "Positive" for i in range(200))
    record = made.run("talks", scored=Scored(scored.ids, scored.labels, Predictions(scored.predictions.probabilities, words)))
    ((_, outcomes),) = Reader(made.store).outcomes([record])
    assert outcomes.valid.sum() == 150
    assert not outcomes.correct[:50].any()
