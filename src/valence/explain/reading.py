"""How a torch classifier reads one text: the vectors it sees, and logits as a function of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

import numpy as np

from valence.explain.spans import Span, gaps, locate

if TYPE_CHECKING:
    from torch import Tensor

    from valence.training.classifier import NetworkClassifier


@dataclass(frozen=True)
class Reading:
    """One text as a network sees it."""

    spans: tuple[Span, ...]
    """(time,) what each position stands for; equal neighbours are pieces of one word, empty spans stand for no character."""
    unread: tuple[Span, ...]
    """What was cut off."""
    vectors: Tensor
    """(1, time, dimension) as they enter the network."""
    baseline: Tensor
    """(1, time, dimension) of a text as long that says nothing."""
    logits: Callable[[Tensor], Tensor]
    """(batch, time, dimension) to (batch, labels); dropout is off."""


@runtime_checkable
class Readable(Protocol):
    """A classifier that tells how it reads; one that does so is explained by its gradients."""

    def reading(self, text: str) -> Reading:
        """Read one text."""


@runtime_checkable
class _OverWords(Protocol):
    network: object
    vocabulary: object


def can_read(classifier: object) -> bool:
    """Tell whether the classifier has vectors to tell of."""
    return isinstance(classifier, Readable | _OverWords)


def read(classifier: object, text: str) -> Reading:
    """Read a text as the classifier does; `can_read` must hold."""
    if isinstance(classifier, Readable):
        return classifier.reading(text)
    return read_words(cast("NetworkClassifier", classifier), text)


def read_words(classifier: NetworkClassifier, text: str) -> Reading:
    """Read a text with a word network; the baseline is `PAD` at every word, zeros, under the text's own mask."""
    import torch

    from valence.text.vocabulary import PAD, Tokens, split_words

    found = locate(text, lambda texts: split_words(texts).to_list())
    spans = found or ((0, len(text)),)  # a text without any word is read as one unknown word
    whole = classifier.vocabulary.encode([text])
    kept = Tokens(np.arange(len(spans), dtype=np.int32), whole.offsets).cut(classifier.max_length, classifier.keep).ids.tolist()
    tokens = torch.from_numpy(whole.ids[kept])[None].long().to(classifier.device)
    lengths = torch.tensor([len(kept)])
    network = classifier.network.eval()
    with torch.no_grad():
        vectors, baseline = network.embed(tokens), network.embed(torch.full_like(tokens, PAD))

    def logits(points: Tensor) -> Tensor:
        return network.classify(points, tokens.expand(len(points), -1), lengths.expand(len(points))).float()

    return Reading(tuple(spans[i] for i in kept), gaps(spans, kept), vectors, baseline, logits)


__all__ = ["Readable", "Reading", "can_read", "read", "read_words"]
