"""Prompts as tokens, by the one function that also asks models that nobody trained: training and inference cannot differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import TemplateError

from valence.errors import BadSetting
from valence.llm.asked import Ask, name_label
from valence.llm.label_scores import Row
from valence.llm.local import Local
from valence.text.prompt import Message, Prompt, cut, tidy, without_system
from valence.text.vocabulary import Tokens

if TYPE_CHECKING:
    import torch

    from valence.llm.tuning.networks import PromptNetwork

ANSWER = "VALENCE-ANSWER-SLOT"
"""Stands where the answer will stand while a chat template is rendered around it."""


class Reader(Local):
    """A tokenizer, a prompt and a way of asking; the model is lent to it only to answer in free words."""

    def __init__(self, name: str, tokenizer: Any, prompt: Prompt, ask: Ask, device: torch.device, batch_tokens: int) -> None:  # noqa: ANN401
        """Take over a tokenizer of transformers; no weights are loaded, which is all that the parent's `__init__` would do."""
        self.name, self.device = name, str(device)
        self.prompt, self.asked = prompt, ask
        self._tokenizer, self._where, self._batch_tokens = tokenizer, device, batch_tokens
        self._frames = {}

    def rows(self, texts: Sequence[str]) -> list[Row]:
        """Return the tokens of each text's prompt, and of the label words: of each review at most `max_review_tokens` are read."""
        whole = [tidy(text) for text in texts]
        if not whole:
            return []
        # all at once: a tokenizer of transformers reads them on every processor
        cuts = self._tokenizer(whole, add_special_tokens=False, split_special_tokens=True).input_ids
        before, after, labels = self._frame(self.prompt, self.asked)
        return [Row((*before, *cut(ids, self.asked.max_review_tokens, self.asked.cut), *after), labels) for ids in cuts]

    def encode(self, texts: Sequence[str]) -> Tokens:
        """Return the prompts; they end where the answer begins."""
        rows = self.rows(texts)
        ends = np.cumsum([0, *(len(row.prompt) for row in rows)]).astype(np.int64)
        return Tokens(np.fromiter((token for row in rows for token in row.prompt), np.int32, int(ends[-1])), ends)

    @property
    def opening(self) -> tuple[int, ...]:
        """The tokens that all prompts begin with, up to the review."""
        return self._frame(self.prompt, self.asked)[0]

    @property
    def closing(self) -> int:
        """How many tokens stand between the review and the answer."""
        return len(self._frame(self.prompt, self.asked)[1])

    def encode_rest(self, texts: Sequence[str]) -> Tokens:
        """Return the prompts without their opening."""
        whole, opening = self.encode(texts), len(self.opening)
        own = np.ones(len(whole.ids), bool)
        own[(whole.offsets[:-1, None] + np.arange(opening)).ravel()] = False
        return Tokens(whole.ids[own], whole.offsets - opening * np.arange(len(whole.offsets)))

    @property
    def words(self) -> tuple[tuple[int, ...], ...]:
        """The tokens of each label word as it continues the prompt."""
        return self.rows([""])[0].labels

    @property
    def end(self) -> int:
        """The token that ends an answer: what the chat template writes behind one, else the end of a text."""
        own = self._tokenizer.eos_token_id
        if not self._slot(self.prompt, self.asked)[1]:
            return int(own)
        chat: list[Message] = [*self.prompt.messages(""), {"role": "assistant", "content": ANSWER}]
        wear = partial(self._tokenizer.apply_chat_template, tokenize=False)
        try:
            whole = str(wear(chat))
        except TemplateError:
            whole = str(wear(without_system(chat)))
        after = self._ids(whole.rpartition(ANSWER)[2].strip(), control=True)[:1]
        special = {*self._tokenizer.all_special_ids, *(self._tokenizer.added_tokens_decoder)}
        return int(after[0] if after and after[0] in special else own)

    @property
    def room(self) -> int:
        """Tokens of the longest prompt with its answer."""
        return len(self.rows([""])[0].prompt) + self.asked.max_review_tokens + max(map(len, self.words)) + 1

    def check_room(self, places: int | None) -> None:
        """Refuse reviews that would not fit.

        Raises:
            BadSetting: prompt, review and answer may take more than the model's `places`.
        """
        if places and self.room > places:
            raise BadSetting(
                f"max_review_tokens {self.asked.max_review_tokens}: a prompt may take {self.room} tokens, {self.name} has {places}."
            )

    def speak(self, network: PromptNetwork, texts: Sequence[str], labels: Sequence[str], known: Mapping[int, int]) -> tuple[str, ...]:
        """Return what the model says about each text, greedily; a label word that it says first is replaced by the label's name.

        Args:
            network: lends its model.
            texts: n of them.
            labels: their names.
            known: label of each text whose greedy answer is that label's word and nothing else; the others are generated.
        """
        unknown = [i for i in range(len(texts)) if i not in known]
        rows = self.rows([texts[i] for i in unknown])
        said = {i: self.asked.words[label] for i, label in known.items()}
        with network.generating():
            self._model = network.model
            try:
                said |= {unknown[i]: str(getattr(reply, "text", "") or "") for i, reply in self._generated(rows, self.asked)}
            finally:
                self._model = None
        return tuple(name_label(said[i], self.asked.words, labels)[1] for i in range(len(texts)))


__all__ = ["Reader"]
