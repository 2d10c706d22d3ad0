"""LSTMs that read in one direction each: pretrained as language models, then read a text for its label."""

from __future__ import annotations

import warnings
from functools import lru_cache

import torch
from torch import Tensor, nn

from valence.training.networks.pooling import max_over_time, mean_over_time
from valence.training.networks.words import WordEmbedding, WordNetwork


class DirectedLstm(nn.LSTM):
    """Layers of LSTM over (time, batch, features), from left to right, in the precision of autocast.

    Autocast itself would run cuDNN's LSTM in float16 whatever it was told, and float16 loses the small gradients of a
    mean over many words.
    """

    def __init__(self, features: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__(features, hidden, layers, dropout=dropout if layers > 1 else 0.0)
        with torch.no_grad():
            for name, bias in self.named_parameters():
                if name.startswith("bias_ih"):
                    # a memory that lasts from the start (Jozefowicz et al., 2015, ICML)
                    bias[hidden : 2 * hidden] = 1.0

    def read(self, vectors: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the (time, batch, hidden) states and the last state, two times (layers, batch, hidden)."""
        half = vectors.is_cuda and torch.is_autocast_enabled("cuda") and runs_bfloat16(vectors.device)
        with torch.autocast(vectors.device.type, enabled=False):
            if half:
                return self._read_bfloat16(vectors.bfloat16(), state)
            states, last = self(vectors.float(), (state[0].float(), state[1].float()))
            return states, last

    def _read_bfloat16(self, vectors: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [getattr(self, f"{part}_l{layer}").bfloat16() for layer in range(self.num_layers) for part in parts]
        hx = (state[0].bfloat16(), state[1].bfloat16())
        with warnings.catch_warnings():
            # cast weights lie apart, and cuDNN copies them together at each call: a few microseconds
            warnings.filterwarnings("ignore", message="RNN module weights")
            states, h, c = torch.lstm(vectors, hx, weights, True, self.num_layers, self.dropout, self.training, False, False)
        return states, (h, c)

    def start(self, batch: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return a state of zeros."""
        zeros = torch.zeros(self.num_layers, batch, self.hidden_size, device=device)
        return zeros, zeros


@lru_cache
def runs_bfloat16(device: torch.device) -> bool:
    """Tell whether this machine's cuDNN has LSTMs in bfloat16 (since 9.13); else they run in float32 with TF32 products."""
    try:
        layer = nn.LSTM(8, 8).to(device, torch.bfloat16)
        layer(torch.zeros(2, 1, 8, device=device, dtype=torch.bfloat16))[0].sum().backward()
        torch.cuda.synchronize(device)
    except RuntimeError:
        return False
    return True


class DirectedLstmNetwork(WordNetwork):
    """One reader from the left and one from the right; their last states, means and maxima over time; dropout, logits.

    The pooling is Howard and Ruder's (2018, arXiv:1801.06146, section 3.3). The readers never see each other's states, so
    that language models can be their pretraining. The embedding's last row stands before a text, as it did in pretraining.
    """

    def __init__(self, embedding: WordEmbedding, labels: int, *, hidden: int, layers: int, directions: int, dropout: float) -> None:
        super().__init__(embedding, 3 * directions * hidden, labels, dropout=dropout)
        self.readers = nn.ModuleList(DirectedLstm(embedding.dimension, hidden, layers, dropout) for _ in range(directions))

    def read(self, vectors: Tensor, inside: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, 3 x directions x hidden) features."""
        length = inside.sum(dim=1)
        ordered = [vectors, reverse(vectors, length)][: len(self.readers)]
        start = self.embedding.table.weight[-1].to(vectors.dtype).expand(len(vectors), 1, -1)
        features = []
        for reader, words in zip(self.readers, ordered, strict=True):
            states, _ = reader.read(torch.cat([start, words], dim=1).transpose(0, 1), reader.start(len(words), words.device))  # type: ignore[operator]
            states = states[1:].transpose(0, 1)
            last = states[torch.arange(len(words), device=words.device), length - 1]
            features += [last.float(), mean_over_time(states, inside), max_over_time(states, inside).float()]
        return torch.cat(features, dim=1)


def reverse(vectors: Tensor, length: Tensor) -> Tensor:
    """Turn each text around and leave its padding behind it.

    Args:
        vectors: (batch, time, features).
        length: (batch,) words of each text, on the device.
    """
    place = length[:, None] - 1 - torch.arange(vectors.shape[1], device=vectors.device)
    # padding reads itself, whatever it holds: nothing behind a text is looked at
    place = torch.where(place >= 0, place, torch.arange(vectors.shape[1], device=vectors.device))
    return vectors.gather(1, place[..., None].expand_as(vectors))


__all__ = ["DirectedLstm", "DirectedLstmNetwork", "reverse"]
