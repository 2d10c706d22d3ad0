"""The family of methods that start from a pretrained encoder: how it is read, trained and reloaded."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from valence.text.vocabulary import Keep
from valence.training.recipe import Recipe
from valence.types import Classifier, Method, Split, Task

if TYPE_CHECKING:
    import torch

    from valence.text.subwords import Subwords
    from valence.training.encoders.backbone import Backbone
    from valence.training.encoders.network import EncoderNetwork
    from valence.training.examples import Examples
    from valence.training.losses import Objective

TINY_ENCODER: Mapping[str, object] = {
    "backbone": "tiny-bert",
    "epochs": 10,
    "batch_texts": 8,
    "minimum_steps": 0,
    "learning_rate": 0.003,
    "max_length": 64,
    "pooling": "mean",
}
"""Settings under which the contract tests train it on 48 sentences, over a tiny encoder that they make."""
TINY_ADAPTED: Mapping[str, object] = {**TINY_ENCODER, "epochs": 30, "batch_texts": 24, "learning_rate": 0.03}
"""The same where most of that encoder, which knows nothing, stays frozen."""

ENOUGH_TO_COMPILE = 10_000
"""Texts, each pass counted, from which on compiling the layers pays."""


class Pretrained(Method):
    """A pretrained encoder, and how it reads a text."""

    backbone: str = "sentence-transformers/all-mpnet-base-v2"
    """Pretrained encoder: a folder, a name under $VALENCE_MODELS, or a name on the hub."""
    max_length: PositiveInt = 512
    """Tokens of a text that are read, special ones counted."""
    keep: Keep = "head+tail"
    """Which tokens of a longer text are read: its first, its last, or half of each."""
    pooling: Literal["first", "mean"] = "first"
    """What stands for a text: the state of its first token, or the mean of the states of its tokens."""

    def find_backbone(self) -> Backbone:
        """Return where the pretrained encoder is.

        Raises:
            DataNotFound: nowhere; the message names the places.
            BadSetting: its architecture cannot be read, or not over `max_length` tokens; said before any weights are fetched.
        """
        from valence.training.encoders.backbone import Backbone

        origin = Backbone.find(self.backbone)
        self._check(origin)
        return origin

    def examples(self, subwords: Subwords, part: Split, device: torch.device) -> Examples:
        """Return the texts of `part` as tokens on the device."""
        from valence.training.examples import Examples

        return Examples(subwords.encode(part.texts, self.max_length, self.keep), part.labels, device)

    def _check(self, origin: Backbone) -> None:
        """Refuse what cannot be, before any weights are fetched."""
        from valence.errors import BadSetting
        from valence.training.encoders.backbone import kind_of

        config = origin.config()
        kind = kind_of(config)
        reason = kind.refusal(config)
        if reason:
            raise BadSetting(f"backbone {self.backbone!r} cannot be read without padding: {reason}.")
        positions = kind.positions(config)
        if positions is not None and self.max_length > positions:
            raise BadSetting(f"max_length {self.max_length} is more than the {positions} positions of {self.backbone!r}.")


class Encoder(Recipe, Pretrained):
    """A pretrained encoder under a new head."""

    engine: Literal["packed", "trainer", "unsloth"] = "packed"  # type: ignore[assignment]
    """`packed`, our loop without padding; `trainer`, the Trainer of transformers; `unsloth`, the same over that package's modules."""
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    """Learning rate of a layer as a share of the one above it."""
    compiled: Literal["auto", "yes", "no"] = "auto"
    """Whether layers are compiled for training: `auto` does on CUDA, with the packed engine, over many steps."""
    gradient_checkpointing: bool = False
    """Compute each layer again in the backward pass instead of keeping it: less memory, a third more time; engine `packed` only."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic of training, and on CUDA of prediction: `auto` is bfloat16 where the hardware has it, else float32."""

    epochs: PositiveInt = 2
    batch_texts: PositiveInt | None = 32
    minimum_steps: NonNegativeInt = 200
    learning_rate: PositiveFloat = 3e-5
    warmup_ratio: float = Field(default=0.1, ge=0, le=0.1)
    average_decay: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: NonNegativeFloat = 0.01

    @model_validator(mode="after")
    def _what_goes_together(self) -> Self:
        if self.gradient_checkpointing and self.engine != "packed":
            raise ValueError(f"gradient_checkpointing needs engine packed; {self.engine} reads by modules that keep their layers")
        if self.adversarial and self.compares_answers:
            raise ValueError(f"adversarial {self.adversarial:g} does not go with a loss that compares texts or passes; set it to 0")
        return self

    @property
    def compares_answers(self) -> bool:
        """Whether the loss is more than each text's own: then no adversarial step is defined."""
        return False

    @abstractmethod
    def adapt(self, network: EncoderNetwork) -> None:
        """Put into the network what is to be learned, and freeze what is not."""

    def objective(self) -> Callable[..., Objective]:
        """Return what makes the loss."""
        from valence.training.losses import CrossEntropy

        return CrossEntropy

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Fine-tune on `train`; the best epoch on `valid` is kept."""
        if self.engine == "unsloth":
            from valence.training.unsloth import check_unsloth, import_unsloth

            check_unsloth()
            import_unsloth()  # before transformers, whose modules it replaces
        from valence.training.device import resolve_device
        from valence.training.encoders.classifier import EncoderClassifier
        from valence.training.fitting import fit_network

        device = resolve_device(task.device)
        origin = self.find_backbone()
        task.journal.progress(0, 1, f"reading {self.backbone}")
        subwords = origin.subwords()
        learn, check = (self.examples(subwords, part, device) for part in (train, valid))
        many = device.type == "cuda" and self.engine == "packed" and len(train) * self.epochs >= ENOUGH_TO_COMPILE
        compiled = self.compiled == "yes" or (self.compiled == "auto" and many)
        network = fit_network(partial(self._start, origin, task, compiled), learn, check, self, task, self.objective())
        return EncoderClassifier(network, subwords, origin, max_length=self.max_length, keep=self.keep, device=device)

    def load(self, folder: Path, task: Task) -> Classifier:
        """Read back what was learned, and the backbone where that was not."""
        from valence.training.device import resolve_device
        from valence.training.encoders.classifier import load_encoder

        device = resolve_device(task.device)
        return load_encoder(folder, self.wrap, task.labels, max_length=self.max_length, keep=self.keep, device=device)

    def wrap(self, model: Any) -> EncoderNetwork:  # noqa: ANN401 - transformers' classes are untyped
        """Make the network around transformers' model and adapt it."""
        from valence.training.encoders.network import EncoderNetwork

        padded = self.engine != "packed"
        network = EncoderNetwork(model, pooling=self.pooling, padded=padded, layer_decay=self.layer_decay)
        network.recompute = self.gradient_checkpointing
        network.precision = self.precision
        self.adapt(network)
        return network

    def _start(self, origin: Backbone, task: Task, compiled: bool) -> EncoderNetwork:
        network = self.wrap(origin.model(task.labels, unsloth=self.engine == "unsloth"))
        if compiled:
            network.compile()
        return network


class Contrasted(Encoder):
    """An encoder that may learn from the nearness of texts of one label too (Gunel et al., 2021, arXiv:2011.01403)."""

    contrastive_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the contrastive loss, the rest is cross-entropy."""
    temperature: PositiveFloat = 0.3
    """What similarities are divided by in the contrastive loss: the smaller, the more the nearest texts count."""

    @property
    def compares_answers(self) -> bool:
        """Whether a share of the loss is contrastive."""
        return self.contrastive_share > 0

    def objective(self) -> Callable[..., Objective]:
        """Return what makes the loss."""
        from valence.training.contrastive import Contrastive

        if not self.contrastive_share:
            return super().objective()
        return partial(Contrastive, share=self.contrastive_share, temperature=self.temperature)
