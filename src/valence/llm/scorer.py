"""Log-probabilities of label words under local weights: prompts one behind the other, what all begin with read once.

No text sees another, and positions count within each: a row's score is that of the row alone, in any batch, for every architecture,
sliding windows included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from valence.llm.label_scores import LOGIT_ROWS, Row, Steps, Tokens, batches, common_beginning
from valence.llm.tuning.attention import NOTHING, Beginning
from valence.llm.tuning.networks import PromptNetwork, table
from valence.training.encoders.layout import Layout


class LabelScorer(PromptNetwork):
    """Scores rows under a causal language model of transformers."""

    def __init__(self, model: Any, *, padded: bool = False) -> None:  # noqa: ANN401 - transformers has no types
        """Take the model over; `generating` lends it back."""
        super().__init__(model, padded=padded)
        self._kept: tuple[Tokens, Beginning] = (), NOTHING

    def score(self, rows: Sequence[Row], batch_tokens: int) -> Iterator[tuple[int, Steps]]:
        """Yield each row's position and the log-probability of every token of each of its labels, in nats."""
        shared = common_beginning(rows) if self.shares else ()
        for batch in batches(rows, max(batch_tokens, 1), len(shared)):
            self._read_beginning(shared)
            yield from zip(batch, self._score([rows[i] for i in batch], shared), strict=True)

    def _read_beginning(self, tokens: Tokens) -> None:
        if tokens != self._kept[0]:
            with self.behind(tokens):
                self._kept = tokens, self._beginning

    def _score(self, rows: list[Row], shared: Tokens) -> list[Steps]:
        places: list[int] = []
        start = 0
        for row in rows:
            first: dict[Tokens, int] = {}
            for stem in row.stems:
                first[stem] = start + len(row.prompt) - len(shared) - 1
                start += len(row.prompt) - len(shared) + len(stem)
            places += [first[row.stem_of(label)] + j for label in row.labels for j in range(len(label))]
        wanted = [token for row in rows for label in row.labels for token in label]
        states = self._read([tokens[len(shared) :] for row in rows for tokens in row.inputs()])
        found = iter(self._log_probs(states, places, wanted))
        return [tuple(tuple(islice(found, len(label))) for label in row.labels) for row in rows]

    @torch.inference_mode()
    def _read(self, inputs: list[Tokens]) -> Tensor:
        """Return (tokens, width) last states of all inputs, behind the beginning that is kept."""
        device = self.model.get_input_embeddings().weight.device
        self._beginning = self._kept[1]
        try:
            return self.states(table(inputs).to(device), Layout(np.array([len(x) for x in inputs], np.int64), device))
        finally:
            self._beginning = NOTHING

    @torch.inference_mode()
    def _log_probs(self, states: Tensor, places: list[int], wanted: list[int]) -> list[float]:
        """Return the log-probability of each wanted token, as told by the state at its place."""
        at, owner = (x.to(states.device) for x in torch.unique(torch.tensor(places), return_inverse=True))
        total = torch.cat([self.logits(states[part]).logsumexp(-1) for part in at.split(LOGIT_ROWS)])
        own = self.own_logits(states[at][owner], torch.tensor(wanted, device=states.device)[:, None])[:, 0]
        return list((own - total[owner]).tolist())


__all__ = ["LabelScorer"]
