"""A saved sequence classifier, loaded and asked as a script would ask it: with its own tokenizer and its own padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from valence.doctor.parts import Fitted, Gold, LengthPolicy, SavedModel
from valence.doctor.reading.lengths import MOST_TEXTS, TOKENS_PER_WORD
from valence.doctor.reading.runs import choose
from valence.doctor.subject import Absent
from valence.text.vocabulary import split_words

TEXTS = (
    "A joy.",
    "Dull from the first scene to the last.",
    "The cast is charming and the score stays with you long after the lights go on.",
    "I wanted to like it, and the opening promised much, but the plot falls apart once the letter is found.",
    "Few films this year were so sure of what they wanted to say, and none said it with so little fuss or so much warmth.",
    "Clumsy, loud and far too long; even the camera seems to look for the way out, and I cannot blame it in the least.",
)
"""Asked where no data set was named."""
LONGEST = 256
"""Tokens of a text that are read here: what is looked for shows in short texts."""
LIMITS = ("max_length", "max_seq_length", "max_seq_len")


def ask_saved_model(saved: SavedModel, gold: Gold | None) -> Fitted:
    """Load the model.

    Raises:
        Absent: it is no sequence classifier, or torch and transformers are not installed.
    """
    kind = next(iter(saved.config.get("architectures") or ()), "")
    if not kind.endswith("ForSequenceClassification"):
        raise Absent(f"{saved.folder.name} holds {kind or 'an adapter'}, no whole sequence classifier that could be asked")
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise Absent("torch and transformers are not installed")
    if not any((saved.folder / name).exists() for name in ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model")):
        raise Absent(f"{saved.folder.name} holds no tokenizer")
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer = AutoTokenizer.from_pretrained(saved.folder)
        model = AutoModelForSequenceClassification.from_pretrained(saved.folder).eval()
    finally:
        logging.enable_progress_bar()  # type: ignore[no-untyped-call]
    texts = TEXTS if gold is None else tuple(gold.split.texts[i] for i in choose(gold.split.texts))
    return Fitted(partial(_ask, model, tokenizer), texts, tolerance=1e-3)


def _ask(model: Any, tokenizer: Any, texts: Sequence[str]) -> NDArray[np.float64]:  # noqa: ANN401
    import torch

    if tokenizer.pad_token is None and len(texts) > 1:
        raise Absent("the tokenizer has no padding token, so that texts cannot share a batch")
    # two positions are left free: the RoBERTa family counts its positions from behind the padding id
    longest = min(LONGEST, int(getattr(model.config, "max_position_embeddings", 0) or LONGEST) - 2)
    fed = tokenizer(list(texts), padding=len(texts) > 1, truncation=True, max_length=longest, return_tensors="pt")
    with torch.inference_mode():
        found: NDArray[np.float64] = model(**fed).logits.double().softmax(-1).numpy()
    return found


def saved_length_policy(arguments: Mapping[str, Any], saved: SavedModel | None, gold: Gold) -> LengthPolicy:
    """Return how much of the texts a user's script reads: the limit from its arguments, else from the saved tokenizer's truncation.

    Raises:
        Absent: neither names a limit.
    """
    limit = next((int(arguments[name]) for name in LIMITS if arguments.get(name)), None)
    tokenizer = None
    if saved is not None and (saved.folder / "tokenizer.json").exists() and find_spec("tokenizers") is not None:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(saved.folder / "tokenizer.json"))
        limit = limit or (tokenizer.truncation or {}).get("max_length")
    if limit is None:
        raise Absent("no length limit was given: max_length among the training arguments, or a tokenizer with truncation")
    texts = list(gold.split.texts[:: max(1, len(gold.split) // MOST_TEXTS)])
    if tokenizer is None:
        words = split_words(texts).list.len().to_numpy()
        return LengthPolicy(limit, "tokens", "head", np.rint(words * TOKENS_PER_WORD).astype(np.int64), estimated=True)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    lengths = np.array([len(e.ids) for e in tokenizer.encode_batch(texts)], dtype=np.int64)
    return LengthPolicy(limit, "tokens", "head", lengths)


__all__ = ["ask_saved_model", "saved_length_policy"]
