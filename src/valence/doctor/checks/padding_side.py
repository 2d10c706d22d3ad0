"""Padding where a decoder reads its answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error, warning
from valence.doctor.parts import SavedModel
from valence.doctor.subject import Subject

DECODERS = ("llama", "qwen", "mistral", "gemma", "gpt", "phi", "opt", "bloom", "falcon", "smollm", "olmo", "granite", "stablelm")


class PaddingSide(Check):
    """Right padding before generation, or no padding token at all."""

    sentence: ClassVar[str] = "A decoder is padded behind the text or has no padding token, so that batches are answered at PAD."
    seed: ClassVar[str] = "instruction tuning: padding side unset, so batches broke and reviews were run one at a time"
    needs: ClassVar[tuple[type, ...]] = (SavedModel,)

    def applies(self, subject: Subject) -> str:
        """Concerns decoders."""
        kind = _kind(subject.part(SavedModel))
        if not any(kind.startswith(name) for name in DECODERS):
            return f"{kind or 'the model'} is no decoder: the side of its padding does not matter"
        return ""

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Read the configurations."""
        saved = subject.part(SavedModel)
        head = str((saved.config.get("architectures") or [""])[0])
        if head.endswith("ForSequenceClassification") and saved.config.get("pad_token_id") is None:
            message = "config.json names no pad_token_id: in a batch the classifier reads the last position, which is padding."
            yield error(message, "Set model.config.pad_token_id to the tokenizer's before training, and save it.", architecture=head)
        side = str(saved.tokenizer.get("padding_side") or "unset")
        if head.endswith("ForCausalLM") and saved.tokenizer and side != "left":
            message = f"The tokenizer's padding side is {side}: in a batch shorter prompts are continued behind their padding."
            yield warning(message, 'Set tokenizer.padding_side = "left", or send one prompt at a time.', padding_side=side)


def _kind(saved: SavedModel) -> str:
    return str(saved.config.get("model_type") or saved.adapter.get("base_model_name_or_path") or "").rpartition("/")[2].lower()
