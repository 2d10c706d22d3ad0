"""RoBERTa (Liu et al., 2019, arXiv:1907.11692)."""

from __future__ import annotations

from valence.training.encoders.kind import Borrowed, TanhHead


class Roberta(TanhHead, Borrowed):
    """BERT's layers; positions are counted from behind the padding id."""

    @property
    def first_position(self) -> int:  # type: ignore[override]
        """Id of a text's first position."""
        return int(self.config.pad_token_id) + 1
