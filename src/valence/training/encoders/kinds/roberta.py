"""RoBERTa (Liu et al., 2019, arXiv:1907.11692)."""

from __future__ import annotations

from typing import Any

from valence.training.encoders.kind import Bertlike, TanhHead


class Roberta(TanhHead, Bertlike):
    """BERT's layers; positions are counted from behind the padding id."""

    @classmethod
    def first_position_of(cls, config: Any) -> int:  # noqa: ANN401
        """Return the id behind padding's."""
        return int(config.pad_token_id) + 1
