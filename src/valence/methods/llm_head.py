"""A classification head on a language model's last token, with low-rank updates (Radford et al., 2018; Hu et al., 2021)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from valence.llm.tuning.settings import TINY_TUNED, Tuning

if TYPE_CHECKING:
    from valence.llm.tuning.networks import PromptNetwork
    from valence.llm.tuning.reader import Reader
    from valence.training.losses import Objective

TINY: dict[str, object] = TINY_TUNED


class LlmHead(Tuning):
    """Read the prompt, and put a linear head where the answer would begin."""

    paper: ClassVar[str] = (
        "Radford et al., 2018, Improving Language Understanding by Generative Pre-Training; Hu et al., 2021, arXiv:2106.09685"
    )

    def over(self, model: Any, reader: Reader, labels: int, *, padded: bool = False) -> PromptNetwork:  # noqa: ANN401 - untyped there
        """Put the head on the last own token's state."""
        from valence.llm.tuning.networks import HeadNetwork

        return HeadNetwork(model, labels, padded=padded)

    def objective(self) -> Callable[..., Objective]:
        """Return the cross-entropy of the head's logits."""
        from valence.training.losses import CrossEntropy

        return CrossEntropy
