"""A tuned language model: label scores for every text, its own words if asked for; saved as what was learned over named weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from valence.errors import BadData
from valence.evaluation.outcomes import names_a_label
from valence.llm.tuning.networks import AnswerNetwork, PromptNetwork
from valence.llm.tuning.reader import Reader
from valence.llm.tuning.weights import Weights
from valence.text.vocabulary import Tokens
from valence.training.examples import Examples
from valence.training.prediction import accuracy_and_loss, log_softmax, predict_logits
from valence.types import Predictions, Size, Split

ADAPTER = "adapter.safetensors"


@dataclass
class TunedClassifier:
    """A network over prompts, and the reader that makes them."""

    network: PromptNetwork
    reader: Reader
    weights: Weights
    labels: tuple[str, ...]
    where: torch.device
    batch_tokens: int
    generate: bool = False
    """Whether to also answer in free words."""

    @property
    def size(self) -> Size:
        """Parameter counts; two of four bits share a stored byte."""
        held = list(self.network.parameters())
        total = sum(p.numel() * (2 if type(p).__name__ == "Params4bit" else 1) for p in held)
        return Size(sum(p.numel() for p in held if p.requires_grad), total)

    @property
    def loaded(self) -> str:
        """What was really read, for the record: the weights' name, and how they lay there."""
        return self.weights.title

    @property
    def device(self) -> str:
        """Where the model computes."""
        return str(self.where)

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Classify each text by itself.

        The probabilities are those of the label words among themselves, a forced choice; `responses` are the model's free words, from
        which the valid rate comes, and the accuracy that counts an invalid answer as wrong.
        """
        logits, said = self._told(texts)
        return Predictions(np.exp(log_softmax(logits)).astype(np.float32), said)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, labels): log-probability of each label word in the answer's place, or the head's logits."""
        if not texts:
            return np.zeros((0, len(self.labels)), np.float32)
        with self._asked(texts) as tokens:
            return predict_logits(self.network, Examples(tokens, None, self.where), budget=self.batch_tokens)

    @contextlib.contextmanager
    def _asked(self, texts: Sequence[str]) -> Iterator[Tokens]:
        """Give the prompts' tokens; without those that all begin with, where the network reads them once for all."""
        opening = self.reader.opening
        # the last token of a prompt is always its own: where the answer is told
        if not self.network.shares or self.reader.closing == 0:
            yield self.reader.encode(texts)
            return
        with self.network.behind(opening):
            yield self.reader.encode_rest(texts)

    def _told(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], tuple[str, ...] | None]:
        """Return the logits, and the model's own words about each text, greedily, if they are asked for.

        The likeliest label's word is a draft: where reading on proves it the greedy answer, nothing is generated.
        """
        network = self.network
        if not self.generate or not texts:
            return self.logits(texts), None
        if not isinstance(network, AnswerNetwork):
            return self.logits(texts), self.reader.speak(network, texts, self.labels, {})
        with self._asked(texts) as tokens:
            told = predict_logits(network, Examples(tokens, None, self.where), budget=self.batch_tokens, read=network.told)
        logits, proven = told[:, :-1], told[:, -1] > 0
        known = {int(i): int(logits[i].argmax()) for i in np.flatnonzero(proven)}
        return logits, self.reader.speak(network, texts, self.labels, known)

    def figures(self, split: Split) -> dict[str, float]:
        """Return accuracy by forced choice and, of free words, their own: all, valid, and right among the valid."""
        logits, said = self._told(split.texts)
        accuracy, loss = accuracy_and_loss(logits, split.labels)
        found = {"forced_accuracy": accuracy, "log_loss": loss}
        if said is not None:
            valid = names_a_label(said, self.labels)
            named = [next((i for i, name in enumerate(self.labels) if names_a_label([text], [name])[0]), -1) for text in said]
            right = valid & (np.array(named) == split.labels)
            found |= {"valid_rate": float(valid.mean()), "accuracy": float(right.mean())}
            found |= {"accuracy_valid": float(right[valid].mean())} if valid.any() else {}
        return found

    def save(self, folder: Path) -> None:
        """Write what was learned beside the weights' name and digest; the weights stay where they are."""
        learned = {name: value.detach().cpu().contiguous().clone() for name, value in self.network.state_dict().items()}
        save_file(learned, folder / ADAPTER)
        self.weights.record(folder)

    def restore(self, folder: Path) -> None:
        """Put back what `save` wrote.

        Raises:
            BadData: the file is broken or holds other tensors than this method learns.
        """
        try:
            learned = load_file(folder / ADAPTER, device=str(self.where))
        except (OSError, SafetensorError) as error:
            raise BadData(f"{folder / ADAPTER} cannot be read: {error}.") from error
        take(self.network, learned, str(folder / ADAPTER))


def take(network: PromptNetwork, learned: dict[str, torch.Tensor], source: str) -> None:
    """Put what was learned into a network.

    Raises:
        BadData: it is not what this network learns; `source` says where it came from.
    """
    wanted = {name: value.shape for name, value in network.state_dict().items()}
    if wanted != {name: value.shape for name, value in learned.items()}:
        raise BadData(f"{source} holds {len(learned)} tensors that are not the {len(wanted)} this method learns.")
    network.load_state_dict(learned, strict=False)


__all__ = ["ADAPTER", "TunedClassifier", "take"]
