"""What an architecture must tell so that its modules can be walked through without padding."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from valence.training.encoders.attention import NAME, Memory, half_of, has_programs, has_varlen, jointly, projected_jointly
from valence.training.encoders.feedforward import fed_forward
from valence.training.encoders.layout import Ends, Layout


class Kind(ABC):
    """One architecture: how transformers' sequence classifier of that kind embeds, reads and classifies."""

    head: ClassVar[tuple[str, ...]] = ("classifier.",)
    """Beginnings of the names of the head's parameters: it always trains and is always saved."""
    attention: ClassVar[tuple[str, ...]] = ("query", "key", "value")
    """Names of the projections of the attention, in this order; a joint one stands alone."""
    feedforward: ClassVar[tuple[str, ...]] = ("output.dense",)
    """Endings of the names of the second matrix of the feed-forward part."""
    implementation: ClassVar[str] = "eager"
    """Attention that transformers' own forward pass is to use."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - transformers' classes are untyped
        self.model = model
        self.config = model.config
        self._by_distance: dict[tuple[int, torch.device], Tensor] = {}

    @classmethod
    def positions(cls, config: Any) -> int | None:  # noqa: ANN401
        """Return how many tokens a text may have; None where no table of positions ends."""
        return int(config.max_position_embeddings) - cls.first_position_of(config)

    @classmethod
    def first_position_of(cls, config: Any) -> int:  # noqa: ANN401
        """Return the id of a text's first position."""
        return 0

    @property
    def body(self) -> Any:  # noqa: ANN401
        """The encoder under the head."""
        return self.model.base_model

    @property
    def depth(self) -> int:
        """Number of layers."""
        return int(self.config.num_hidden_layers)

    @property
    def heads(self) -> int:
        """Attention heads of a layer."""
        return int(self.config.num_attention_heads)

    @property
    def width(self) -> int:
        """Size of a hidden state."""
        return int(self.config.hidden_size)

    @property
    def words(self) -> nn.Embedding:
        """The table of word vectors."""
        table: nn.Embedding = self.body.get_input_embeddings()
        return table

    @classmethod
    def refusal(cls, config: Any) -> str:  # noqa: ANN401
        """Return why this very configuration cannot be read without padding; empty if it can."""
        return ""

    def embed(self, words: Tensor, layout: Layout) -> Tensor:
        """Turn (tokens, embedding) word vectors into the first layer's input, (tokens, width)."""
        positions = layout.positions[None] + self.first_position_of(self.config)
        found: Tensor = self.body.embeddings(inputs_embeds=words[None], position_ids=positions)[0]
        return found

    def prepare(self, hidden: Tensor, layout: Layout) -> Any:  # noqa: ANN401
        """Compute once what every layer needs besides the hidden states."""
        return None

    def by_distance(self, half: int, device: torch.device, make: Callable[[], Tensor]) -> Tensor:
        """Return what `make` makes for distances from -half on, moved to the device; kept, so that no step copies it anew."""
        if (half, device) not in self._by_distance:
            with torch.inference_mode(mode=False):  # a training may meet first what a prediction kept
                self._by_distance[half, device] = make().to(device)
        return self._by_distance[half, device]

    def has_kernel(self, device: torch.device) -> bool:
        """Return whether one kernel over a packed row does each layer's attention in 16 bits on this device, nothing virtual before it."""
        return False

    @abstractmethod
    def layer(self, index: int, hidden: Tensor, layout: Layout, memory: Memory | None, shared: Any) -> Tensor:  # noqa: ANN401
        """Carry (tokens, width) hidden states through a layer."""

    def finish(self, hidden: Tensor) -> Tensor:
        """Do what comes after the last layer."""
        return hidden

    @abstractmethod
    def represent(self, pooled: Tensor) -> Tensor:
        """Turn (texts, width) pooled states into what the last linear layer reads, (texts, features)."""

    @abstractmethod
    def classify(self, features: Tensor) -> Tensor:
        """Turn (texts, features) into (texts, labels) logits."""

    def pool(self, pooling: str) -> None:  # noqa: B027 - most have no word for it
        """Tell the model how its texts are pooled, where its configuration has a word for it."""

    @abstractmethod
    def compile(self) -> None:
        """Compile what lies between the attentions."""

    def level_of(self, parameter: str) -> int:
        """Return how far up a parameter is: 0 the embeddings, i + 1 layer i, `depth` + 1 the head."""
        name = parameter.removeprefix("model.")
        if name.startswith(self.head):
            return self.depth + 1
        found = re.search(r"\.layers?\.(\d+)\.", parameter)
        return int(found[1]) + 1 if found else 0


class Borrowed(Kind):
    """A kind whose layers take our attention by transformers' own interface."""

    implementation = NAME

    def __init__(self, model: Any) -> None:  # noqa: ANN401
        super().__init__(model)
        self._through: Callable[..., Tensor] = type(self).through

    def layers(self) -> nn.ModuleList:
        """Return the layers."""
        found: nn.ModuleList = self.body.encoder.layer
        return found

    def has_kernel(self, device: torch.device) -> bool:
        """Return whether the device has one of variable length."""
        return has_varlen(device)

    def compile(self) -> None:
        """Compile whole layers, attention's kernel among them; where it is no single kernel, each layer around it."""
        self._through = torch.compile(type(self).through, dynamic=True)
        for layer in self.layers():
            layer.compile(dynamic=True)

    def layer(self, index: int, hidden: Tensor, layout: Layout, memory: Memory | None, shared: Any) -> Tensor:  # noqa: ANN401
        """Carry the hidden states through transformers' layer."""
        half = half_of(hidden) if memory is None else None
        if half is not None:
            ours = has_programs(hidden.device, self.width // self.heads)
            return self._through(self.layers()[index], hidden.to(half), layout.ends, ours)
        found: Tensor = self.layers()[index](hidden[None], attention_mask=None, layout=layout, memory=memory)[0]
        return found

    @staticmethod
    def through(layer: Any, hidden: Tensor, ends: Ends, ours: bool) -> Tensor:  # noqa: ANN401
        """Carry 16-bit hidden states through a layer of transformers' whose attention is one kernel; they stay of that type."""
        found: Tensor = layer(hidden[None], attention_mask=None, ends=ends)[0]
        return found.to(hidden.dtype)


class Bertlike(Borrowed):
    """A kind with BERT's layers: states leave each norm in 16 bits, which is all that the next product reads of them."""

    @staticmethod
    def through(layer: Any, hidden: Tensor, ends: Ends, ours: bool) -> Tensor:  # noqa: ANN401
        """Carry 16-bit hidden states through attention and the feed-forward part."""
        block = layer.attention.self
        joint = projected_jointly((block.query, block.key, block.value), hidden, block.num_attention_heads)
        seen = jointly(joint, ends, joint.shape[-1] ** -0.5, ours=ours).flatten(1)[None]
        attended = layer.attention.output(seen, hidden[None]).to(hidden.dtype)
        found: Tensor = fed_forward(layer, attended)[0]
        return found.to(hidden.dtype)


class TanhHead(Kind):
    """A kind whose head is transformers' of RoBERTa: a hidden layer under tanh, dropout before either layer."""

    def represent(self, pooled: Tensor) -> Tensor:
        """Apply the head's hidden layer."""
        head = self.model.classifier
        return torch.tanh(head.dense(head.dropout(pooled)))

    def classify(self, features: Tensor) -> Tensor:
        """Apply the last layer."""
        head = self.model.classifier
        found: Tensor = head.out_proj(head.dropout(features))
        return found


__all__ = ["Bertlike", "Borrowed", "Kind", "TanhHead"]
