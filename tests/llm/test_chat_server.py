"""A chat server is asked as its protocol wants it; its words, or the tokens it shows, become answers."""

import json
import math

import pytest

from valence.errors import BadSetting
from valence.llm.asked import Answer, Unanswered
from valence.llm.chat_server import ChatServer, first_token_scores
from valence.llm.connection import Connection
from valence.llm.llama_server import LlamaServer
from valence.llm.making import open_server


@pytest.fixture
def chat(server, patience):
    found = ChatServer.open(Connection(server.url, patience(retries=1)), "tiny:1b", 2)
    yield found
    found.close()


def logs(*pairs):
    return {"logprobs": {"content": [{"token": "x", "top_logprobs": [{"token": t, "logprob": math.log(p)} for t, p in pairs]}]}}


def test_a_model_that_is_missing_is_named_with_the_command_that_fetches_it(server, patience):
    with pytest.raises(BadSetting, match=r"No model 'llama3.1:8b' at .*It has: tiny:1b\. Fetch it: ollama pull llama3.1:8b$"):
        ChatServer.open(Connection(server.url, patience()), "llama3.1:8b", 1)
    server.ollama = False
    with pytest.raises(BadSetting, match=r"No model 'x' at http://127.0.0.1:\d+/v1. It has: tiny:1b\.$"):
        ChatServer.open(Connection(server.url, patience()), "x", 1)


def test_a_server_that_does_not_answer_is_named_with_the_way_out(patience):
    with pytest.raises(BadSetting, match=r"No server answers at http://127.0.0.1:9/v1: no connection.*ollama serve.*--base-url"):
        open_server("http://127.0.0.1:9/v1", "m", 1, patience(retries=0))


def test_ollama_takes_a_name_without_its_latest_and_tells_digest_and_size(server, patience):
    server.models = ["mistral:latest"]
    chat = open_server(server.url, "mistral", 1, patience())
    assert (chat.name, chat.parameters) == ("mistral", 1_500_000_000)
    assert not isinstance(chat, LlamaServer)
    assert "sha-mistral:latest" in chat.identity
    chat.close()


def test_free_words_are_asked_greedily_with_room_to_think(server, chat, questions, ask):
    server.say = lambda body: {"message": {"content": "<think>It is negative? No.</think>Positive."}}
    replies = dict(chat.ask(questions("Fun."), ask("generate", thinking=100)))
    assert replies == {0: Answer(text="Positive.")}
    body = server.asked[0]
    assert (body["temperature"], body["max_tokens"], body["model"]) == (0, 108, "tiny:1b")
    assert "reasoning_effort" not in body
    assert body["messages"][-1]["content"].endswith("Review:\nFun.\nSentiment:")


def test_without_room_ollama_is_told_not_to_think_and_others_in_their_way(server, chat, questions, ask, patience):
    dict(chat.ask(questions("Fun."), ask("generate")))
    assert server.asked[0]["reasoning_effort"] == "none"
    server.ollama = False
    other = ChatServer.open(Connection(server.url, patience()), "tiny:1b", 1)
    dict(other.ask(questions("Fun."), ask("generate")))
    assert server.asked[1]["chat_template_kwargs"] == {"enable_thinking": False}
    assert "reasoning_effort" not in server.asked[1]
    other.close()


def test_held_words_are_asked_with_a_schema(server, chat, questions, ask):
    server.say = lambda body: {"message": {"content": json.dumps({"sentiment": "negative"})}}
    assert dict(chat.ask(questions("Fun."), ask("choice"))) == {0: Answer(text="negative")}
    schema = server.asked[0]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["sentiment"]["enum"] == ["negative", "positive"]


def test_a_server_that_ignores_the_schema_answers_in_free_words(server, chat, questions, ask):
    server.say = lambda body: {"message": {"content": "I would say positive"}}
    assert dict(chat.ask(questions("Fun."), ask("choice"))) == {0: Answer(text="I would say positive")}


def test_scores_are_read_off_the_first_token(server, chat, questions, ask):
    server.say = lambda body: logs(("Positive", 0.5), ("negative", 0.25))
    assert dict(chat.ask(questions("Fun."), ask()))[0].scores == pytest.approx((math.log(0.25), math.log(0.5)))
    assert (server.asked[0]["max_tokens"], server.asked[0]["top_logprobs"]) == (1, 20)


def test_first_tokens_that_begin_one_label_word_only_count_for_it():
    words = ("negative", "neutral", "positive")
    shown = logs(("ne", 0.3), ("neg", 0.2), (" Neg", 0.1), ("Pos", 0.05), ("the", 0.01))
    # `ne` begins two words; negative has 0.2 + 0.1; neutral is not shown and gets the least shown
    assert first_token_scores(shown, words).scores == pytest.approx((math.log(0.3), math.log(0.01), math.log(0.05)))
    old = {"logprobs": {"top_logprobs": [{" positive": -0.5, " negative": -2.0}]}}
    assert first_token_scores(old, ("negative", "positive")).scores == pytest.approx((-2.0, -0.5))
    assert isinstance(first_token_scores(logs(("The", 0.9)), words), Unanswered)
    assert isinstance(first_token_scores({}, words), Unanswered)


def test_a_question_that_fails_stays_unanswered_and_the_others_go_on(server, chat, questions, ask):
    server.faults = [500, 500]
    asked = questions(*(f"Review {i}." for i in range(6)))
    slow = ChatServer(chat._connection, "tiny:1b", 1, "id", 0, True)
    replies = dict(slow.ask(asked, ask("generate")))
    assert [isinstance(replies[i], Unanswered) for i in range(6)] == [True, *[False] * 5]
    assert replies[0].reason == "status 500: out of memory (2 tries)"


@pytest.mark.parametrize("said", ['{"choices": []}', '{"choices": [null]}', '{"choices": 3}', "{}"])
def test_json_without_an_answer_is_no_answer(server, chat, questions, ask, said):
    server.faults = [said] * 9
    assert isinstance(dict(chat.ask(questions("Fun."), ask("generate")))[0], Unanswered)


def test_a_review_is_shortened_by_a_count_that_is_never_too_low(chat):
    text = "Extraordinarily dull, " * 50
    short = chat.shorten(text, 20, "head+tail")
    assert short.startswith("Extraordinarily")
    assert short.endswith(", ") or short.endswith("dull,")
    assert 20 < len(short) <= 20 * 5
    assert chat.shorten("Fun.", 20, "head") == "Fun."
