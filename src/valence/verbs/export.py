"""`valence export RUN --to hf|onnx|ollama [--int8]`: a finished run as a folder for other programs and for fast prediction."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from valence.errors import BadSetting
from valence.store import RunStore
from valence.verbs._flags import parse


@dataclass
class Options:
    """Write a finished run as a folder: an encoder for transformers (hf) or ONNX Runtime, a tuned language model for hf or Ollama."""

    run: Annotated[str, tyro.conf.Positional]
    """A run's id, the beginning of it, or its folder."""
    to: Literal["hf", "onnx", "ollama"] = "onnx"
    """hf: transformers loads it, adapters merged. onnx: ONNX Runtime and `valence predict FOLDER` read it, without torch. ollama:
    merged safetensors with a Modelfile."""
    int8: bool = False
    """With onnx: eight-bit weights and activations, about twice as fast on a CPU and a third smaller or more."""
    portable: bool = False
    """With --int8: seven-bit weights, which every processor adds up exactly; so it is anyway where this one does not."""
    out: str | None = None
    """Folder to write; RUN-onnx, RUN-int8, RUN-hf or RUN-ollama here when not given."""
    json: bool = False
    """Print JSON: the folder, its size, and how its answers compare with the run's."""
    store: str = "runs"
    """Folder of the runs."""


def main(words: Sequence[str]) -> int:
    """Export and say how the answers compare."""
    options = parse(Options, words, "export")
    if (options.int8 or options.portable) and options.to != "onnx":
        raise BadSetting("--int8 and --portable go with --to onnx.")
    if options.portable and not options.int8:
        raise BadSetting("--portable goes with --int8.")
    from valence.export.exporting import export
    from valence.export.language_model import open_tuned
    from valence.runner import load

    store = RunStore(options.store)
    classifier, record = open_tuned(options.run, store) or load(options.run, store, device="cpu")
    out = Path(options.out or f"{record.id}-{'int8' if options.int8 else options.to}")
    found = export(classifier, record, options.to, out, int8=options.int8, portable=options.portable)
    if options.json:
        told = {"folder": str(found.folder), "bytes": found.size, "bits": found.bits, "compared": found.texts}
        largest = None if math.isnan(found.largest) else found.largest
        print(json.dumps({**told, "largest_difference": largest, "flips": found.flips, "notes": found.notes}, indent=2))
        return 0
    moved = {0: "no label differs", 1: "1 label differs"}.get(found.flips, f"{found.flips} labels differ")
    by = "" if math.isnan(found.largest) else f"a probability differs by {found.largest:.1g} at most, "
    answers = f"on {found.texts} texts {by}{moved}"
    print(f"{found.folder}: {found.size / 1e6:,.1f} MB; {answers}.")
    for note in found.notes:
        print(f"valence: note: {note}", file=sys.stderr)
    print(f"Try: {_next(out, options.to, record.method)}")
    return 0


def _next(out: Path, to: str, method: str) -> str:
    if to == "ollama":
        return f"ollama create {out.name.lower()} -f {out / 'Modelfile'}"
    if method == "qlora":
        return f'transformers\' AutoModelForCausalLM.from_pretrained("{out}"), with the prompt of {out / "prompt.json"}'
    if to == "onnx":
        return f'valence predict {out} "A wonderful film."'
    return f"python -c \"from transformers import pipeline; print(pipeline('text-classification', {str(out)!r})('A wonderful film.'))\""
