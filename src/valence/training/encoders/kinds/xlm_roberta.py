"""XLM-RoBERTa (Conneau et al., 2020, arXiv:1911.02116): RoBERTa's architecture over a hundred languages."""

from __future__ import annotations

from valence.training.encoders.kinds.roberta import Roberta


class XlmRoberta(Roberta):
    """RoBERTa with another vocabulary."""
