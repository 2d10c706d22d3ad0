"""Prompts: an instruction, examples, one review and the place of the answer, kept apart so that only the review is ever cut.

A template is a jinja2 file of blocks; `question` must show the review, the others may be missing:

    {% block instruction %}Classify the review. Answer with one word: {{ words | join(" or ") }}.{% endblock %}
    {% block question %}Review:
    {{ review }}{% endblock %}
    {% block answer %}Sentiment:{% endblock %}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

import jinja2

from valence.errors import BadSetting
from valence.text.clean import HTML_BREAK

T = TypeVar("T")
Cut = Literal["head", "tail", "head+tail"]
"""Which tokens of a longer review are kept: its first, its last, or half of each."""
Message = dict[str, str]
"""`role` and `content`, as chat templates read them."""

SLOT = "VALENCE-REVIEW-SLOT"
"""Stands where the review will stand while a chat template is rendered around it."""
MARKUP = re.compile(r"<(?=\|)|(?<=\|)>|<(?=/?(?:s|bos|eos|pad|unk|think|start_of_turn|end_of_turn)>)|\[(?=/?INST\])", re.IGNORECASE)
"""What would begin or end a control token if a tokenizer read it in a review."""


def tidy(review: str) -> str:
    """Return a review fit to stand in a prompt: HTML breaks are line breaks, and nothing in it reads as a control token.

    Without this, a review that holds `<|im_end|>` would end its own message and could answer for the model.
    """
    text = re.sub(HTML_BREAK, "\n", review).replace("\0", " ")
    text = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair cannot be sent
    return MARKUP.sub(lambda found: f" {found[0]}" if found[0] == ">" else f"{found[0]} ", text).strip()


def cut(tokens: Sequence[T], limit: int, keep: Cut) -> list[T]:
    """Return at most `limit` of the tokens; of `head+tail` the head gets the odd one."""
    if len(tokens) <= limit:
        return list(tokens)
    head = {"head": limit, "tail": 0, "head+tail": limit - limit // 2}[keep]
    tail = limit - head
    return [*tokens[:head], *tokens[len(tokens) - tail :]]


@dataclass(frozen=True)
class Template:
    """A prompt's wording."""

    source: str
    """The file's text."""
    title: str = "template"
    """What messages call it."""

    @classmethod
    def read(cls, path: Path) -> Template:
        """Read a template file and try it on a word.

        Raises:
            BadSetting: it cannot be read or rendered, or does not show the review exactly once.
        """
        try:
            found = cls(path.read_text(encoding="utf-8"), path.name)
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"The template {path} cannot be read: {error}.") from None
        shown = found.render("question", ("good", "bad"), SLOT).count(SLOT)
        if shown != 1:
            raise BadSetting(f"The template {path} shows the review {shown} times; its block `question` must show {{{{ review }}}} once.")
        return found

    @cached_property
    def _parsed(self) -> jinja2.Template:
        try:
            return jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(self.source)
        except jinja2.TemplateSyntaxError as error:
            raise BadSetting(f"{self.title}, line {error.lineno}: {error.message}") from None

    def render(self, block: str, words: Sequence[str], review: str = "") -> str:
        """Return one block's text, empty when the template has no such block.

        Raises:
            BadSetting: the block names something unknown; known are `words` and `review`.
        """
        parts = self._parsed.blocks.get(block)
        if parts is None:
            return ""
        try:
            return "".join(parts(self._parsed.new_context({"words": list(words), "review": review}))).strip()
        except jinja2.TemplateError as error:
            raise BadSetting(f"{self.title}, block {block}: {error}. Known: words, review.") from None


@dataclass(frozen=True)
class Shot:
    """An example with its answer."""

    review: str
    word: str
    """The label word of its label."""


@dataclass(frozen=True)
class Slot:
    """A rendered prompt with the review left out."""

    before: str
    after: str

    def fill(self, review: str) -> str:
        """Return the whole prompt."""
        return self.before + review + self.after


@dataclass(frozen=True)
class Prompt:
    """All of a prompt but the review to be judged."""

    template: Template
    words: tuple[str, ...]
    """One label word per label."""
    shots: tuple[Shot, ...] = ()
    joint: str = field(default="\n\n", repr=False)
    """What parts instruction, examples and question of a plain prompt."""

    def messages(self, review: str) -> list[Message]:
        """Return the chat: the instruction opens the first user message, each example is a turn of its own."""
        system, opening = self._block("system"), self._block("instruction")
        found: list[Message] = [{"role": "system", "content": system}] if system else []
        for text, answer in [*((shot.review, shot.word) for shot in self.shots), (review, None)]:
            question = "\n".join(part for part in (self._block("question", text), self._block("answer")) if part)
            found.append({"role": "user", "content": self.joint.join(part for part in (opening, question) if part)})
            opening = ""
            if answer is not None:
                found.append({"role": "assistant", "content": answer})
        return found

    def plain(self, review: str) -> str:
        """Return one text for a model that knows no chat; it ends where the answer begins."""
        opening = [part for part in (self._block("system"), self._block("instruction")) if part]
        cue = self._block("answer")
        asked = [f"{self._block('question', shot.review)}\n{cue} {shot.word}".strip() for shot in self.shots]
        return self.joint.join([*opening, *asked, f"{self._block('question', review)}\n{cue}"])

    def slot(self, render: Callable[[list[Message]], str] | None = None, *, thinking: bool = False) -> Slot:
        """Return the rendered prompt around its review.

        Args:
            render: a chat template: messages in, text out; a plain prompt without one.
            thinking: leave a thought open that the chat template begins for the model.

        Raises:
            BadSetting: the chat template shows the last review not exactly once.
        """
        whole = self.plain(SLOT) if render is None else render(self.messages(SLOT))
        before, *after = whole.split(SLOT)
        if len(after) != 1:
            raise BadSetting(f"The chat template shows the review {len(after)} times, it must once. Try --form plain.")
        return Slot(before, after[0] if thinking else close_thought(after[0]))

    def _block(self, name: str, review: str = "") -> str:
        return self.template.render(name, self.words, review)


def close_thought(after: str) -> str:
    """End a thought that a chat template has opened for the model, so that the answer comes next."""
    opened = re.search(r"<think>\s*$", after)
    return f"{after[: opened.start()]}<think>\n\n</think>\n\n" if opened else after


def without_system(messages: Sequence[Message]) -> list[Message]:
    """Return a chat whose system message, if it has one, opens the first user message: some chat templates know no system."""
    if len(messages) < 2 or messages[0]["role"] != "system":
        return list(messages)
    first = {**messages[1], "content": f"{messages[0]['content']}\n\n{messages[1]['content']}"}
    return [first, *messages[2:]]


def spaced(after: str, word: str) -> str:
    """Return a label word as it continues a prompt that ends with `after`: set off by a space unless white space is there already."""
    return word if not after or after[-1].isspace() else f" {word}"
