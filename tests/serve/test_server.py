import importlib.util
import socket

import pytest

from valence.errors import BadSetting, MissingPackage
from valence.serve.card import describe
from valence.serve.server import NEEDED, bind, introduction, require


def test_a_free_port_is_found_and_a_port_in_use_is_refused_in_one_line():
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert port > 0
        with pytest.raises(BadSetting, match=rf"127\.0\.0\.1 port {port} cannot be listened at: .*in use.*another --port") as refused:
            bind("127.0.0.1", port)
    assert "\n" not in str(refused.value)


def test_answers_are_sent_at_once_since_asyncio_sees_that_the_socket_is_tcp():
    with bind("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()) as _:
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_a_host_that_is_none_of_this_machine_is_refused_in_one_line(host):
    with pytest.raises(BadSetting, match=f"{host} port 0 cannot be listened at: "):
        bind(host, 0)


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_cannot_be_is_refused(port):
    with pytest.raises(BadSetting, match="ports are 0"):
        bind("127.0.0.1", port)


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
def test_an_address_of_ipv6_can_be_listened_at():
    try:
        with bind("::1", 0) as found:
            assert found.family == socket.AF_INET6
    except BadSetting:
        pytest.skip("this machine has no IPv6 address")


@pytest.mark.parametrize("name", NEEDED)
def test_without_the_extra_its_name_is_said(name, monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda asked: None if asked == name else there(asked))
    missing = "fastapi" if there("fastapi") is None else name
    with pytest.raises(MissingPackage, match=rf"valence serve needs the package '{missing}'. .*pip install 'valence\[serve\]'"):
        require()


def test_the_first_lines_say_where_and_what(finished):
    lines = introduction(describe("tfidf", finished[0]), "http://127.0.0.1:8000", "127.0.0.1")
    assert lines[0] == f"http://127.0.0.1:8000  serves {finished[1].id}"
    assert any("accuracy" in line and " to " in line and "40 texts of reviews (test)" in line for line in lines)
    assert not any("open" in line for line in lines)


def test_a_server_that_others_can_reach_says_so(finished):
    lines = introduction(describe("tfidf", finished[0]), "http://0.0.0.0:8000", "0.0.0.0")
    assert any("no password, no encryption" in line for line in lines)
