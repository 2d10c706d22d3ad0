import logging
import threading

import numpy as np
import pytest

from conftest import sentences
from valence.errors import BadData, FailedRun
from valence.runner import load
from valence.serve.batcher import Batcher, NotNow
from valence.serve.limits import Limits


def blocked(batcher, lengths, until):
    """Keep the model busy with one request, so that the next ones gather."""
    lengths.go.clear()
    first = batcher.submit(["first"])
    assert until(lambda: lengths.calls == [["first"]])
    return first


def test_requests_that_arrive_while_the_model_reads_are_answered_in_one_call(started, lengths, until):
    batcher = started()
    first = blocked(batcher, lengths, until)
    others = [batcher.submit([f"text {'x' * i}"]) for i in range(5)]
    lengths.go.set()
    found = [future.result(10) for future in (first, *others)]
    assert [len(call) for call in lengths.calls] == [1, 5]
    assert [f.responses for f in found] == [("5 letters",), *((f"{5 + i} letters",) for i in range(5))]


def test_a_call_holds_no_more_texts_than_it_may_and_a_small_request_never_waits_for_all_of_a_large_one(started, lengths, until):
    batcher = started(max_batch=4)
    blocked(batcher, lengths, until)
    large, small = batcher.submit([f"large {i}" for i in range(10)]), batcher.submit(["small"])
    lengths.go.set()
    assert large.result(10).probabilities.shape == (10, 2)
    assert small.result(10).responses == ("5 letters",)
    assert [len(call) for call in lengths.calls] == [1, 4, 4, 3]
    assert lengths.calls[2][0] == "small"


def test_one_request_alone_never_waits_for_company(started, lengths):
    batcher = started(max_wait_ms=60_000)
    for i in range(3):
        assert batcher.submit([f"alone {i}"]).result(10).responses == ("7 letters",)
    assert [len(call) for call in lengths.calls] == [1, 1, 1]


def test_where_there_was_company_the_call_waits_for_it(started, lengths, until):
    batcher = started(max_wait_ms=60_000)
    first = blocked(batcher, lengths, until)
    second = batcher.submit(["second"])
    lengths.go.set()
    first.result(10)  # two were in flight, so that the second waits for one more
    third = batcher.submit(["third"])
    assert second.result(10).responses == ("6 letters",)
    assert third.result(10).responses == ("5 letters",)
    assert lengths.calls == [["first"], ["second", "third"]]


def test_the_wait_for_company_ends(started, lengths, until):
    batcher = started(max_wait_ms=20)
    first = blocked(batcher, lengths, until)
    second = batcher.submit(["second"])
    lengths.go.set()
    first.result(10)
    assert second.result(10).responses == ("6 letters",)


def test_one_thread_owns_the_model(started, lengths):
    batcher = started()
    futures = []
    askers = [threading.Thread(target=lambda i=i: futures.append(batcher.submit([f"from {i}"]))) for i in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert all(future.result(10).probabilities.shape == (1, 2) for future in futures)
    assert len(lengths.threads) == 1


def test_a_request_that_the_model_cannot_read_takes_no_neighbour_with_it(started, lengths, caplog, until):
    batcher = started()
    blocked(batcher, lengths, until)
    good, bad, broken = batcher.submit(["good"]), batcher.submit(["raise this"]), batcher.submit(["broken"])
    lengths.go.set()
    assert good.result(10).responses == ("4 letters",)
    for future in (bad, broken):
        with pytest.raises(FailedRun, match="could not read this request"):
            future.result(10)
    assert batcher.submit(["after"]).result(10).responses == ("5 letters",)


def test_what_is_logged_of_a_failure_names_the_place_and_no_text(started, caplog):
    with caplog.at_level(logging.DEBUG):
        future = started().submit(["raise my secret"])
        assert isinstance(future.exception(10), FailedRun)
    assert "ValueError in" in caplog.text
    assert "secret" not in caplog.text
    assert "secret" not in str(future.exception())


def test_a_large_request_that_failed_is_not_read_to_its_end(started, lengths):
    batcher = started(max_batch=2)
    future = batcher.submit(["raise", *(f"text {i}" for i in range(9))])
    assert isinstance(future.exception(10), FailedRun)
    assert batcher.submit(["after"]).result(10).responses == ("5 letters",)
    assert lengths.calls == [["raise", "text 0"], ["after"]]
    assert batcher.waiting == 0


def test_a_full_queue_refuses_with_the_time_it_takes_but_an_empty_one_takes_any_request(started, lengths, until):
    batcher = started(max_queue=3)
    blocked(batcher, lengths, until)
    large = batcher.submit([f"large {i}" for i in range(10)])
    with pytest.raises(NotNow, match="queue is full: 10 texts wait and 3 may") as refused:
        batcher.submit(["one more"])
    assert refused.value.seconds >= 1
    lengths.go.set()
    assert large.result(10).probabilities.shape == (10, 2)


def test_what_is_in_the_queue_at_the_end_is_answered_and_nothing_after(started, lengths, until):
    batcher = started()
    blocked(batcher, lengths, until)
    last = batcher.submit(["last"])
    ending = threading.Thread(target=batcher.close)
    ending.start()
    assert until(lambda: not batcher.ready)
    with pytest.raises(NotNow, match="ending"):
        batcher.submit(["too late"])
    lengths.go.set()
    ending.join(10)
    assert last.result(0).responses == ("4 letters",)


def test_while_the_model_loads_requests_are_told_to_come_again():
    batcher = Batcher(lambda: None, 2, Limits())
    with pytest.raises(NotNow, match="loading"):
        batcher.submit(["early"])


def test_a_model_that_cannot_be_loaded_is_reported_and_not_waited_for():
    def load():
        raise BadData("The model is damaged. Make it again.")

    batcher, failed = Batcher(load, 2, Limits()), threading.Event()
    batcher.on_failure = failed.set
    batcher.start()
    assert failed.wait(10)
    assert isinstance(batcher.failure, BadData)
    assert not batcher.ready


def test_a_run_answers_the_same_bits_with_neighbours_as_alone(finished, until):
    store, record = finished
    classifier, _ = load(record.id, store)
    texts = sentences(40, seed=3)[0]
    alone = [classifier.predict([text]).probabilities for text in texts]
    batcher = Batcher(lambda: classifier, 2, Limits(max_batch=7))
    batcher.start()
    assert until(lambda: batcher.ready)
    futures = [batcher.submit(texts[i : i + 3]) for i in range(0, 40, 3)]
    found = np.concatenate([future.result(10).probabilities for future in futures])
    batcher.close()
    np.testing.assert_array_equal(found, np.concatenate(alone))
