"""A request is tried again after what may pass, with growing pauses; what does not pass is said at once, in one line."""

import pytest

from valence.llm.connection import GREETINGS, KEYS, Connection, NoAnswer, Patience


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


def reach(server, patience):
    return Connection(server.url, patience)


@pytest.mark.parametrize("fault", [500, 503, 429, 408, "cut", "hang up", "{broken", "", "[1, 2]", '"text"'])
def test_a_passing_fault_is_outlasted(server, patience, fault):
    server.faults = [fault, fault]
    connection = reach(server, patience())
    assert connection.post("/chat/completions", {"x": 1})["choices"]
    assert len(server.asked) == 3
    connection.close()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(500, "status 500: out of memory"), ("cut", "no connection"), ("hang up", "no connection"), ("{broken", "broken JSON")],
)
def test_patience_ends_and_names_the_fault_and_the_tries(server, patience, fault, reason):
    server.faults = [fault] * 9
    connection = reach(server, patience(retries=2))
    with pytest.raises(NoAnswer, match=rf"{reason}.*\(3 tries\)") as caught:
        connection.post("/chat/completions", {})
    assert len(server.asked) == 3
    assert caught.value.server_gone == (fault in {"cut", "hang up"})
    connection.close()


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_lasting_fault_is_not_tried_again(server, patience, status):
    server.faults = [status]
    connection = reach(server, patience())
    with pytest.raises(NoAnswer, match=f"status {status}: out of memory"):
        connection.post("/chat/completions", {})
    assert len(server.asked) == 1
    connection.close()


def test_a_slow_server_is_given_up_after_the_timeout(server, patience):
    server.faults = ["slow", "slow"]
    connection = reach(server, patience(timeout=0.2, retries=1))
    with pytest.raises(NoAnswer, match=r"no answer in time \(2 tries\)"):
        connection.post("/chat/completions", {})
    connection.close()


def test_a_server_that_is_not_there_refuses(patience):
    connection = Connection("http://127.0.0.1:9/v1", patience(retries=1))
    with pytest.raises(NoAnswer, match=r"no connection: .*\(2 tries\)") as caught:
        connection.get("/models")
    assert caught.value.server_gone
    connection.close()


def test_a_server_that_never_answered_is_soon_given_up_and_one_that_did_is_waited_for(server, patience):
    slept = []
    connection = Connection("http://127.0.0.1:9/v1", patience(sleep=slept.append))
    with pytest.raises(NoAnswer, match=rf"no connection: .*\({GREETINGS} tries\)"):
        connection.get("/models")
    assert sum(slept) < 3
    connection.close()
    met = reach(server, patience())
    met.get("/models")
    server.faults = ["hang up"] * 5
    assert met.post("/chat/completions", {})["choices"]
    assert len(server.asked) == 6
    met.close()


def test_pauses_double_up_to_half_a_minute_and_heed_the_server():
    slept = []
    patience = Patience(pause=0.5, sleep=slept.append)
    for tried in range(1, 10):
        patience.rest(tried)
    for got, wanted in zip(slept, [0.5, 1, 2, 4, 8, 16, 30, 30, 30], strict=True):
        assert 0.75 * wanted <= got <= 1.25 * wanted
    patience.rest(1, 12.0)
    patience.rest(1, 3600.0)
    assert slept[-2:] == [12.0, 30.0]


def test_after_a_stop_nothing_is_tried_again_until_a_restart(server, patience):
    connection = reach(server, patience())
    connection.stop()
    with pytest.raises(NoAnswer, match="broken off"):
        connection.post("/chat/completions", {})
    connection.restart()
    assert connection.post("/chat/completions", {})["choices"]
    connection.close()
