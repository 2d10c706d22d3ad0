"""A Modelfile: what Ollama needs to know of a folder of merged safetensors beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from valence.errors import BadSetting

ROOM = 256
"""Tokens of the context beside a review's: the prompt's and the answer's."""


def write_modelfile(prompt: Mapping[str, Any], name: str, folder: Path) -> None:
    """Write `Modelfile` for `ollama create NAME -f Modelfile`, then `ollama run NAME "a review"`.

    Ollama reads the safetensors of Llama, Mistral, Gemma, Phi-3 and Qwen2 by itself (`FROM .`), quantised if asked (`--quantize q4_K_M`).
    The template puts what the user writes, the review, where it stood in training; the beginning of a text is llama.cpp's to add.

    Args:
        prompt: what `prompt.json` holds.
        name: what the model is to be called.
        folder: where the safetensors lie.

    Raises:
        BadSetting: the prompt holds what would end the template or be read as one.
    """
    template = f"{prompt['before']}{{{{ .Prompt }}}}{prompt['after']}"
    if '"""' in template or template.count("{{") != 1:
        raise BadSetting('The prompt holds """ or {{, which a Modelfile cannot quote. Change the template, and train again.')
    lines = [
        f"# ollama create {name.lower()} -f Modelfile",
        f'# ollama run {name.lower()} "A wonderful film."',
        f"# {prompt['run']}; answers: {', '.join(prompt['words'])}",
        "FROM .",
        f'TEMPLATE """{template}"""',
        "PARAMETER temperature 0",
        "PARAMETER num_predict 8",
        f"PARAMETER num_ctx {prompt['max_review_tokens'] + ROOM}",
        f'PARAMETER stop "{prompt["end"]}"',
    ]
    (folder / "Modelfile").write_text("\n".join(lines) + "\n", encoding="utf-8")


__all__ = ["write_modelfile"]
