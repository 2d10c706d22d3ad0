"""What the networks pretrained on their own domain share: words from all texts, a body from texts without labels, then the labels."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from valence.methods._networks import Network
from valence.text.vocabulary import Vocabulary
from valence.text.word_vectors import WordVectors
from valence.training.recipe import Recipe
from valence.training.semi_supervised import SemiSupervised
from valence.types import Classifier, Split, Task

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from valence.training.networks.words import WordNetwork
    from valence.training.pretraining import Body, Objective
    from valence.training.streams import Texts

SEPARATOR = "[SEP]"
"""Stands before every text; the last row of the word vectors."""
LATER = frozenset(SemiSupervised.model_fields) | {"max_length", "keep", "dropout", "word_dropout", "embedding_dropout", "word_vectors"}
"""Settings that leave the body as it is, but for those called `pretraining_...`."""


class Pretrained(SemiSupervised, Network):
    """A network that reads all its texts before it sees a label, and no others."""

    uses_unlabeled: ClassVar[bool] = True

    @abstractmethod
    def pretraining(self, table: Tensor, texts: Texts, seed: int) -> Objective:
        """Return what the body is pretrained to do.

        Args:
            table: (words, dimension) word vectors to start from, the separator's the last.
            texts: to be read.
            seed: of the order of reading.
        """

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Pretrain on all texts, without the labels; fine-tune on `train`; the best epoch on `valid` is kept."""
        from valence.training.classifier import NetworkClassifier
        from valence.training.device import resolve_device
        from valence.training.examples import Examples
        from valence.training.fine_tuning import fine_tune
        from valence.training.fitting import check_training
        from valence.training.pretraining import Later

        device = resolve_device(task.device)
        check_training(self, device)
        task.journal.progress(0, 1, "reading words")
        # sorted, so that runs which hold out other texts read the same: they can share a body
        texts = sorted({*train.texts, *valid.texts, *task.unlabeled})
        vocabulary = Vocabulary.learn(texts, max_words=self.max_words, min_count=self.min_count)
        body = self._pretrain(vocabulary, texts, task, device)
        learn, check = (Examples(self._encode(vocabulary, part), part.labels, device) for part in (train, valid))
        others = vocabulary.encode(task.unlabeled).cut(self.max_length, self.keep) if task.unlabeled and self.unlabeled_share else None
        unlabeled = Examples(others, None, device) if others is not None else None

        def build() -> WordNetwork:
            return body.put_into(self._start(vocabulary, len(task.labels)))

        network = fine_tune(build, learn, check, unlabeled, self, task, Later(task.journal, body.steps), body.mark)
        return NetworkClassifier(network, vocabulary, max_length=self.max_length, keep=self.keep, device=device)

    def _pretrain(self, vocabulary: Vocabulary, texts: list[str], task: Task, device: torch.device) -> Body:
        from valence.training.checkpoint import fingerprint
        from valence.training.networks.words import start_vectors
        from valence.training.pretraining import Body, pretrain
        from valence.training.streams import Texts

        if not self.pretraining_epochs:
            return Body({}, 0, "")
        seed = task.seed if self.pretraining_seed is None else self.pretraining_seed
        tokens = vocabulary.encode(texts)
        settings = {k: v for k, v in self.model_dump(mode="json").items() if k.startswith("pretraining_") or k not in LATER}
        mark = fingerprint(self.name(), settings, self.precision, seed, vocabulary.words, tokens.ids, tokens.offsets)
        vectors = WordVectors.find(self.word_vectors) if self.word_vectors else None

        def build() -> Objective:
            table = start_vectors((*vocabulary.words, SEPARATOR), self.dimension, vectors)
            return self.pretraining(table, Texts(tokens, len(vocabulary), device), seed)

        recipe = Recipe(
            learning_rate=self.pretraining_rate,
            weight_decay=self.pretraining_decay,
            warmup_ratio=self.warmup_ratio,
            clip_norm=self.clip_norm,
            precision=self.precision,
        )
        return pretrain(build, recipe, seed=seed, mark=mark, device=device, journal=task.journal)

    def _start(self, vocabulary: Vocabulary, labels: int) -> WordNetwork:
        from valence.training.networks.words import start_vectors

        # the separator takes the place of no word: it has the row behind them
        return self._over(start_vectors((*vocabulary.words, SEPARATOR), self.dimension), labels)
