"""A pretrained encoder with its head as one network over padded batches of token ids, read without their padding."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from valence.training.device import use_bfloat16
from valence.training.encoders.backbone import kind_of
from valence.training.encoders.kind import Kind
from valence.training.encoders.layout import Frame, Layout, Room
from valence.training.encoders.prefix import Prefix
from valence.training.encoders.prompt import EncodedPrompt, Prompt, put_before

Pooling = Literal["first", "mean"]
"""What stands for a text: its first own token's state, or the mean of its own tokens' states."""


class EncoderNetwork(nn.Module):
    """Reads texts by an architecture's own modules; a virtual token is never pooled."""

    def __init__(self, model: Any, *, pooling: Pooling, padded: bool = False, layer_decay: float = 1.0) -> None:  # noqa: ANN401
        """Wrap transformers' sequence classifier.

        Args:
            model: of an architecture in `kinds`.
            pooling: what stands for a text.
            padded: read by transformers' own padded forward pass wherever nothing learned enters the layers.
            layer_decay: learning rate of a layer as a share of the one above it.
        """
        super().__init__()
        self.model = model
        self.prompt: Prompt | EncodedPrompt | None = None
        self.prefix: Prefix | None = None
        self.recompute = False
        self.precision = "auto"
        self._room: Room | None = None
        self._kind: Kind = kind_of(model.config)(model)
        self._kind.pool(pooling)
        self.pooling = pooling
        self._padded = padded
        self._layer_decay = layer_decay

    @property
    def kind(self) -> Kind:
        """The architecture."""
        return self._kind

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (texts, labels) logits.

        Args:
            tokens: (texts, time) int64 token ids, special tokens among them, anything behind each text.
            lengths: (texts,) int64 tokens of each text, on the CPU.
        """
        with self._arithmetic(tokens.device):
            return self._kind.classify(self.features(tokens, lengths))

    def features(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (texts, features), what the last linear layer reads."""
        return self._kind.represent(self.pooled(tokens, lengths))

    def pooled(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (texts, width) pooled hidden states of the last layer."""
        layout = self._layout(tokens, lengths)
        with self._arithmetic(tokens.device):
            if self._padded and self.prompt is None and self.prefix is None:
                return self._pool(self._read_padded(tokens, layout), layout)
            return self._read(self._kind.words(_pack(tokens, layout)), layout)

    def embed(self, tokens: Tensor) -> Tensor:
        """Return (texts, time, embedding) word vectors, for `classify`."""
        found: Tensor = self._kind.words(tokens)
        return found

    def classify(self, vectors: Tensor, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (texts, labels) logits of word vectors that need not be those of `tokens`."""
        layout = self._layout(tokens, lengths)
        return self._kind.classify(self._kind.represent(self._read(_pack(vectors, layout), layout)))

    def compile(self) -> None:
        """Compile the layers, with their attention where it is one kernel; once for all layers and lengths."""
        self._kind.compile()

    @contextlib.contextmanager
    def within(self, room: Room) -> Iterator[None]:
        """Read texts whose lengths lie on the device, in the shapes of a room: what is launched follows from them alone."""
        self._room = room
        try:
            yield
        finally:
            self._room = None

    def has_one_shape(self, device: torch.device, precision: str) -> bool:
        """Return whether `within` a room all is read by kernels over a packed row."""
        plain = self.prompt is None and self.prefix is None and not self._padded and not self.recompute
        return plain and device.type == "cuda" and use_bfloat16(precision, device) and self._kind.has_kernel(device)

    def rate_of(self, parameter: str) -> float:
        """Return a parameter's learning rate as a share of the recipe's (Howard and Ruder, 2018, arXiv:1801.06146)."""
        if not parameter.startswith("model."):
            return 1.0
        return float(self._layer_decay ** (self._kind.depth + 1 - self._kind.level_of(parameter)))

    def freeze_body(self) -> None:
        """Train the head and nothing else of the model."""
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(name.startswith(self._kind.head))

    def _layout(self, tokens: Tensor, lengths: Tensor) -> Layout:
        return Layout(lengths.numpy(), tokens.device) if self._room is None else Frame(lengths, self._room)

    def _arithmetic(self, device: torch.device) -> contextlib.AbstractContextManager[object]:
        """Return the context of a prediction: bfloat16 on a GPU that has it; a training sets its own."""
        if self.training or device.type != "cuda":
            return contextlib.nullcontext()
        return torch.autocast("cuda", torch.bfloat16, enabled=use_bfloat16(self.precision, device))

    def _read(self, words: Tensor, layout: Layout) -> Tensor:
        kind = self._kind
        if self.prompt is not None:
            words, layout = put_before(words, self.prompt(), layout)
        hidden = kind.embed(words, layout)
        shared = kind.prepare(hidden, layout)
        memories = self.prefix() if self.prefix is not None else [None] * kind.depth
        for index, memory in enumerate(memories):
            if self.recompute and self.training:
                hidden = checkpoint(kind.layer, index, hidden, layout, memory, shared, use_reentrant=False)
            else:
                hidden = kind.layer(index, hidden, layout, memory, shared)
        return self._pool(kind.finish(hidden), layout)

    def _read_padded(self, tokens: Tensor, layout: Layout) -> Tensor:
        time = torch.arange(tokens.shape[1], device=tokens.device)
        mask = (time < torch.from_numpy(layout.lengths).to(tokens.device)[:, None]).long()
        # roberta counts positions by what is no padding id: behind a text there must be one
        ids = torch.where(mask.bool(), tokens, self.model.config.pad_token_id or 0)
        hidden = self._kind.body(input_ids=ids, attention_mask=mask).last_hidden_state
        return _pack(hidden, layout)

    def _pool(self, hidden: Tensor, layout: Layout) -> Tensor:
        if self.pooling == "first":
            return hidden[layout.first]
        own = hidden if not layout.virtual else hidden[layout.is_own]
        lengths = layout.counts
        # in float32: a mean over hundreds of tokens would lose digits in bfloat16
        with torch.autocast(hidden.device.type, enabled=False):
            has_segments = hidden.device.type in {"cpu", "cuda"}
            if not has_segments:
                return means_by_sums(own.float(), lengths).to(hidden.dtype)
            # unsafe: its check of the lengths would wait for the device; a frame's spare tokens end behind the last text
            return torch.segment_reduce(own.float(), "mean", lengths=lengths, unsafe=True).to(hidden.dtype)


def means_by_sums(rows: Tensor, lengths: Tensor) -> Tensor:
    """Return (texts, width), the mean of each text's (tokens, width) rows, where a device has no segments."""
    owner = torch.repeat_interleave(lengths, output_size=len(rows))
    return rows.new_zeros(len(lengths), rows.shape[1]).index_add(0, owner, rows) / lengths[:, None]


def _pack(padded: Tensor, layout: Layout) -> Tensor:
    """Return the (tokens, ...) of (texts, time, ...) without what is behind each text."""
    if isinstance(layout, Frame):
        # the tokens that are no text's repeat the last text's
        row = layout.owner.clamp(max=len(padded) - 1) * padded.shape[1] + layout.order.clamp(max=padded.shape[1] - 1)
        return padded.flatten(0, 1)[row]
    starts = torch.arange(len(layout.own), device=padded.device) * padded.shape[1]
    row_of = torch.repeat_interleave(starts, layout.offsets.diff(), output_size=int(layout.own.sum()))
    return padded.flatten(0, 1)[row_of + layout.order]


__all__ = ["EncoderNetwork", "Pooling", "means_by_sums"]
