"""A language model as a network over prompts: scores of label words in the answer's place, or a head that stands there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from valence.llm.label_scores import LOGIT_ROWS, Row
from valence.llm.tuning.attention import NAME, NOTHING, Beginning, Past
from valence.training.encoders.layout import Layout


class PromptNetwork(nn.Module):
    """A causal language model that reads prompts one behind the other."""

    def __init__(self, model: Any, *, padded: bool = False) -> None:  # noqa: ANN401 - transformers' classes are untyped
        """Take transformers' model over; where its attention cannot be replaced, or if asked to, prompts are padded behind."""
        super().__init__()
        self.model = model
        own = _scores_its_own_way(model)
        self._stock = "eager" if own else "sdpa"
        if own:
            model.set_attn_implementation(self._stock)
        self.padded = padded or own or not getattr(model, "_supports_attention_backend", False)
        self._body = [model.get_decoder()]  # in a list: a second name for the same weights would be saved twice
        self._beginning = NOTHING
        if not self.padded:
            model.set_attn_implementation(NAME)

    def arithmetic(self, device: torch.device) -> contextlib.AbstractContextManager[None]:
        """Return the context in which bfloat16 weights are read: the float32 updates beside them then need no float32 products."""
        halved = self.model.dtype == torch.bfloat16
        return torch.autocast(device.type, torch.bfloat16) if halved else contextlib.nullcontext()

    def states(self, tokens: Tensor, layout: Layout, past: Past | None = None) -> Tensor:
        """Return (tokens, width) last hidden states of the (texts, time) ids, without what is behind each text.

        Args:
            tokens: what is read, or what follows the texts that `past` holds.
            layout: how many are each text's.
            past: keeps what is read; only where `shares` is true.
        """
        with self.arithmetic(tokens.device):
            return self._states(tokens, layout, past)

    def _states(self, tokens: Tensor, layout: Layout, past: Past | None) -> Tensor:
        body = self._body[0]
        if self.padded:  # no mask: what stands behind a text comes later than all of it
            found: Tensor = body(input_ids=tokens, use_cache=False).last_hidden_state
            return pack(found, layout)
        places = layout.order if past is None or past.whole is None else past.positions
        given = {"layout": layout, "beginning": self._beginning, "past": past}
        packed: Tensor = body(
            input_ids=pack(tokens, layout)[None], position_ids=places[None] + self._beginning.tokens, use_cache=False, **given
        ).last_hidden_state[0]
        return packed

    def logits(self, states: Tensor) -> Tensor:
        """Return (..., vocabulary) float32 logits of (..., width) states."""
        return self._capped(self.model.get_output_embeddings()(states.to(self.model.dtype)).float())

    def own_logits(self, states: Tensor, tokens: Tensor) -> Tensor:
        """Return (..., m) logits of the (..., m) `tokens` alone, by float32 products of the (..., width) states.

        Between two labels it is these that decide: near 20, bfloat16 would round them to an eighth of a nat, and many to a tie.
        """
        head = self.model.get_output_embeddings()
        with torch.autocast(states.device.type, enabled=False):
            own = torch.einsum("...w,...mw->...m", states.float(), head.weight[tokens].float())
            return self._capped(own if head.bias is None else own + head.bias[tokens].float())

    def _capped(self, logits: Tensor) -> Tensor:
        cap = getattr(self.model.config, "final_logit_softcapping", None)
        return logits if not cap else cap * torch.tanh(logits / cap)

    @property
    def shares(self) -> bool:
        """Whether what all prompts begin with can be read once for all."""
        return not self.padded

    @contextlib.contextmanager
    def behind(self, tokens: Sequence[int]) -> Iterator[None]:
        """Read what all prompts begin with; the texts inside the context are what follows it, without gradients.

        Raises:
            ValueError: the model has no attention that could keep it.
        """
        if not self.shares:
            raise ValueError("a model whose prompts are padded keeps no beginning; ask `shares` first")
        if not tokens:
            yield
            return
        was_training, device = self.training, self.model.get_input_embeddings().weight.device
        self.eval()
        self._beginning = Beginning(reading=True)
        try:
            with torch.inference_mode():
                self.states(torch.tensor([list(tokens)], device=device), Layout(np.array([len(tokens)]), device))
                self._beginning = Beginning(len(tokens), self._beginning.kept)
                yield
        finally:
            self._beginning = NOTHING
            self.train(was_training)

    def compile_layers(self) -> None:
        """Let PyTorch fuse what lies between a layer's matrix products; the attention stays as it is."""
        for layer in self._body[0].layers:
            layer.compile(dynamic=True)

    @contextlib.contextmanager
    def generating(self) -> Iterator[None]:
        """Lend the model to transformers' own `generate`, whose attention reads a mask and a cache."""
        was_training = self.training
        self.eval()
        self.model.set_attn_implementation(self._stock)
        try:
            with self.arithmetic(self.model.device):
                yield
        finally:
            self.train(was_training)
            if not self.padded:
                self.model.set_attn_implementation(NAME)

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:  # type: ignore[override]  # noqa: ANN401
        """Return what is trained and nothing else: the rest, in 4 bits or 16, is where it was."""
        found: dict[str, Any] = {} if destination is None else destination
        # not by way of the whole state, which an average of the weights would gather in every step
        found |= {prefix + name: p if keep_vars else p.detach() for name, p in self.named_parameters() if p.requires_grad}
        return found


class AnswerNetwork(PromptNetwork):
    """Scores the label words as answers; learns from their tokens alone, the prompt's are only read."""

    def __init__(self, model: Any, words: Sequence[tuple[int, ...]], end: int, *, padded: bool = False) -> None:  # noqa: ANN401
        """Take the tokens of each label word, and the one that ends an answer."""
        super().__init__(model, padded=padded)
        stems = Row((), tuple(words)).stems
        of = [next(i for i, stem in enumerate(stems) if stem[: len(word) - 1] == word[:-1]) for word in words]
        self._stem_lengths = np.array([len(stem) for stem in stems], np.int64)
        self._answer_lengths = np.array([len(word) + 1 for word in words], np.int64)
        for name, rows in (("stems", stems), ("words", words), ("answers", [(*word, end) for word in words])):
            self.register_buffer(name, table(rows), persistent=False)
        self.register_buffer("stem_of", torch.tensor(of), persistent=False)
        self.register_buffer("spells", torch.tensor([[j < len(w) for j in range(max(map(len, words)))] for w in words]), persistent=False)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (texts, labels) log-probability of each label word over all its tokens, in nats.

        Args:
            tokens: (texts, time) ids of the prompts, anything behind each.
            lengths: (texts,) tokens of each prompt, on the CPU.
        """
        stems, words = self.get_buffer("stems"), self.get_buffer("words")
        n, s = len(tokens), len(stems)
        states = self._follow(
            tokens.repeat_interleave(s, 0), lengths.numpy().repeat(s), stems.repeat(n, 1), np.tile(self._stem_lengths, n), words.shape[1]
        )
        return self._scores(states)

    def _scores(self, states: Tensor) -> Tensor:
        """Return (texts, labels) log-probabilities from the (texts * stems, places, width) states that tell the words' tokens."""
        words, spells, s = self.get_buffer("words"), self.get_buffer("spells"), len(self.get_buffer("stems"))
        share = max(LOGIT_ROWS // words.shape[1], 1)  # a row of logits is as long as the vocabulary
        steps = torch.cat([self._log_probs(part, words.T.expand(len(part), -1, -1)) for part in torch.split(states, share)])
        # (texts, stems, places, labels): each label is read off the stem that begins as it does
        of = self.get_buffer("stem_of")
        read = steps.view(len(states) // s, s, *steps.shape[1:])[:, of, :, torch.arange(len(of), device=of.device)]
        return (read * spells[:, None, :]).sum(-1).T

    def answer_losses(self, tokens: Tensor, lengths: Tensor, labels: Tensor) -> Tensor:
        """Return (texts,) negative log-likelihood, in nats, of each text's label word and the token that ends the answer."""
        states, answers, own = self._answered(tokens, lengths, labels)
        steps = self._log_probs(states, answers[:, :, None])[..., 0]
        return -(steps * own).sum(1)

    def says(self, tokens: Tensor, lengths: Tensor, labels: Tensor) -> Tensor:
        """Return (texts,) 1 where greedy decoding would say this label's word and end, else 0; one reading instead of a step per token.

        Each of the answer's tokens is the likeliest behind those before it: then the greedy answer can only be this one (as a draft is
        checked in speculative decoding, Leviathan et al., 2023, arXiv:2211.17192).
        """
        return self._greedy(*self._answered(tokens, lengths, labels))

    def told(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (texts, labels + 1): the scores of `forward`, and what `says` of the likeliest label; without gradients.

        Where each label word is one token, the prompts are read once: what was made of them is kept, and the word alone follows.
        """
        if self.padded or self.get_buffer("words").shape[1] > 1:
            scores = self(tokens, lengths)
            return torch.cat([scores, self.says(tokens, lengths, scores.argmax(1))[:, None]], 1)
        read, past = Layout(lengths.numpy(), tokens.device), Past()
        last = self.states(tokens, read, past)[read.offsets[1:].long() - 1]
        scores = self._scores(last[:, None])
        answers = self.get_buffer("answers")[scores.argmax(1)]
        after = Layout(np.ones(len(tokens), np.int64), tokens.device)
        past.follow(read, after)
        states = torch.stack([last, self.states(answers[:, :-1], after, past)], 1)
        return torch.cat([scores, self._greedy(states, answers, torch.ones_like(answers, dtype=torch.bool))[:, None]], 1)

    def _greedy(self, states: Tensor, answers: Tensor, own: Tensor) -> Tensor:
        """Return (texts,) 1 where each of the answer's own tokens is the likeliest at its (texts, places, width) state, else 0."""
        share = max(LOGIT_ROWS // states.shape[1], 1)
        parts = zip(torch.split(states, share), torch.split(answers, share), strict=True)
        # a tie is one by rounding to 16 bits: between the labels finer numbers have decided
        likeliest = [found.gather(-1, said[..., None])[..., 0] >= found.amax(-1) for found, said in ((self.logits(s), a) for s, a in parts)]
        return (torch.cat(likeliest) | ~own).all(1).float()

    def _answered(self, tokens: Tensor, lengths: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (texts, places, width) states, the (texts, places) answer's tokens, and which of the places are its own."""
        answers, size = self.get_buffer("answers")[labels], self._answer_lengths[:1].repeat(len(labels))
        if (self._answer_lengths != size[0]).any():  # asking which label it is waits for the device
            size = self._answer_lengths[labels.cpu().numpy()]
        states = self._follow(tokens, lengths.numpy(), answers[:, :-1], size - 1, answers.shape[1])
        return states, answers, torch.arange(answers.shape[1], device=states.device) < torch.from_numpy(size).to(states.device)[:, None]

    def _follow(self, tokens: Tensor, lengths: NDArray[np.int64], after: Tensor, after_lengths: NDArray[np.int64], places: int) -> Tensor:
        """Read each prompt and what follows it; return (texts, places, width) states from which the answer's tokens are told.

        Place j tells the answer's token j; places behind an answer's end repeat its last.
        """
        device = tokens.device
        at = torch.from_numpy(lengths).to(device)
        if after.shape[1]:
            whole = F.pad(tokens, (0, after.shape[1]))
            tokens = whole.scatter(1, at[:, None] + torch.arange(after.shape[1], device=device), after)
        layout = Layout(lengths + after_lengths, device)
        tokens = tokens[:, : int(layout.lengths.max())]
        step = torch.arange(places, device=device).minimum(torch.from_numpy(after_lengths).to(device)[:, None])
        return self.states(tokens, layout)[layout.first[:, None] + at[:, None] - 1 + step]

    def _log_probs(self, states: Tensor, wanted: Tensor) -> Tensor:
        """Return (texts, places, m) log-probabilities, in float32, of the (texts, places, m) `wanted` tokens."""
        return self.own_logits(states, wanted) - self.logits(states).logsumexp(-1, keepdim=True)


class HeadNetwork(PromptNetwork):
    """A linear head on the state of each prompt's last own token: where the answer would begin."""

    def __init__(self, model: Any, labels: int, *, padded: bool = False) -> None:  # noqa: ANN401
        """Put a float32 head with `labels` outputs over the model's body."""
        super().__init__(model, padded=padded)
        width = model.get_output_embeddings().weight.device, model.config.hidden_size
        self.head = nn.Linear(width[1], labels, bias=False, device=width[0])
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (texts, labels) logits of (texts, time) prompts with (texts,) lengths on the CPU."""
        layout = Layout(lengths.numpy(), tokens.device)
        last = self.states(tokens, layout)[layout.offsets[1:].long() - 1]
        with torch.autocast(last.device.type, enabled=False):
            found: Tensor = self.head(last.float())
        return found


def _scores_its_own_way(model: Any) -> bool:  # noqa: ANN401
    """Return whether attention does more to its scores than our kernels do: Gemma 2 flattens large ones, gpt-oss adds one of no token."""
    flattens = getattr(model.config.get_text_config(), "attn_logit_softcapping", None) is not None
    return flattens or any(name.endswith(".sinks") for name, _ in model.named_parameters())


def pack(padded: Tensor, layout: Layout) -> Tensor:
    """Return the (tokens, ...) of (texts, time, ...) without what is behind each text."""
    starts = torch.arange(len(padded), device=padded.device) * padded.shape[1]
    row_of = torch.repeat_interleave(starts, layout.offsets.diff(), output_size=int(layout.lengths.sum()))
    return padded.flatten(0, 1)[row_of + layout.order]


def table(rows: Sequence[tuple[int, ...]]) -> Tensor:
    """Return (rows, longest) int64 ids, zeros behind each row."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], dtype=torch.long).view(len(rows), longest)


__all__ = ["AnswerNetwork", "HeadNetwork", "PromptNetwork", "pack", "table"]
