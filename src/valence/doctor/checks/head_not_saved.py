"""A classifier folder without its classifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from valence.doctor.check import Check, Finding, error
from valence.doctor.parts import SavedModel
from valence.doctor.subject import Subject

HEADS = frozenset({"classifier", "score", "head", "logits_proj", "classification_head"})
"""What the architectures of transformers call the layer that gives the logits."""


def head_tensors(saved: SavedModel) -> list[str]:
    """Return the names of the head's tensors."""
    return [name for name in saved.tensors if HEADS & set(name.split("."))]


def is_classifier(saved: SavedModel) -> bool:
    """Tell whether the folder should hold a sequence classifier."""
    kinds = saved.config.get("architectures") or [""]
    return str(saved.adapter.get("task_type")) == "SEQ_CLS" or str(kinds[0]).endswith("ForSequenceClassification")


def why_not(saved: SavedModel) -> str:
    """Say why a folder has no head to look at; empty when it should have one."""
    if is_classifier(saved):
        return ""
    kind = (saved.config.get("architectures") or [saved.adapter.get("task_type") or "a model of no stated kind"])[0]
    return f"{saved.folder.name} holds {kind}, no sequence classifier"


class HeadNotSaved(Check):
    """Loading draws a new head at random."""

    sentence: ClassVar[str] = "The saved folder lacks the classifier's head, or the random pooler under it: loading draws them anew."
    seed: ClassVar[str] = "deberta_lora and deberta_prompt: random pooler, frozen and not saved"
    needs: ClassVar[tuple[type, ...]] = (SavedModel,)

    def applies(self, subject: Subject) -> str:
        """Concerns classifiers."""
        return why_not(subject.part(SavedModel))

    def examine(self, subject: Subject) -> Iterator[Finding]:
        """Look for the tensors by name."""
        saved = subject.part(SavedModel)
        what = "adapter" if saved.adapter else "model"
        facts: dict[str, int | str] = {"tensors": len(saved.tensors), "modules_to_save": str(saved.adapter.get("modules_to_save"))}
        if not head_tensors(saved):
            message = f"None of the {len(saved.tensors)} tensors of the {what} is a classifier's head."
            remedy = 'Save it with the rest: modules_to_save = ["classifier"] in PEFT, save_pretrained of the whole model in transformers.'
            yield error(message, remedy, **facts)
        base = str(saved.adapter.get("base_model_name_or_path") or "").lower()
        if "deberta" in base and not any("pooler" in name.split(".") for name in saved.tensors):
            message = "The adapter holds no pooler, and DeBERTa's pretrained weights have none: loading draws another at random."
            yield error(message, 'Train and save it: modules_to_save = ["classifier", "pooler"].', **facts)
