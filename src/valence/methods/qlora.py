"""QLoRA: low-rank updates beside a language model's frozen four-bit weights (Dettmers et al., 2023, arXiv:2305.14314)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import PositiveInt, model_validator

from valence.llm.asked import Ask
from valence.llm.tuning.settings import TINY_TUNED, Tuning
from valence.text.prompt import Prompt

if TYPE_CHECKING:
    from valence.llm.tuning.networks import PromptNetwork
    from valence.llm.tuning.reader import Reader
    from valence.training.losses import Objective

TINY: dict[str, object] = TINY_TUNED


class Qlora(Tuning):
    """Teach a language model to answer the prompt with the label word; the loss is on the answer alone."""

    paper: ClassVar[str] = "Dettmers et al., 2023, arXiv:2305.14314; Hu et al., 2021, arXiv:2106.09685"

    generate: bool = False
    """Also answer each text in free words, greedily: the valid rate and the accuracy among the valid come from them."""
    answer_tokens: PositiveInt = 8
    """Tokens of an answer in free words."""

    @model_validator(mode="after")
    def _no_smoothing(self) -> Self:
        if self.label_smoothing:
            raise ValueError("label_smoothing spreads a target over labels; qlora learns words. llm_head has labels")
        return self

    @property
    def speaks(self) -> bool:
        """Whether predictions hold the model's own words."""
        return self.generate

    def ask(self, prompt: Prompt) -> Ask:
        """Return how each review is put into the prompt."""
        return Ask("generate", prompt.words, self.max_review_tokens, self.cut, self.form, answer_tokens=self.answer_tokens)

    def over(self, model: Any, reader: Reader, labels: int, *, padded: bool = False) -> PromptNetwork:  # noqa: ANN401 - untyped there
        """Score the label words in the answer's place."""
        from valence.llm.tuning.networks import AnswerNetwork

        return AnswerNetwork(model, reader.words, reader.end, padded=padded)

    def objective(self) -> Callable[..., Objective]:
        """Return the loss on the answer's tokens."""
        from valence.llm.tuning.tuning import AnswerLoss

        return AnswerLoss
