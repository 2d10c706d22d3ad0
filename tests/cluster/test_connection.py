"""Reaching a cluster."""

import builtins
import socket
import time

import pytest

from valence.cluster.connection import connect
from valence.errors import BadSetting, MissingPackage


@pytest.mark.parametrize(
    ("address", "said"),
    [("here", "is no address. Give HOST:PORT"), ("ray://host:10001", "sees neither the store nor its locks"), ("host:x", "is no address")],
)
def test_a_wrong_address_says_what_to_give(address, said):
    pytest.importorskip("ray")
    with pytest.raises(BadSetting, match=said), connect(address):
        pass


def test_an_address_where_nothing_answers_is_refused_at_once():
    pytest.importorskip("ray")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        started = time.monotonic()
        with pytest.raises(BadSetting, match=r"nothing answers there .* ray start --head"), connect(f"127.0.0.1:{taken.getsockname()[1]}"):
            pass
    assert time.monotonic() - started < 8


def test_without_ray_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **settings):
        if name == "ray":
            raise ImportError(name)
        return real(name, *args, **settings)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingPackage, match=r"pip install 'valence\[ray\]'"), connect("auto"):
        pass
