"""A pretrained encoder guesses hidden words of texts that lie in packed rows (Devlin et al., 2019, arXiv:1810.04805, section 3.1).

The head is transformers' own for masked words. Sentence checkpoints and discriminators have none: theirs starts at random, of
the same shape (a dense layer, its activation, a norm, the table of word vectors, a bias for each word).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from valence.errors import BadSetting
from valence.text.subwords import Subwords
from valence.text.vocabulary import Tokens
from valence.training.batching import LEAST_STEPS
from valence.training.encoders.backbone import Backbone, kind_of
from valence.training.encoders.layout import Layout
from valence.training.encoders.network import EncoderNetwork
from valence.training.trainer import quiet_transformers

MASKED, SWAPPED = 0.8, 0.1
"""Of the hidden words, the share shown as the mask token, and the share shown as another word; the rest is shown as it is."""

FRESH_RATE = 10.0
"""Learning rate of a head that starts at random, as a multiple of the recipe's: until it has learned, it tells the body little."""

HEADS: Mapping[str, Callable[[Any, Tensor], Tensor]] = {
    "albert": lambda model, states: model.predictions(states),
    "bert": lambda model, states: model.cls(states),
    "deberta-v2": lambda model, states: model.cls(states) if model.legacy else model.lm_predictions(states, model.get_input_embeddings()),
    "distilbert": lambda model, states: model.vocab_projector(model.vocab_layer_norm(model.activation(model.vocab_transform(states)))),
    "electra": lambda model, states: model.generator_lm_head(model.generator_predictions(states)),
    "modernbert": lambda model, states: model.decoder(model.head(states)),
    "mpnet": lambda model, states: model.lm_head(states),
    "roberta": lambda model, states: model.lm_head(states),
    "xlm-roberta": lambda model, states: model.lm_head(states),
}
"""How transformers' model of each `model_type` turns (n, width) states into (n, words) logits."""


@dataclass(frozen=True, slots=True)
class Hiding:
    """Which words can be hidden, and what is shown in their place."""

    mask: int
    """Id of the mask token."""
    special: Tensor
    """(vocabulary,) bool, whether an id is a special token: never hidden, and never shown instead of a word."""
    words: Tensor
    """(words,) int64, the other ids."""

    @classmethod
    def by(cls, subwords: Subwords, name: str, device: torch.device) -> Hiding:
        """Read it off the tokenizer of the backbone `name`.

        Raises:
            BadSetting: it has no mask token.
        """
        said = subwords.names.get("mask_token")
        mask = subwords.tokenizer.token_to_id(said) if isinstance(said, str) else None
        if mask is None:
            raise BadSetting(f"backbone {name!r} has no mask token, so no word can be hidden. Choose another, or --pretraining-epochs 0.")
        ids = subwords.tokenizer.get_vocab(with_added_tokens=True).values()
        special = torch.zeros(max(ids) + 1, dtype=torch.bool)
        special[[mask, *(i for i, t in subwords.tokenizer.get_added_tokens_decoder().items() if t.special)]] = True
        words = torch.tensor([i for i in sorted(ids) if not special[i]])
        return cls(mask, special.to(device), words.to(device))

    def hide(self, ids: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Hide `count` words of a row; no number of it passes through the CPU.

        Args:
            ids: (tokens,) int64.
            count: how many; where the row has fewer words, special tokens make up for them.

        Returns:
            The (count,) places of the hidden words, and (tokens,) what is shown.
        """
        places = torch.rand(len(ids), device=ids.device).masked_fill(self.special[ids], -1.0).topk(count).indices
        drawn = self.words[torch.randint(len(self.words), (count,), device=ids.device)]
        fate = torch.rand(count, device=ids.device)
        shown = torch.where(fate < MASKED + SWAPPED, drawn, ids[places]).masked_fill(fate < MASKED, self.mask)
        return places, ids.scatter(0, places, shown)


class Masker(nn.Module):
    """An encoder under a head that guesses words; `model` is transformers', its body has the names of the classifier's."""

    def __init__(self, model: Any, *, fresh: bool = False, recompute: bool = False) -> None:  # noqa: ANN401 - transformers is untyped
        """Wrap transformers' model for masked words.

        Args:
            model: of an architecture in `kinds`.
            fresh: whether its head has learned nothing yet.
            recompute: compute each layer again in the backward pass.
        """
        super().__init__()
        self.model = model
        self.fresh = fresh
        self._kind = kind_of(model.config)(model)
        self._head = HEADS[model.config.model_type]
        self._recompute = recompute

    @classmethod
    def over(cls, origin: Backbone, *, recompute: bool = False) -> Masker:
        """Build it over a backbone; what its file lacks of the head starts at random.

        Raises:
            DataNotFound: there are no weights; the message names all places.
        """
        from transformers import AutoModelForMaskedLM

        config = origin.config()
        with quiet_transformers():
            settings = {"attn_implementation": kind_of(config).implementation, "dtype": "float32", "use_safetensors": True}
            read = AutoModelForMaskedLM.from_pretrained
            model, found = origin._asked(read, config=config, output_loading_info=True, **settings)
        fresh = any(not name.startswith(f"{model.base_model_prefix}.") for name in found["missing_keys"])
        return cls(model, fresh=fresh, recompute=recompute)

    def compile(self) -> None:
        """Compile the layers, with their attention where it is one kernel; once for all layers and lengths."""
        self._kind.compile()

    def rate_of(self, parameter: str) -> float:
        """Return a parameter's learning rate as a share of the recipe's."""
        body = parameter.startswith(f"model.{self.model.base_model_prefix}.")
        return FRESH_RATE if self.fresh and not body else 1.0

    def forward(self, ids: Tensor, layout: Layout, places: Tensor) -> Tensor:
        """Return (n, words) logits.

        Args:
            ids: (tokens,) int64, texts one behind the other.
            layout: which tokens make a text.
            places: (n,) int64, the tokens to be guessed.
        """
        kind = self._kind
        hidden = kind.embed(kind.words(ids), layout)
        shared = kind.prepare(hidden, layout)
        for index in range(kind.depth):
            if self._recompute and self.training:
                hidden = checkpoint(kind.layer, index, hidden, layout, None, shared, use_reentrant=False)
            else:
                hidden = kind.layer(index, hidden, layout, None, shared)
        return self._head(self.model, kind.finish(hidden)[places])


class Rows:
    """n encoded texts, flat on one device, in rows of about as many tokens each, drawn anew for every epoch."""

    def __init__(self, tokens: Tokens, *, budget: int, seed: int, device: torch.device) -> None:
        """Take the texts; a set too small for `LEAST_STEPS` rows is cut into about so many smaller ones."""
        self.device = device
        self._lengths = tokens.lengths
        self._starts = tokens.offsets[:-1]
        self._ids = torch.from_numpy(np.ascontiguousarray(tokens.ids)).to(device)
        total = int(self._lengths.sum())
        self._budget = max(min(budget, total // LEAST_STEPS), int(self._lengths.max(initial=1)))
        self._seed = seed
        self._epoch, self._cut = -1, [np.zeros(0, dtype=np.intp)]
        self.per_epoch = math.ceil(total / self._budget)

    def texts(self, epoch: int, place: int) -> NDArray[np.intp]:
        """Return which texts make the row `place` of an epoch, in an order of their own."""
        if epoch != self._epoch:
            order = np.random.default_rng([self._seed, epoch]).permutation(len(self._lengths))
            row_of = (np.cumsum(self._lengths[order]) - 1) // self._budget
            # no text is longer than a row, so that one ends in each
            self._cut = np.split(order, np.flatnonzero(np.diff(row_of)) + 1)
            self._epoch = epoch
        return self._cut[place]

    def read(self, texts: NDArray[np.intp]) -> tuple[Tensor, Layout]:
        """Return (tokens,) int64 ids of the texts, one behind the other, and where each lies."""
        layout = Layout(self._lengths[texts], self.device)
        starts = torch.from_numpy(self._starts[texts]).to(self.device)
        first = torch.repeat_interleave(starts, layout.counts, output_size=int(layout.own.sum()))
        return self._ids[first + layout.order].long(), layout


class HiddenWords:
    """Guess hidden words: the objective of a pretraining."""

    def __init__(self, network: Masker, tokens: Tokens, hiding: Hiding, *, share: float, epochs: int, budget: int, seed: int) -> None:
        """Prepare for `epochs` passes.

        Args:
            network: on the device to train on.
            tokens: the texts; each has at least one special token.
            hiding: how to hide.
            share: of the words of a row that are hidden.
            epochs: passes over the texts; each hides other words.
            budget: tokens of a row, about.
            seed: of the order; the hidden words are drawn from the global generator of the device.
        """
        self.network = network
        self._rows = Rows(tokens, budget=budget, seed=seed, device=next(network.parameters()).device)
        self._words = np.add.reduceat(~hiding.special.cpu().numpy()[tokens.ids], tokens.offsets[:-1], dtype=np.int64)
        self._hiding = hiding
        self._share = share
        self.steps = epochs * self._rows.per_epoch

    def loss(self, step: int) -> Tensor:
        """Return the mean cross-entropy of a row's hidden words, in nats."""
        texts = self._rows.texts(*divmod(step, self._rows.per_epoch))
        ids, layout = self._rows.read(texts)
        places, shown = self._hiding.hide(ids, max(1, round(self._share * int(self._words[texts].sum()))))
        return F.cross_entropy(self.network(shown, layout, places).float(), ids[places])

    def tensors(self) -> dict[str, Tensor]:
        """Return nothing: no step needs another."""
        return {}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Do nothing: a row follows from its step."""


def take_over(network: EncoderNetwork, weights: Mapping[str, Tensor]) -> EncoderNetwork:
    """Put the weights of a `Masker` into all of a classifier's network that has their names; returns it.

    Raises:
        KeyError: a part below the head is missing.
    """
    wanted = network.state_dict().keys()
    body = {f"model.{name}" for name, _ in network.model.named_parameters() if not name.startswith(network.kind.head)}
    missing = sorted(body - weights.keys())
    if missing:
        raise KeyError(missing[0])
    network.load_state_dict({name: weight for name, weight in weights.items() if name in wanted}, strict=False)
    return network


__all__ = ["FRESH_RATE", "HEADS", "MASKED", "SWAPPED", "HiddenWords", "Hiding", "Masker", "Rows", "take_over"]
