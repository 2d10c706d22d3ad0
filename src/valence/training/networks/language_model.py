"""Next-word prediction over texts laid end to end, in both directions, with one table of words for input and output."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from valence.training.networks.directed_lstm import DirectedLstm
from valence.training.networks.words import WordEmbedding
from valence.training.softmax import present_words, tied_cross_entropy
from valence.training.streams import Texts


class LanguageModel(nn.Module):
    """Readers that each predict the word that comes next for them (Dai and Le, 2015, arXiv:1511.01432, section 2).

    All share the table of words, and the output's rows are its rows (Press and Wolf, 2017, ACL E17-2025).
    """

    def __init__(self, embedding: WordEmbedding, *, hidden: int, layers: int, directions: int, dropout: float) -> None:
        super().__init__()
        self.embedding = embedding
        self.readers = nn.ModuleList(DirectedLstm(embedding.dimension, hidden, layers, dropout) for _ in range(directions))
        self.project = nn.Linear(hidden, embedding.dimension)
        self.bias = nn.Parameter(torch.zeros(embedding.table.num_embeddings))
        self._dropout = nn.Dropout(dropout)

    def read(self, words: Tensor, states: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Return what each reader expects next, and its state behind the window.

        Args:
            words: (directions, time, batch) int64, in each reader's order.
            states: one pair of (layers, batch, hidden) for each reader.

        Returns:
            (directions, time, batch, dimension), to be compared with word vectors, and the new states.
        """
        vectors = self.embedding(words)
        read = [reader.read(v, s) for reader, v, s in zip(self.readers, vectors, states, strict=True)]  # type: ignore[operator]
        expected: Tensor = self.project(self._dropout(torch.stack([hidden for hidden, _ in read])))
        return self._dropout(expected), [last for _, last in read]

    def loss(self, expected: Tensor, targets: Tensor, shares: Tensor | None = None) -> Tensor:
        """Return the mean cross-entropy per word in nats.

        Args:
            expected: (..., dimension) from `read`.
            targets: (...) int64 words that came; never `PAD`, which has no output.
            shares: share of each word in the texts, to predict among the window's own words only; None predicts among all.
        """
        hidden, targets = expected.flatten(0, -2), targets.flatten()
        table, bias = self.embedding.table.weight, self.bias
        if shares is None:
            # the row of PAD stays zero: nothing may pull at it
            return tied_cross_entropy(hidden, table[1:], bias[1:], targets - 1)
        words, places, added = present_words(targets, shares)
        return tied_cross_entropy(hidden, table[words], bias[words] + added, places) + added[places].mean()


class NextWords:
    """Pretraining: windows of a stream of all texts, the state carried from window to window (Merity et al., 2018, arXiv:1708.02182)."""

    def __init__(self, network: LanguageModel, texts: Texts, *, rows: int, window: int, epochs: int, seed: int, full: bool) -> None:
        self.network = network
        self._texts = texts
        self._rows = max(1, min(rows, (texts.words - 1) // window))
        self._window = min(window, texts.words - 1)
        self._seed = seed
        self._per_epoch = (texts.words - 1) // self._rows // self._window
        self.steps = epochs * self._per_epoch
        self._shares = None if full else texts.shares(network.embedding.table.num_embeddings)
        self._epoch = -1
        self._states: list[tuple[Tensor, Tensor]] = []

    def loss(self, step: int) -> Tensor:
        """Return the loss of a step; steps are taken in order."""
        epoch, place = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            self._lay_out(epoch)
        if place == 0 or not self._states:
            self._states = [reader.start(self._rows, self._texts.device) for reader in self.network.readers]  # type: ignore[operator]
        inputs, targets = (part[:, place * self._window : (place + 1) * self._window].long() for part in (self._inputs, self._targets))
        expected, states = self.network.read(inputs, self._states)
        self._states = [(h.detach(), c.detach()) for h, c in states]
        return self.network.loss(expected, targets, self._shares)

    def tensors(self) -> dict[str, Tensor]:
        """Return what is carried from step to step."""
        return {f"carried.{i}.{name}": tensor for i, pair in enumerate(self._states) for name, tensor in zip("hc", pair, strict=True)}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` returned."""
        device = self._texts.device
        pairs = range(len(self.network.readers))
        self._states = [(tensors[f"carried.{i}.h"].to(device), tensors[f"carried.{i}.c"].to(device)) for i in pairs]

    def _lay_out(self, epoch: int) -> None:
        """Cut the epoch's stream into rows; the reader from the right gets it turned around."""
        stream = self._texts.stream(self._seed, epoch)
        words = self._rows * ((len(stream) - 1) // self._rows)
        ordered = [stream, stream.flip(0)][: len(self.network.readers)]
        # (directions, time, batch), time first: a window is one block of memory for the readers
        self._inputs = torch.stack([s[:words].view(self._rows, -1).t() for s in ordered])
        self._targets = torch.stack([s[1 : words + 1].view(self._rows, -1).t() for s in ordered])
        self._epoch = epoch


__all__ = ["LanguageModel", "NextWords"]
