import json
import logging
import threading

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="serving: pip install 'valence[serve]'")
pytest.importorskip("prometheus_client", reason="serving: pip install 'valence[serve]'")
pytest.importorskip("httpx2", reason="FastAPI's TestClient: pip install httpx2")

from fastapi.testclient import TestClient

from conftest import sentences
from valence.evaluation.temperature import scale
from valence.serve.app import Served, make_app
from valence.serve.batcher import Batcher
from valence.serve.card import describe
from valence.serve.counts import Counts
from valence.serve.limits import Limits
from valence.serve.opening import open_to_serve


@pytest.fixture
def client(finished, until):
    """Return a client of the small run, or of another classifier, with limits of the test's own."""
    store, record = finished
    open_ones = []

    def make(classifier=None, card=None, **limits):
        counts, bounds = Counts(), Limits(**limits)
        load = (lambda: open_to_serve(record.id, store)) if classifier is None else (lambda: classifier)
        batcher = Batcher(load, 2, bounds, counts)
        found = TestClient(make_app(Served(card or describe(record.id, store), batcher, bounds, counts)))
        found.__enter__()
        open_ones.append(found)
        assert until(lambda: batcher.ready)
        return found

    yield make
    for found in open_ones:
        found.__exit__(None, None, None)


def ask(client, *texts):
    return client.post("/v1/predict", json={"texts": texts})


def probabilities(reply):
    return np.array([list(found["probabilities"].values()) for found in reply.json()["predictions"]], dtype=np.float32)


def test_predictions_are_the_classifier_s_to_the_last_bit(client, finished):
    store, record = finished
    texts = sentences(9, seed=5)[0]
    reply = ask(client(), *texts)
    found = reply.json()
    expected = open_to_serve(record.id, store).predict(texts)
    assert (found["run"], found["labels"]) == (record.id, list(record.labels))
    assert [each["label"] for each in found["predictions"]] == [record.labels[i] for i in expected.labels]
    np.testing.assert_array_equal(probabilities(reply), expected.probabilities)
    assert "response" not in found["predictions"][0]


def test_what_many_users_ask_at_once_is_answered_as_if_each_were_alone(client, finished):
    store, record = finished
    served, classifier = client(max_batch=5), open_to_serve(record.id, store)
    asked = [sentences(1 + i % 4, seed=i)[0] for i in range(24)]
    replies = [None] * len(asked)

    def one(i):
        replies[i] = ask(served, *asked[i])

    users = [threading.Thread(target=one, args=(i,)) for i in range(len(asked))]
    for user in users:
        user.start()
    for user in users:
        user.join()
    for texts, reply in zip(asked, replies, strict=True):
        np.testing.assert_array_equal(probabilities(reply), classifier.predict(texts).probabilities)


def test_a_language_model_s_words_stand_beside_its_answer(client, lengths):
    assert ask(client(lengths), "four").json()["predictions"][0]["response"] == "4 letters"


def test_calibrated_probabilities_are_scaled_and_no_answer_changes(client, finished):
    card = describe(finished[1].id, finished[0])
    trust = card.confidence.model_copy(update={"calibrated": True, "temperature": 0.4})
    plain, scaled = client(), client(card=card.model_copy(update={"confidence": trust}))
    texts = sentences(6, seed=8)[0]
    before, after = ask(plain, *texts), ask(scaled, *texts)
    np.testing.assert_allclose(probabilities(after), scale(probabilities(before), 0.4), rtol=1e-6)
    assert [a["label"] for a in after.json()["predictions"]] == [b["label"] for b in before.json()["predictions"]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"texts": []}', "The list of texts is empty."),
        ('{"texts": ["fine", "  "]}', "texts[1] is empty."),
        ('{"texts": ["a", "b", "c", "d"]}', "4 texts are too many for one request; the most is 3."),
        ('{"texts": ["aaaaaaaaaaaaaaaaaaaaa"]}', "texts[0] has 21 characters; the most is 20."),
        ('{"texts": ["a\\ud800b"]}', "texts[0] is no valid Unicode"),
        ('{"texts": "secret"}', "texts must be a list of texts."),
        ('{"texts": ["a", 7]}', "texts[1] must be a text"),
        ('{"text": ["secret"]}', "The field texts is missing."),
        ('{"texts": ["a"], "model": "secret"}', "No field 'model'."),
        ('["secret"]', "The body must be a JSON object"),
        ('{"texts": ["secret"', "The body is no JSON."),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_in_one_sentence_that_quotes_no_text(client, body, expected):
    reply = client(max_texts=3, max_characters=20).post("/v1/predict", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    assert reply.json()["detail"].startswith(expected)
    assert "secret" not in reply.text


def test_a_form_of_another_page_cannot_ask(client):
    reply = client().post("/v1/predict", content='{"texts": ["a"]}', headers={"Content-Type": "text/plain"})
    assert reply.status_code == 422


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused(client, announced):
    body = json.dumps({"texts": ["a" * 3000]}).encode()
    content = body if announced else iter([body[:1500], body[1500:]])
    reply = client(max_megabytes=0.002).post("/v1/predict", content=content, headers={"Content-Type": "application/json"})
    assert reply.status_code == 413
    assert reply.json()["detail"] == "The body is larger than 0.002 MB. Send the texts in parts."


def test_a_model_that_raises_answers_500_and_the_next_request_is_answered(client, lengths, caplog):
    served = client(lengths)
    with caplog.at_level(logging.DEBUG):
        reply = ask(served, "raise my secret")
    assert reply.status_code == 500
    assert "secret" not in reply.text + caplog.text
    assert ask(served, "fine").status_code == 200
    assert "valence_model_failures_total 1.0" in served.get("/metrics").text


def test_a_full_queue_answers_503_with_the_time_to_wait(client, lengths, until):
    served = client(lengths, max_queue=1)
    lengths.go.clear()
    users = [threading.Thread(target=ask, args=(served, f"user {i}")) for i in range(2)]
    users[0].start()
    assert until(lambda: len(lengths.calls) == 2)
    users[1].start()
    assert until(lambda: "valence_queue_texts 1.0" in served.get("/metrics").text)
    reply = ask(served, "one more")
    assert reply.status_code == 503
    assert int(reply.headers["Retry-After"]) >= 1
    assert "The queue is full" in reply.json()["detail"]
    lengths.go.set()
    for user in users:
        user.join()


def test_while_the_model_loads_health_says_so_and_the_card_is_there(finished):
    store, record = finished
    go, counts = threading.Event(), Counts()
    batcher = Batcher(lambda: go.wait(20) and open_to_serve(record.id, store), 2, Limits(), counts)
    with TestClient(make_app(Served(describe(record.id, store), batcher, Limits(), counts))) as served:
        health, early = served.get("/health"), ask(served, "early")
        card = served.get("/v1/model").json()
        go.set()
        for _ in range(2000):
            if served.get("/health").status_code == 200:
                break
        assert served.get("/health").json() == {"status": "ready", "run": record.id}
        assert served.get("/v1/model").json()["device"].startswith("CPU")
    assert (health.status_code, health.json()["status"]) == (503, "loading")
    assert (early.status_code, early.headers["Retry-After"]) == (503, "2")
    assert (card["run"], card["device"]) == (record.id, "")
    assert card["metrics"]["accuracy"].keys() == {"value", "low", "high"}


def test_figures_count_requests_texts_and_seconds_and_no_made_up_path(client):
    served = client()
    ask(served, "one", "two", "three")
    ask(served)
    served.get("/made-up-by-a-stranger")
    text = served.get("/metrics").text
    assert 'valence_requests_total{path="/v1/predict",status="200"} 1.0' in text
    assert 'valence_requests_total{path="/v1/predict",status="422"} 1.0' in text
    assert 'valence_requests_total{path="other",status="404"} 1.0' in text
    assert "stranger" not in text
    assert "valence_texts_total 3.0" in text
    assert 'valence_request_seconds_count{path="/v1/predict"} 2.0' in text
    assert "valence_ready 1.0" in text


def test_the_api_describes_itself(client):
    served = client()
    found = served.get("/openapi.json").json()
    assert {"/v1/predict", "/v1/model", "/health", "/metrics"} <= found["paths"].keys()
    schemas = found["components"]["schemas"]
    assert schemas["Answers"]["properties"]["predictions"]["description"]
    assert {"200", "413", "422", "500", "503"} <= found["paths"]["/v1/predict"]["post"]["responses"].keys()
    assert served.get("/docs").status_code == 200


def test_nothing_is_handed_to_opentelemetry_whatever_the_environment_asks(client, monkeypatch):
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    served = client()
    app = served.app.app
    assert not any(app._telemetry[name] for name in ("tracing", "metrics", "logs", "operation_spans", "auto_configure"))
    assert ask(served, "fine").status_code == 200
