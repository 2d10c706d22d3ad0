"""Self-training: few labels, passed on to texts without any, and an encoder tuned on both (Scudder, 1965; arXiv:2209.11055)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from valence.methods.setfit import TINY as TINY_SETFIT
from valence.methods.setfit import Setfit, with_descriptions
from valence.types import UNLABELED, Classifier, Split, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from valence.training.encoders.network import EncoderNetwork
    from valence.training.examples import Examples

TINY: Mapping[str, object] = {**TINY_SETFIT, "components": 2, "labelled_texts": 4}


class SelfTraining(Setfit):
    """Few labels and many texts without: a mixture of Gaussians labels the sure ones of these, and pairs of both tune the encoder."""

    paper: ClassVar[str] = "Scudder, 1965, doi:10.1109/TIT.1965.1053799; Nigam et al., 2000, doi:10.1023/A:1007692713085"
    uses_unlabeled: ClassVar[bool] = True

    rounds: PositiveInt = 1
    """How often texts are labelled and an encoder is tuned on them, each time from the pretrained weights."""
    unlabeled_texts: PositiveInt = 2000
    """Texts without a label that are read, drawn from those that are part of no other."""
    least_words: NonNegativeInt = 8
    """Words of the shortest text without a label that is read."""
    components: PositiveInt = 4
    """Principal directions of the embeddings in which the mixture is fitted."""
    confident_share: float = Field(default=0.8, gt=0, le=1)
    """Share of the texts without a label that are learned from, those surest of theirs, as many of each label."""
    labelled_texts: PositiveInt = 4
    """Texts with a label of their own in each step, beside `batch_texts` of the others."""

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Label, tune, and label again; what little is labelled all counts, `valid` too, since nothing is chosen."""
        from valence.text.wholes import draw_wholes
        from valence.training.device import resolve_device
        from valence.training.encoders.embedding import fit_linear
        from valence.training.pretraining import Later

        drawn = draw_wholes(task.unlabeled, self.unlabeled_texts, least_words=self.least_words, seed=task.seed)
        known = Split(train.ids + valid.ids, train.texts + valid.texts, np.concatenate([train.labels, valid.labels]))
        if len(drawn) < 2 * self.components or len(np.unique(known.labels)) < len(task.labels):
            return super().fit(train, valid, task)  # nothing to pass labels on to, or a label that cannot be passed on
        known = with_descriptions(known, task.labels) if self.described else known
        device, origin = resolve_device(task.device), self.find_backbone()
        subwords = origin.subwords()
        pool = Split(tuple(f"unlabeled-{n}" for n in range(len(drawn))), drawn, np.full(len(drawn), UNLABELED))
        task.journal.progress(0, 1, f"embedding {len(drawn):,} texts")
        own, others = (self.examples(subwords, part, device) for part in (known, pool))
        network = self.wrap(origin.model(task.labels)).to(device)
        for number in range(self.rounds):
            learn = self._labelled(known, pool, self._embedded(network, own), self._embedded(network, others), len(task.labels))
            later = replace(task, journal=Later(task.journal, number * self.steps))
            network = self.tuned(origin, self.examples(subwords, learn, device), later, self.batch_texts + self.labelled_texts)
        linear = fit_linear(self._embedded(network, own), known.labels, len(task.labels), self.strength)
        return self.classifier(network, linear, subwords, origin, device, frozen=False)

    def _embedded(self, network: EncoderNetwork, part: Examples) -> NDArray[np.float32]:
        """Return the (texts, width) embeddings, in the arithmetic of the training: they decide labels, and answer nobody."""
        import torch

        from valence.training.device import use_bfloat16
        from valence.training.encoders.embedding import embed

        with torch.autocast(part.device.type, torch.bfloat16, enabled=use_bfloat16(self.precision, part.device)):
            return embed(network, part)

    def _labelled(self, known: Split, pool: Split, own: NDArray[np.float32], others: NDArray[np.float32], classes: int) -> Split:
        """Return the texts of a round: those sure of the label they were given, and their share of those that have one."""
        from valence.training.mixture import confident, fit_mixture

        mixture = fit_mixture(own, known.labels, others, classes, self.components)
        rows, told = confident(mixture.log_posterior(others), self.confident_share)
        sure = pool.select(rows)
        # a step draws from all alike: labelled texts stand there so often that it gets `labelled_texts` of them
        times = max(1, round(self.labelled_texts * len(rows) / (self.batch_texts * len(known))))
        return Split(known.ids * times + sure.ids, known.texts * times + sure.texts, np.concatenate([*[known.labels] * times, told]))
