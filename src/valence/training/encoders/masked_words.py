"""A pretrained encoder under a head that guesses words (Devlin et al., 2019, arXiv:1810.04805, section 3.1).

The head is transformers' own for masked words. Sentence checkpoints and discriminators have none: theirs starts at random, of
the same shape (a dense layer, its activation, a norm, the table of word vectors, a bias for each word).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from valence.training.encoders.backbone import Backbone, kind_of
from valence.training.encoders.layout import Layout
from valence.training.encoders.network import EncoderNetwork
from valence.training.trainer import quiet_transformers

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


__all__ = ["FRESH_RATE", "HEADS", "Masker", "take_over"]
