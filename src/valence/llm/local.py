"""Local weights through transformers, on a GPU or a CPU: scored label words, held words or free ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import TemplateError

from valence.errors import BadSetting, MissingPackage
from valence.llm.asked import Answer, Ask, Question, Reply, spoken
from valence.llm.label_scores import Row, Tokens, greedy
from valence.text.prompt import Cut, Message, Prompt, Slot, cut, spaced, without_system

if TYPE_CHECKING:
    from valence.llm.scorer import LabelScorer

RANDOM = "random"
"""The name of a tiny model with random weights, made on the spot: it knows nothing and shows that everything else works."""
PROMPTS = 4096
TOGETHER = 4096
"""Questions that are sorted by length and answered together; more would only hold back what is known already."""
Frame = tuple[Tokens, Tokens, tuple[Tokens, ...]]
"""What stands before and after the review, and the tokens of each label word."""
Precision = Literal["auto", "float32", "bfloat16"]


class Local:
    """A causal language model in this process."""

    def __init__(self, name: str, device: str, precision: Precision, batch_tokens: int) -> None:
        """Load the weights.

        Raises:
            BadSetting: there are no such weights here, and the hub does not give them; or a .gguf that cannot be dequantised.
            MissingPackage: torch or transformers is not installed.
        """
        try:
            import torch

            from valence.llm.scorer import LabelScorer
            from valence.llm.tuning.weights import Weights
            from valence.training.device import resolve_device
        except ImportError:
            raise MissingPackage("torch", "torch", "--backend transformers") from None
        where, weights = resolve_device(device), Weights.find(name)
        kind = torch.bfloat16 if _halved(precision, where) else torch.float32
        self._tokenizer = weights.tokenizer()
        self._model = weights.model(where, kind, 16).eval()
        self._where, self._batch_tokens = where, batch_tokens
        self._scorer: LabelScorer | None = LabelScorer(self._model)
        self._frames: dict[tuple[Prompt, Ask], Frame] = {}
        self.name, self.device = name, str(where)
        self.loaded = weights.title
        self.identity = f"transformers {weights.digest()} {kind}"
        self.parameters = sum(p.numel() for p in self._model.parameters())

    def ask(self, questions: Sequence[Question], ask: Ask) -> Iterator[tuple[int, Reply]]:
        """Answer the questions, those of similar length together; a reply depends on its own question alone."""
        for start in range(0, len(questions), TOGETHER):
            rows = [self.row(question, ask) for question in questions[start : start + TOGETHER]]
            for i, reply in self._spoken(rows, ask) if ask.way == "generate" else self._scored(rows, ask):
                yield start + i, reply

    def row(self, question: Question, ask: Ask) -> Row:
        """Return a question's tokens: the prompt's, the review's (the only ones that are cut) and the answer's place; and the labels'."""
        if (question.prompt, ask) not in self._frames:
            if len(self._frames) >= PROMPTS:
                self._frames.clear()
            self._frames[question.prompt, ask] = self._frame(question.prompt, ask)
        before, after, labels = self._frames[question.prompt, ask]
        review = cut(self._ids(question.review), ask.max_review_tokens, ask.cut)
        return Row((*before, *review, *after), labels)

    def shorten(self, review: str, tokens: int, keep: Cut) -> str:
        """Return at most `tokens` tokens of the model's own tokenizer."""
        ids = self._ids(review)
        return review if len(ids) <= tokens else self._text(cut(ids, tokens, keep)).strip()

    def close(self) -> None:
        """Free the weights."""
        self._model = self._scorer = None

    @property
    def _open(self) -> LabelScorer:
        if self._scorer is None:
            raise BadSetting(f"The weights of {self.name} were freed. Load the run again.")
        return self._scorer

    def _scored(self, rows: list[Row], ask: Ask) -> Iterator[tuple[int, Reply]]:
        for i, steps in self._open.score(rows, self._batch_tokens):
            if ask.way == "score":
                yield i, Answer(scores=tuple(map(sum, steps)))
            else:
                yield i, Answer(text=ask.words[greedy(rows[i].labels, steps)])

    def _spoken(self, rows: list[Row], ask: Ask) -> Iterator[tuple[int, Reply]]:
        with self._open.generating():
            yield from self._generated(rows, ask)

    def _generated(self, rows: list[Row], ask: Ask) -> Iterator[tuple[int, Reply]]:
        from valence.llm.speaking import continuations

        for i, ids in continuations(self._model, rows, ask.thinking + ask.answer_tokens, self._pad, self._batch_tokens):
            begun = ask.thinking > 0 and self._text(rows[i].prompt[-8:]).rstrip().endswith("<think>")
            yield i, Answer(text=spoken(self._text(ids, skip_special_tokens=True), open_thought=begun))

    def _text(self, ids: Any, **settings: bool) -> str:  # noqa: ANN401 - a list or a tensor
        return str(self._tokenizer.decode(ids, clean_up_tokenization_spaces=False, **settings))

    @property
    def _pad(self) -> int:
        known = (self._tokenizer.pad_token_id, self._tokenizer.eos_token_id, 0)
        return next(int(token) for token in known if token is not None)

    def _frame(self, prompt: Prompt, ask: Ask) -> Frame:
        slot, chat = self._slot(prompt, ask)
        before = self._ids(slot.before, control=True)
        opening = self._tokenizer("").input_ids[:1]  # the beginning-of-text token, where a text has one; a chat template writes its own
        if not chat and opening and opening[0] != self._tokenizer.eos_token_id:
            before = [*opening, *before]
        after = self._ids(slot.after, control=True)
        return tuple(before), tuple(after), tuple(self._label(slot.after, after, word) for word in ask.words)

    def _label(self, text: str, after: list[int], word: str) -> Tokens:
        whole = self._ids(text + spaced(text, word), control=True)
        # a word that changes how the text before it is cut into tokens is taken by itself
        return tuple(whole[len(after) :] if whole[: len(after)] == after else self._ids(spaced(text, word)))

    def _slot(self, prompt: Prompt, ask: Ask) -> tuple[Slot, bool]:
        if ask.form == "plain" or (ask.form == "auto" and not self._tokenizer.chat_template):
            return prompt.slot(), False
        if not self._tokenizer.chat_template:
            raise BadSetting(f"{self.name} has no chat template. Try --form plain.")

        def render(messages: list[Message]) -> str:
            wear = partial(
                self._tokenizer.apply_chat_template, tokenize=False, add_generation_prompt=True, enable_thinking=ask.thinking > 0
            )
            try:
                return str(wear(messages))
            except TemplateError:  # as Gemma's does for a system message
                return str(wear(without_system(messages)))

        return prompt.slot(render, thinking=ask.thinking > 0), True

    def _ids(self, text: str, *, control: bool = False) -> list[int]:
        """Return the tokens of a text; control tokens are read only where `control` says so, never in a review."""
        return list(self._tokenizer(text, add_special_tokens=False, split_special_tokens=not control).input_ids)


def _halved(precision: Precision, device: Any) -> bool:  # noqa: ANN401
    """Tell whether to compute in bfloat16; a CPU does so only when asked to."""
    from valence.training.device import use_bfloat16

    return precision == "bfloat16" or (device.type != "cpu" and use_bfloat16(precision, device))
