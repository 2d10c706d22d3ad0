"""Any server of chat models that speaks OpenAI's protocol: Ollama, vLLM, LM Studio. It shows words, and the likeliest first tokens."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from valence.errors import BadSetting
from valence.llm.asked import Answer, Ask, Question, Reply, Unanswered, spoken
from valence.llm.connection import Connection, Json, NoAnswer, refuse
from valence.llm.parallel import as_they_come
from valence.text.prompt import Cut, cut

SHOWN = 20
"""First tokens whose probability a server shows; the protocol allows no more."""
PIECES = re.compile(r"\s*(?:[^\W\d_]{1,4}|\d|[^\w\s]|_|\s)")
"""A count of tokens for a server that does not show its tokenizer: letters in fours, everything else one by one."""


class ChatServer:
    """A model on a chat server."""

    device = "cpu"

    def __init__(self, connection: Connection, name: str, parallel: int, identity: str, parameters: int, ollama: bool) -> None:
        self.name, self.identity, self.parameters = name, identity, parameters
        self._connection, self._parallel, self._ollama = connection, parallel, ollama

    @classmethod
    def open(cls, connection: Connection, name: str, parallel: int) -> ChatServer:
        """Find a model on a server.

        Raises:
            BadSetting: the server does not answer, or does not have the model; Ollama's command to fetch it is named.
        """
        try:
            known = [str(model["id"]) for model in connection.get("/models").get("data") or []]
        except NoAnswer as error:
            raise refuse(connection, error) from None
        tags = connection.peek("/api/tags")
        here = next((id for id in known if id in {name, f"{name}:latest"}), None)
        if here is None:
            pull = f" Fetch it: ollama pull {name}" if tags is not None else ""
            raise BadSetting(f"No model {name!r} at {connection.base_url}. It has: {', '.join(sorted(known)) or 'none'}.{pull}")
        about: Json = next((m for m in (tags or {}).get("models", []) if here in {m.get("name"), m.get("model")}), {})
        identity = f"chat {connection.base_url if not about.get('digest') else 'ollama'} {name} {about.get('digest', '')}"
        return cls(connection, name, parallel, identity, _count((about.get("details") or {}).get("parameter_size", "")), tags is not None)

    def ask(self, questions: Sequence[Question], ask: Ask) -> Iterator[tuple[int, Reply]]:
        """Answer each question by itself, `parallel` at a time."""
        self._connection.restart()
        yield from as_they_come(lambda question: self._reply(question, ask), questions, self._parallel, self._connection.stop)

    def shorten(self, review: str, tokens: int, keep: Cut) -> str:
        """Return about `tokens` tokens; the server does not show its tokenizer, so they are counted high: never more is kept."""
        return review if len(review) <= tokens else "".join(cut(PIECES.findall(review), tokens, keep))

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _reply(self, question: Question, ask: Ask) -> Reply:
        review = self.shorten(question.review, ask.max_review_tokens, ask.cut)
        try:
            if ask.form == "plain":
                choice = self._choice("/completions", {"prompt": question.prompt.plain(review)}, ask)
            else:
                choice = self._choice("/chat/completions", {"messages": question.prompt.messages(review)}, ask)
        except NoAnswer as error:
            return Unanswered(str(error), error.server_gone)
        if ask.way == "score":
            return first_token_scores(choice, ask.words)
        message = choice.get("message") or {}
        text = spoken(str(message.get("content") or choice.get("text") or ""))
        return Answer(text=_chosen(text) if ask.way == "choice" else text)

    def _choice(self, path: str, prompt: Json, ask: Ask) -> Json:
        body = {"model": self.name, **prompt, "temperature": 0, "seed": 0, "max_tokens": self._room(ask), **self._options(path, ask)}
        found = self._connection.post(path, body).get("choices")
        if not isinstance(found, list) or not found or not isinstance(found[0], dict):
            raise NoAnswer("the answer holds no choices")
        return found[0]

    def _room(self, ask: Ask) -> int:
        longest = max(len(word.encode()) for word in ask.words)
        return {"generate": ask.thinking + ask.answer_tokens, "choice": longest + 24, "score": 1}[ask.way]

    def _options(self, path: str, ask: Ask) -> Json:
        chat, options = path == "/chat/completions", Json()
        if chat and self._ollama and not ask.thinking:
            options["reasoning_effort"] = "none"
        elif chat and not self._ollama:
            options["chat_template_kwargs"] = {"enable_thinking": ask.thinking > 0}
        if ask.way == "choice":
            options["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "sentiment", "strict": True, "schema": schema(ask.words)},
            }
        if ask.way == "score":
            options |= {"logprobs": True, "top_logprobs": SHOWN} if chat else {"logprobs": SHOWN}
        return options


def schema(words: Sequence[str]) -> Json:
    """Return the JSON schema of an answer that can only be a label word."""
    answer = {"type": "string", "enum": list(words)}
    return {"type": "object", "properties": {"sentiment": answer}, "required": ["sentiment"], "additionalProperties": False}


def _chosen(text: str) -> str:
    try:
        return str(json.loads(text)["sentiment"])
    except (ValueError, TypeError, KeyError):
        return text  # a server that does not know schemas answers in free words; they count as such


def first_token_scores(choice: Json, words: Sequence[str]) -> Reply:
    """Score label words by the likeliest first tokens, which is all that such a server shows.

    A word gets every shown token that begins it and no other word, whatever its case. A word that begins with none of them gets the
    least probability shown, which it cannot exceed.
    """
    shown = _shown(choice)
    starts = {token: [i for i, word in enumerate(words) if word.lower().startswith(token)] for token in {t for t, _ in shown}}
    found = [[p for token, p in shown if starts[token] == [i]] for i in range(len(words))]
    if not any(found):
        return Unanswered(f"none of the {len(shown)} likeliest first tokens begins one of: {', '.join(words)}")
    least = min(p for _, p in shown)
    return Answer(scores=tuple(math.log(math.fsum(map(math.exp, p))) if p else least for p in found))


def _shown(choice: Json) -> list[tuple[str, float]]:
    logs: Any = choice.get("logprobs") or {}
    content = logs.get("content") or []
    if content:
        pairs = [(entry["token"], entry["logprob"]) for entry in content[0].get("top_logprobs") or []]
    else:
        pairs = list(((logs.get("top_logprobs") or [{}])[0] or {}).items())
    return [(token.strip().lower(), max(float(p), -100.0)) for token, p in pairs if token.strip()]


def _count(size: str) -> int:
    """Return the number behind `8.0B` or `494.03M`."""
    found = re.fullmatch(r"([\d.]+)\s*([KMB])", str(size).strip(), re.IGNORECASE)
    return round(float(found[1]) * {"K": 1e3, "M": 1e6, "B": 1e9}[found[2].upper()]) if found else 0
