"""Prompts and templates as a user's script wrote them: JSON lines, a table, or a text file with a place for the review."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from valence.data._columns import guess
from valence.data._labels import label_text
from valence.data._rows import open_rows
from valence.doctor.parts import PromptSet
from valence.errors import BadData

PROMPT = ("prompt", "prompts", "input_text", "formatted", "full_prompt")
MESSAGES = ("messages", "conversation", "conversations", "chat")
REVIEW = ("review", "text", "sentence", "input")
ANSWER = ("label", "sentiment", "gold", "true_label", "target", "answer")
PLACE = re.compile(r"\{(?:|0|text|review|sentence|input)\}|<(?:text|review|sentence|input)>|\{\{\s*\w+\s*\}\}")
"""Where a template takes the review."""
_TRAIN = re.compile(r"(?:^|[^a-z])(?:train|sft|tune|tuning|finetune)", re.IGNORECASE)


def looks_like_prompts(columns: Sequence[str]) -> bool:
    """Tell whether a file with these columns holds prompts."""
    return guess(columns, PROMPT) is not None or guess(columns, MESSAGES) is not None


def role_of(name: str) -> Literal["train", "inference"]:
    """Tell by a file's name what its prompts are for: `train`, `sft` or `tune` in it means training."""
    return "train" if _TRAIN.search(name) else "inference"


def read_template(path: Path) -> PromptSet | None:
    """Read a text file that holds a template; None where nothing in it stands for the review."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if len(PLACE.findall(text)) != 1:
        return None
    return PromptSet(path.name, role_of(path.name), (), template=PLACE.sub("{}", text))


def read_prompts(path: Path) -> PromptSet:
    """Read prompts, with the reviews and the true labels where the file has them.

    Raises:
        BadData: the file has no column of prompts, or no rows.
    """
    rows = open_rows(path)
    key = guess(rows.columns, PROMPT) or guess(rows.columns, MESSAGES)
    if key is None:
        raise BadData(f"{path.name} has no column prompt or messages. It has: {', '.join(rows.columns[:20])}.")
    review, answer = guess(rows.columns, REVIEW), guess(rows.columns, ANSWER)
    wanted = [key, *(c for c in (review, answer) if c)]
    cells = [found for _, found in rows.select(wanted)]
    if not cells:
        raise BadData(f"{path.name} holds no prompts.")
    columns = dict(zip(wanted, zip(*cells, strict=True), strict=True))
    texts = tuple(str(c) for c in columns[review]) if review else None
    answers = tuple(label_text(c) for c in columns[answer]) if answer else None
    return PromptSet(path.name, role_of(path.name), tuple(_flat(c) for c in columns[key]), texts, answers)


def _flat(cell: object) -> str:
    """Return a chat as one text, a line per turn; a prompt as it is."""
    if isinstance(cell, list):
        turns = [turn if isinstance(turn, dict) else {"content": turn} for turn in cell]
        return "\n".join(f"<{t.get('role', t.get('from', ''))}> {t.get('content', t.get('value', ''))}" for t in turns)
    return str(cell)


__all__ = ["PLACE", "looks_like_prompts", "read_prompts", "read_template", "role_of"]
