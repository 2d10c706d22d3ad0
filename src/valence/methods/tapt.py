"""Task-adaptive pretraining: an encoder guesses hidden words of the task's own texts, then it is fine-tuned (arXiv:2004.10964)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, PrivateAttr

from valence.methods._encoders import ENOUGH_TO_COMPILE, TINY_ENCODER, Encoder
from valence.training.recipe import Recipe
from valence.types import Classifier, Split, Task

if TYPE_CHECKING:
    from valence.training.encoders.backbone import Backbone
    from valence.training.encoders.network import EncoderNetwork
    from valence.training.losses import Objective
    from valence.training.pretraining import Body

TINY: Mapping[str, object] = {**TINY_ENCODER, "pretraining_epochs": 2, "pretraining_batch_tokens": 256}


class Tapt(Encoder):
    """Let a pretrained encoder guess hidden words of all texts of the task, labelled or not; then train it whole."""

    paper: ClassVar[str] = "Gururangan et al., 2020, arXiv:2004.10964; Sun et al., 2019, arXiv:1905.05583"
    uses_unlabeled: ClassVar[bool] = True

    engine: Literal["packed", "trainer"] = "packed"
    """Of the fine-tuning: `packed`, our loop without padding, or `trainer`, the Trainer of transformers; pretraining is packed."""
    pretraining_epochs: NonNegativeInt = 3
    """Passes over all texts before the labels are looked at; each hides other words; 0 is plain fine-tuning."""
    pretraining_rate: PositiveFloat = 1e-4
    """Peak learning rate of the pretraining."""
    pretraining_decay: NonNegativeFloat = 0.01
    """Decay of AdamW on weight matrices in the pretraining."""
    pretraining_batch_tokens: PositiveInt = 32_768
    """Tokens in a step of the pretraining."""
    pretraining_seed: NonNegativeInt | None = None
    """Seed of the pretraining, the run's own when not given; runs that give the same one share a body through $VALENCE_BODIES."""
    mask_share: float = Field(default=0.15, gt=0, lt=1)
    """Share of the words that are to be guessed: of ten, eight are hidden, one is another word, one is shown."""
    alpha: NonNegativeFloat = 0.0
    """Weight of R-Drop's divergence in the fine-tuning (arXiv:2106.14448); 0 is plain cross-entropy in one pass."""

    @property
    def compares_answers(self) -> bool:
        """Whether the fine-tuning is R-Drop's."""
        return self.alpha > 0

    _body: Body | None = PrivateAttr(default=None)

    def adapt(self, network: EncoderNetwork) -> None:
        """Freeze nothing."""

    def objective(self) -> Callable[..., Objective]:
        """Return what makes the loss of the fine-tuning."""
        from valence.training.consistency import Consistency

        return partial(Consistency, alpha=self.alpha) if self.alpha else super().objective()

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Pretrain on all texts, without the labels; fine-tune on `train`; the best epoch on `valid` is kept."""
        from valence.training.device import resolve_device
        from valence.training.fitting import check_training
        from valence.training.pretraining import Later

        check_training(self, resolve_device(task.device))
        if not self.pretraining_epochs:
            return super().fit(train, valid, task)
        # sorted, so that runs which hold out other texts read the same: they can share a body
        body = self._pretrain(sorted({*train.texts, *valid.texts, *task.unlabeled}), task)
        later = Later(task.journal, body.steps)
        # apart, so that no checkpoint over another body is gone on from
        later.folder = task.journal.folder / body.mark if task.journal.folder is not None else None
        tuned = self.model_copy()
        tuned._body = body
        return super(Tapt, tuned).fit(train, valid, replace(task, journal=later))

    def _pretrain(self, texts: list[str], task: Task) -> Body:
        from valence.training.checkpoint import fingerprint
        from valence.training.device import resolve_device
        from valence.training.encoders.hiding import HiddenWords, Hiding
        from valence.training.encoders.masked_words import Masker
        from valence.training.pretraining import pretrain

        origin, device = self.find_backbone(), resolve_device(task.device)
        task.journal.progress(0, 1, f"reading {self.backbone}")
        subwords = origin.subwords()
        hiding = Hiding.by(subwords, self.backbone, device)
        tokens = subwords.encode(texts, self.max_length, self.keep)
        seed = task.seed if self.pretraining_seed is None else self.pretraining_seed
        recipe = self._recipe()
        epochs, budget = self.pretraining_epochs, self.pretraining_batch_tokens
        sizes: dict[str, Any] = {"share": self.mask_share, "epochs": epochs, "budget": budget, "seed": seed}
        mark = fingerprint(self.name(), origin.digest(), recipe.model_dump(mode="json"), sizes, tokens.ids, tokens.offsets)
        many = device.type == "cuda" and len(texts) * epochs >= ENOUGH_TO_COMPILE

        def build() -> HiddenWords:
            network = Masker.over(origin, recompute=self.gradient_checkpointing).to(device)
            if self.compiled == "yes" or (self.compiled == "auto" and many):
                network.compile()
            return HiddenWords(network, tokens, hiding, **sizes)

        return pretrain(build, recipe, seed=seed, mark=mark, device=device, journal=task.journal)

    def _recipe(self) -> Recipe:
        return Recipe(
            learning_rate=self.pretraining_rate,
            weight_decay=self.pretraining_decay,
            warmup_ratio=self.warmup_ratio,
            clip_norm=self.clip_norm,
            precision=self.precision,
        )

    def _start(self, origin: Backbone, task: Task, compiled: bool) -> EncoderNetwork:
        from valence.training.encoders.masked_words import take_over

        network = super()._start(origin, task, compiled)
        return network if self._body is None else take_over(network, self._body.weights)
