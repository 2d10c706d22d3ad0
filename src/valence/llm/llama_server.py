"""A llama.cpp server: it shows its tokenizer and its chat template, so that prompts are cut, cached and scored token by token."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from valence.llm.asked import Answer, Ask, Question, Reply, Unanswered, spoken
from valence.llm.connection import Connection, Json, NoAnswer
from valence.llm.parallel import as_they_come
from valence.text.prompt import Cut, Message, Prompt, Slot, cut, spaced

SHOWN = 64
"""Likeliest tokens that are asked for; a label's token that is not among them costs a second request."""
BIAS = 40.0
"""Added to the logit of such a token, in nats: it then stands first, while the others still have a probability in float32."""
PROMPTS = 4096
"""Rendered prompts that are remembered; more than one are met only where each review has its own examples."""
CHATML = "<|im_start|>"
"""What llama.cpp falls back to for a model without a chat template."""


@dataclass(frozen=True)
class Frame:
    """A rendered prompt as tokens, the review left out."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    labels: tuple[tuple[int, ...], ...]
    """The tokens of each label word as they continue the prompt."""
    open_thought: bool

    def around(self, review: Sequence[int]) -> list[int]:
        """Return the whole prompt."""
        return [*self.before, *review, *self.after]


class LlamaServer:
    """A model on a llama.cpp server, ours or another's."""

    def __init__(self, connection: Connection, name: str, parallel: int, *, identity: str = "", device: str = "cpu") -> None:
        self.name, self.device = name, device
        self._connection, self._parallel = connection, parallel
        about = (connection.get("/models").get("data") or [{}])[0].get("meta") or {}
        self.parameters = int(about.get("n_params", 0))
        self.identity = identity or f"llama.cpp {name} {json.dumps(about, sort_keys=True)}"
        self._frames: dict[tuple[Prompt, Ask], Frame] = {}

    def ask(self, questions: Sequence[Question], ask: Ask) -> Iterator[tuple[int, Reply]]:
        """Answer each question by itself, `parallel` at a time; the server keeps what prompts begin with in its cache.

        One at a time, the same prompt gets the same bits whatever came before: what all begin with is read first. Several at a time
        share batches, and quantised kernels round by the batch: SmolLM2's log-odds then move by .06, a tenth of their spread.
        """
        self._connection.restart()
        if self._parallel == 1 and len({question.prompt for question in questions}) == 1:
            self._begin(questions[0].prompt, ask)
        yield from as_they_come(lambda question: self._reply(question, ask), questions, self._parallel, self._connection.stop)

    def shorten(self, review: str, tokens: int, keep: Cut) -> str:
        """Return at most `tokens` tokens of the model's own tokenizer."""
        if len(review.encode()) <= tokens:  # no token is shorter than a byte
            return review
        found = self._post("/detokenize", {"tokens": cut(self._tokens(review), tokens, keep)})
        return str(found["content"]).strip()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _reply(self, question: Question, ask: Ask) -> Reply:
        try:
            frame = self.frame(question.prompt, ask)
            prompt = frame.around(cut(self._tokens(question.review), ask.max_review_tokens, ask.cut))
            if ask.way == "score":
                return Answer(scores=self._scores(prompt, frame.labels))
            return Answer(text=self._words(prompt, ask, frame.open_thought))
        except NoAnswer as error:
            return Unanswered(str(error), error.server_gone)
        except (KeyError, IndexError, TypeError) as error:
            return Unanswered(f"the answer lacks {error}")

    def _begin(self, prompt: Prompt, ask: Ask) -> None:
        with suppress(NoAnswer):  # the questions themselves will tell
            self._complete({"prompt": list(self.frame(prompt, ask).before), "max_tokens": 1})

    def _words(self, prompt: list[int], ask: Ask, open_thought: bool) -> str:
        body: Json = {"prompt": prompt, "temperature": 0, "seed": 0, "max_tokens": ask.thinking + ask.answer_tokens}
        if ask.way == "choice":
            body |= {"grammar": grammar(ask.words), "max_tokens": max(len(word.encode()) for word in ask.words) + 2}
        return spoken(str(self._complete(body)["text"]), open_thought=open_thought)

    def _scores(self, prompt: list[int], labels: Sequence[tuple[int, ...]]) -> tuple[float, ...]:
        """Walk the tree of the labels' tokens, and add the log-probability of each step."""
        known: dict[tuple[int, ...], float] = {(): 0.0}
        for depth in range(max(map(len, labels))):
            for path in sorted({label[:depth] for label in labels if len(label) > depth}):
                steps = sorted({label[depth] for label in labels if label[:depth] == path and len(label) > depth})
                for token, p in self._next([*prompt, *path], steps).items():
                    known[(*path, token)] = known[path] + p
        return tuple(known[label] for label in labels)

    def _next(self, prompt: list[int], tokens: Sequence[int]) -> dict[int, float]:
        """Return the log-probability of each of `tokens` after a prompt, in nats."""
        first = self._complete({"prompt": prompt, "max_tokens": 1, "temperature": 0, "n_probs": SHOWN})
        shown = {int(entry["id"]): float(entry["logprob"]) for entry in first["logprobs"]["content"][0]["top_logprobs"]}
        missing = [token for token in tokens if token not in shown]
        return {**{t: shown[t] for t in tokens if t in shown}, **(self._rare(prompt, missing, shown) if missing else {})}

    def _rare(self, prompt: list[int], tokens: Sequence[int], shown: dict[int, float]) -> dict[int, float]:
        """Lift tokens by a bias b until they show: log p(t) = log p(u) + log p'(t) - log p'(u) - b, with u the likeliest other token."""
        body = {"prompt": prompt, "max_tokens": 1, "temperature": 1, "samplers": [], "post_sampling_probs": True}
        found = self._complete({**body, "n_probs": len(tokens) + 2, "logit_bias": [[token, BIAS] for token in tokens]})
        lifted = {int(e["id"]): float(e["prob"]) for e in found["logprobs"]["content"][0]["top_probs"] if float(e["prob"]) > 0}
        other = max((token for token in lifted if token in shown), key=lambda token: shown[token], default=None)
        if other is None:
            raise NoAnswer("the server shows no probabilities to compare the label words with")
        base = shown[other] - math.log(lifted[other]) - BIAS
        least = min(shown.values()) - BIAS
        return {token: base + math.log(lifted[token]) if token in lifted else least for token in tokens}

    def frame(self, prompt: Prompt, ask: Ask) -> Frame:
        """Return a prompt as tokens, remembered; two threads may make the same one, which does no harm."""
        found = self._frames.get((prompt, ask))
        if found is None:
            if len(self._frames) >= PROMPTS:
                self._frames.clear()
            found = self._frames[prompt, ask] = self._frame(prompt, ask)
        return found

    def _frame(self, prompt: Prompt, ask: Ask) -> Frame:
        slot = self._slot(prompt, ask)
        before = self._tokens(slot.before, control=True, opening=True)
        after, labels = self._tokens(slot.after, control=True), []
        for word in ask.words:
            whole = self._tokens(slot.after + spaced(slot.after, word), control=True)
            if whole[: len(after)] != after:  # the word changes how the text before it is cut into tokens: take it by itself
                whole = [*after, *self._tokens(spaced(slot.after, word))]
            labels.append(tuple(whole[len(after) :]))
        return Frame(tuple(before), tuple(after), tuple(labels), ask.thinking > 0 and slot.after.rstrip().endswith("<think>"))

    def _slot(self, prompt: Prompt, ask: Ask) -> Slot:
        def render(messages: list[Message]) -> str:
            options = {"enable_thinking": ask.thinking > 0}
            return str(self._post("/apply-template", {"messages": messages, "chat_template_kwargs": options})["prompt"])

        if ask.form == "plain":
            return prompt.slot()
        chat = prompt.slot(render, thinking=ask.thinking > 0)
        made_up = CHATML in chat.before and len(self._tokens(CHATML, control=True)) > 1
        return prompt.slot() if ask.form == "auto" and made_up else chat

    def _tokens(self, text: str, *, control: bool = False, opening: bool = False) -> list[int]:
        """Return the tokens of a text; control tokens are read only where `control` says so, never in a review."""
        if not text:
            return []
        found = self._post("/tokenize", {"content": text, "parse_special": control, "add_special": opening})["tokens"]
        # a chat template that writes the beginning-of-text token itself would have it twice
        return list(found[1:] if opening and len(found) > 1 and found[0] == found[1] else found)

    def _complete(self, body: Json) -> Any:  # noqa: ANN401
        return self._connection.post("/completions", {"model": self.name, "cache_prompt": True, **body})["choices"][0]

    def _post(self, path: str, body: Json) -> Json:
        return self._connection.post(self._connection.root + path, body)


def grammar(words: Sequence[str]) -> str:
    """Return the GBNF grammar of an answer that can only be a label word."""
    return "root ::= " + " | ".join(json.dumps(word, ensure_ascii=False) for word in words)
