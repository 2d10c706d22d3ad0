"""A tuned language model as a folder: the updates merged, for plain transformers; with a Modelfile beside, for Ollama."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from valence.errors import BadSetting, FailedRun
from valence.experiment import Experiment
from valence.export.exporting import Exported, whole
from valence.export.ollama import write_modelfile
from valence.llm.asked import name_label
from valence.store import RunRecord, RunStore
from valence.types import Task

if TYPE_CHECKING:
    from valence.llm.tuning.classifier import TunedClassifier

PROMPT = "prompt.json"
FRAMES = (
    "The {} is {}.",
    "I found the {} {} from start to end.",
    "Such a {0}: {1}!",
    "Nobody told me that the {} would be {}.",
    "My sister called the {} {}, and she was right.",
)
TOPICS = ("plot", "cast", "score", "ending")
WORDS = ("wonderful", "dreadful", "charming", "tedious", "superb", "lifeless", "moving", "clumsy", "not bad at all", "anything but funny")
SENTENCES = tuple(frame.format(topic, word) for frame in FRAMES for topic in TOPICS for word in WORDS)
"""200 of our own: read by the run and by the export, to be compared."""
APART = 0.02
"""Share of the 200 whose answers may differ: weights and updates are rounded together, texts cut into tokens as a whole."""
SURE = 0.6
"""Only answers of at least this probability count: one that hangs in the balance falls by rounding alone."""


def open_tuned(run_id: str, store: RunStore) -> tuple[TunedClassifier, RunRecord] | None:
    """Return a tuned language model's run on the CPU with whole weights, also one that was trained over four bits; None for another method.

    Raises:
        BadData: its folder is damaged, or the weights are others by now.
    """
    record = store.find(store.resolve(run_id))
    folder = store.path(store.resolve(run_id)) / "model"
    if record is None or record.method not in {"qlora", "llm_head"} or not folder.is_dir():
        return None
    method: Any = Experiment.model_validate(record.experiment).method
    sixteen = method.model_copy(update={"bits": 16})
    return sixteen.load(folder, Task(record.labels, record.seed, device="cpu")), record


def export_language_model(classifier: Any, record: RunRecord, to: str, out: Path) -> Exported:  # noqa: ANN401
    """Write `out` and say how its answers compare on 200 sentences.

    The classifier's updates are merged in place: it is of no use afterwards.

    Raises:
        BadSetting: it cannot be expressed there, or `out` exists.
        FailedRun: more than one answer in fifty differs where the run was sure; nothing is left behind.
    """
    if to == "onnx":
        raise BadSetting(f"{record.id} is a language model; they are not exported to ONNX. Try --to hf or --to ollama.")
    if record.method != "qlora":
        raise BadSetting(f"{record.id} has a head of its own that chat programs know nothing of. Export a run of qlora.")
    words, labels = classifier.reader.asked.words, list(record.labels)
    classifier.generate = True
    ours = classifier.predict(SENTENCES)
    own = np.array([named(said, words, labels) for said in ours.responses])
    sure = ours.probabilities.max(1) > SURE
    with whole(out) as beside:
        notes = _write(classifier, record, beside)
        if to == "ollama":
            write_modelfile(json.loads((beside / PROMPT).read_text(encoding="utf-8")), out.name, beside)
        theirs = answers(beside, SENTENCES)
        other = own != np.array(theirs)
        if (other & sure).sum() > APART * len(SENTENCES):
            raise FailedRun(f"{record.id} as {to}: {other.sum()} of {len(SENTENCES)} answers differ from the run's. Nothing was written.")
    return Exported(out, len(SENTENCES), float("nan"), int(other.sum()), 16, notes)


def _write(classifier: TunedClassifier, record: RunRecord, folder: Path) -> list[str]:
    import torch

    from valence.training.trainer import quiet_transformers

    model: Any = classifier.network.model
    merge(model)
    model.set_attn_implementation("sdpa")
    tokenizer, reader = classifier.weights.tokenizer(), classifier.reader
    slot, chat = reader._slot(reader.prompt, reader.asked)
    begins = list(reader.opening[:1]) == tokenizer("").input_ids[:1] != []
    own = tokenizer.bos_token or ""
    said = {
        "run": record.id,
        "labels": record.labels,
        "words": reader.asked.words,
        "before": slot.before.removeprefix(own) if chat and begins and own else slot.before,
        "after": slot.after,
        "begins": bool(begins),
        "end": tokenizer.decode([reader.end]),
        "max_review_tokens": reader.asked.max_review_tokens,
        "cut": reader.asked.cut,
    }
    (folder / PROMPT).write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    with quiet_transformers():
        model.generation_config.do_sample, model.generation_config.temperature, model.generation_config.top_p = False, None, None
        # bfloat16 has three bits less: rounded to it with the weights, small updates are all but lost
        small = all(p.abs().max() < torch.finfo(torch.float16).max for p in model.parameters())
        model.to(torch.float16 if small else torch.float32).save_pretrained(folder)
        model.config.dtype = torch.float32  # some architectures' states, unlike their weights, exceed what float16 holds
        model.config.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return [
        f"The prompt is in {PROMPT}: before, the review, after; the answer is one of {', '.join(reader.asked.words)}. "
        f"The run reads at most {reader.asked.max_review_tokens} tokens of a review ({reader.asked.cut}); cut longer ones yourself."
    ]


def merge(model: Any) -> None:  # noqa: ANN401
    """Add each update to the matrix beside it, in place, and leave plain layers behind."""
    from peft.tuners.lora import LoraLayer

    for name, layer in [(n, m) for n, m in model.named_modules() if isinstance(m, LoraLayer)]:
        layer.merge(safe_merge=True)
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, layer.get_base_layer())
    for parameter in model.parameters():
        parameter.requires_grad_(False)


def named(answer: str, words: Sequence[str], labels: Sequence[str]) -> int:
    """Return which label an answer begins with, by its word or its name; -1 for none."""
    found = name_label(answer.strip(), words, labels)[0]
    return -1 if found is None else found


def answers(folder: Path, texts: Sequence[str]) -> list[int]:
    """Return which label word plain transformers' greedy answer begins with, -1 for none; the prompt is `prompt.json`'s."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    from valence.training.trainer import quiet_transformers

    said = json.loads((folder / PROMPT).read_text(encoding="utf-8"))
    with quiet_transformers():
        # as it was written, but computed in float32: a CPU is slow in 16 bits
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model.eval()
    room = 1 + max(len(tokenizer(f" {word}", add_special_tokens=False).input_ids) for word in said["words"])
    end = tokenizer.encode(said["end"], add_special_tokens=False)[0]
    plan: Any = GenerationConfig(max_new_tokens=room, do_sample=False, eos_token_id=end, pad_token_id=end)  # type: ignore[no-untyped-call]
    found: list[int] = []
    for text in texts:
        ids = tokenizer(said["before"] + text + said["after"], add_special_tokens=said["begins"], return_tensors="pt").input_ids
        with torch.inference_mode():
            row = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=plan)[0, ids.shape[1] :]
        found.append(named(tokenizer.decode(row, skip_special_tokens=True), said["words"], said["labels"]))
    return found


__all__ = ["PROMPT", "SENTENCES", "answers", "export_language_model", "merge", "open_tuned"]
