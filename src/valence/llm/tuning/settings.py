"""The settings of a tuned language model, and the order in which it is checked, read, trained and read back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from valence.llm.asked import Ask, Form
from valence.text.prompt import Cut, Prompt
from valence.training.recipe import Recipe
from valence.types import Classifier, Method, Split, Task

if TYPE_CHECKING:
    from pathlib import Path

    from valence.llm.tuning.networks import PromptNetwork
    from valence.llm.tuning.reader import Reader
    from valence.llm.tuning.updates import Updates
    from valence.training.losses import Objective

TINY_TUNED: dict[str, object] = {
    "backbone": "random",
    "template": "brief",
    "bits": 16,
    "epochs": 10,
    "minimum_steps": 0,
    "batch_texts": 4,
    "learning_rate": 0.005,
    "max_review_tokens": 96,
    "batch_tokens": 4096,
}
"""Settings under which the contract tests tune a random model on 48 sentences."""


class Tuning(Recipe, Method):
    """A frozen language model with low-rank updates."""

    backbone: str = "HuggingFaceTB/SmolLM2-135M-Instruct"
    """Language model: a folder or a .gguf, by its path or its name under $VALENCE_MODELS, or a name on the hub."""
    bits: Literal[4, 16] = 4
    """Bits of a frozen weight: 4 is nf4 by bitsandbytes, on CUDA only; 16 is plain LoRA, in float32 where there is no bfloat16."""
    engine: Literal["packed", "unsloth"] = "packed"  # type: ignore[assignment]
    """`packed`, our loop without padding; `unsloth`, the same loop over padded batches with that package's layers: it needs CUDA."""
    optimizer: Literal["adamw", "adamw_8bit"] = "adamw"
    """`adamw` keeps its two moments of each number in float32; `adamw_8bit`, by bitsandbytes, in eight bits: a quarter of the memory."""
    rank: PositiveInt = 16
    """Rank of each update."""
    alpha: PositiveInt = 32
    """Updates are scaled by alpha / rank."""
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of an update's input that is hidden in each training step."""
    projections: Literal["all", "attention"] = "all"
    """What is adapted in every layer: all linear layers, or those of the attention."""
    gradient_checkpointing: bool = False
    """Compute each layer again in the backward pass instead of keeping it: less memory, a third more time."""
    compiled: bool = False
    """Compile each layer before it is first used, which takes about a minute: for models of billions and many reviews."""
    template: str = "default"
    """Wording of the prompt: the name of a template that comes with Valence, or the path of a jinja2 file."""
    form: Form = "auto"
    """Whether the prompt wears the model's chat template; `auto` where the model has one."""
    label_words: tuple[str, ...] = ()
    """What the model answers for each label, in the order of the labels; the labels' own names when not given."""
    max_review_tokens: PositiveInt = 1024
    """Tokens of a review that are read, by the model's own tokenizer; nothing else in the prompt is ever cut."""
    cut: Cut = "head+tail"
    """Which tokens of a longer review are read: its first, its last, or half of each."""
    before: bool = False
    """Score the untouched model on the validation texts first and write its figures beside the tuned one's into the history."""

    epochs: PositiveInt = 1
    batch_texts: PositiveInt | None = 16
    minimum_steps: NonNegativeInt = 200
    learning_rate: PositiveFloat = 2e-4
    warmup_ratio: float = Field(default=0.03, ge=0, le=0.1)
    weight_decay: NonNegativeFloat = 0.0
    average_decay: float = Field(default=0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _no_adversary(self) -> Self:
        if self.adversarial:
            raise ValueError("adversarial is for networks over words; a tuned language model has no such step")
        return self

    @model_validator(mode="after")
    def _compiled_once(self) -> Self:
        if self.compiled and self.engine != "packed":
            raise ValueError(f"compiled is for engine packed; {self.engine} has fused layers of its own")
        return self

    @abstractmethod
    def over(self, model: object, reader: Reader, labels: int, *, padded: bool = False) -> PromptNetwork:
        """Make the network around transformers' model; `padded` where its attention is to be left as it is."""

    @abstractmethod
    def objective(self) -> Callable[..., Objective]:
        """Return what makes the loss."""

    @property
    def updates(self) -> Updates:
        """The shape of what is learned."""
        from valence.llm.tuning.updates import Updates

        return Updates(self.rank, self.alpha, self.lora_dropout, self.projections)

    @property
    def speaks(self) -> bool:
        """Whether predictions hold the model's own words."""
        return False

    def ask(self, prompt: Prompt) -> Ask:
        """Return how each review is put into the prompt."""
        return Ask("generate", prompt.words, self.max_review_tokens, self.cut, self.form)

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Tune on `train`; the best epoch on `valid`, by label scores, is kept."""
        from valence.llm.tuning.tuning import tune

        return tune(self, train, valid, task)

    def load(self, folder: Path, task: Task) -> Classifier:
        """Read back what was learned, over the same weights."""
        from valence.llm.tuning.tuning import reload

        return reload(self, folder, task)


__all__ = ["Tuning"]
