"""A cache of its own for every test, short questions, and real weights where they are."""

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from valence.llm.asked import Ask, Question
from valence.llm.connection import Patience
from valence.text.prompt import Prompt, Template

WORDS = ("negative", "positive")
SOURCE = """{% block instruction %}Answer with one word: {{ words | join(" or ") }}.{% endblock %}
{% block question %}Review:
{{ review }}{% endblock %}
{% block answer %}Sentiment:{% endblock %}"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test reads or writes the user's cache, or gets another's answers."""
    monkeypatch.setenv("VALENCE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def ask():
    """Make a way of asking."""
    return lambda way="score", words=WORDS, **settings: Ask(way, tuple(words), **{"max_review_tokens": 64, "cut": "head+tail", **settings})


@pytest.fixture
def questions():
    """Make questions of reviews."""

    def make(*reviews, words=WORDS, shots=()):
        prompt = Prompt(Template(SOURCE), tuple(words), tuple(shots))
        return [Question(prompt, review) for review in reviews]

    return make


@pytest.fixture(scope="session")
def smollm():
    """The folder of SmolLM2's weights."""
    home = os.environ.get("VALENCE_MODELS", "")
    folder = Path(home) / "SmolLM2-135M-Instruct"
    if not home or not list(folder.glob("*.gguf")):
        pytest.skip("real weights: set VALENCE_MODELS to a folder with SmolLM2-135M-Instruct/*.gguf")
    return folder


class Misbehaving(ThreadingHTTPServer):
    """A chat server that works through a list of faults before it answers, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults, self.asked, self.models, self.ollama = [], [], ["tiny:1b"], True
        self.say = lambda body: {"message": {"role": "assistant", "content": "positive"}}
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request, client_address):
        """A client that hangs up is no news here."""


class Handler(BaseHTTPRequestHandler):
    """Speaks as much of Ollama's protocol as is asked for."""

    def log_message(self, *args):
        """Say nothing."""

    def do_GET(self):
        models = [{"id": name} for name in self.server.models]
        tags = [{"name": n, "model": n, "digest": f"sha-{n}", "details": {"parameter_size": "1.5B"}} for n in self.server.models]
        known = {"/v1/models": {"data": models}, **({"/api/tags": {"models": tags}} if self.server.ollama else {})}
        self.reply(200, json.dumps(known[self.path])) if self.path in known else self.reply(404, "{}")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append(body)
            fault = self.server.faults.pop(0) if self.server.faults else None
        if fault == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.wfile.flush()
            self.connection.close()
        elif fault == "hang up":
            self.connection.close()
        elif fault == "slow":
            time.sleep(1.0)
            self.reply(200, json.dumps({"choices": [self.server.say(body)]}))
        elif isinstance(fault, int):
            self.reply(fault, json.dumps({"error": {"message": "out of memory"}}))
        elif fault is not None:
            self.reply(200, fault)
        else:
            self.reply(200, json.dumps({"choices": [self.server.say(body)]}))

    def reply(self, status, text):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def server():
    """A misbehaving server; put what it shall do wrong into `faults`."""
    found = Misbehaving()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.fixture
def patience():
    """Little of it, with no time lost between tries."""
    return lambda **settings: Patience(**{"timeout": 20.0, "retries": 5, "sleep": lambda seconds: None, **settings})
