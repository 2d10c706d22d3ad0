"""Which family of methods a run belongs to, told from the settings its record keeps: no method is imported, none is listed."""

from __future__ import annotations

from valence.store import RunRecord

FAMILIES = {
    "bag": "Bags of words",
    "network": "Networks from scratch",
    "encoder": "Pretrained encoders",
    "llm": "Language models",
    "combination": "Combinations",
    "baseline": "Baselines",
    "outside": "Made elsewhere",
}
"""Titles by the name that stands in a page's address."""
SIGNS = (("members", "combination"), ("template", "llm"), ("backbone", "encoder"), ("max_words", "network"), ("ngrams", "bag"))
"""A setting that every method of a family has, and its family; the first that a run has decides."""


def family(record: RunRecord) -> str:
    """Return a key of `FAMILIES`: `outside` for predictions made elsewhere, `baseline` for a method that has none of the signs."""
    if not record.experiment:
        return "outside"
    settings = record.experiment.get("method")
    return next((name for sign, name in SIGNS if isinstance(settings, dict) and sign in settings), "baseline")


__all__ = ["FAMILIES", "SIGNS", "family"]
