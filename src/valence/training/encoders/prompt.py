"""Virtual tokens before a text: learned vectors in the place of word vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from valence.training.encoders.layout import Layout


class Prompt(nn.Module):
    """Learned vectors that stand before every text (Lester et al., 2021, arXiv:2104.08691)."""

    def __init__(self, table: Tensor, length: int) -> None:
        """Start from the vectors of `length` words drawn from the (words, embedding) table, as the paper found best."""
        super().__init__()
        rows = torch.randperm(len(table))[:length]
        self.vectors = nn.Parameter(table.detach()[rows.to(table.device)].clone())
        self.length = length

    def forward(self) -> Tensor:
        """Return (length, embedding)."""
        return self.vectors


class EncodedPrompt(nn.Module):
    """Virtual tokens made by a small network from learned inputs (Liu et al., 2021, arXiv:2103.10385)."""

    def __init__(self, table: Tensor, length: int, hidden: int, encoder: str) -> None:
        """Build for word vectors as in the (words, embedding) table; `encoder` is `mlp` or, as in the paper, `lstm`."""
        super().__init__()
        width = table.shape[1]
        self.length = length
        self.inputs = nn.Parameter(torch.randn(length, width) * table.detach().float().std().item())
        self.reader = nn.LSTM(width, hidden, num_layers=2, bidirectional=True, batch_first=True) if encoder == "lstm" else None
        first = 2 * hidden if self.reader is not None else width
        self.layers = nn.Sequential(nn.Linear(first, hidden), nn.ReLU(), nn.Linear(hidden, width))

    def forward(self) -> Tensor:
        """Return (length, embedding); what the layers add to the inputs starts small beside them."""
        read = self.inputs if self.reader is None else self.reader(self.inputs[None])[0][0]
        found: Tensor = self.layers(read)
        return self.inputs + found


def put_before(words: Tensor, prompt: Tensor, layout: Layout) -> tuple[Tensor, Layout]:
    """Put (length, embedding) virtual tokens before each text's (own tokens, embedding) word vectors."""
    wider = Layout(layout.own, layout.device, virtual=len(prompt))
    virtual = wider.offsets[:-1, None].long() + torch.arange(len(prompt), device=words.device)
    row = words.new_empty(int(wider.lengths.sum()), words.shape[1])
    row = row.index_copy(0, wider.is_own, words)
    return row.index_copy(0, virtual.flatten(), prompt.to(words.dtype).repeat(len(wider.lengths), 1)), wider


__all__ = ["EncodedPrompt", "Prompt", "put_before"]
