"""Vectors of whole texts: the mean of an encoder's token states, scaled to length one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from valence.errors import BadSetting
from valence.llm.places import find_weights

LONGEST = 256
"""Tokens of a text that are read, as all-MiniLM-L6-v2 was trained to."""
ROWS = 64


class SentenceEncoder:
    """An encoder of transformers, read by its mean state (Reimers & Gurevych, 2019, arXiv:1908.10084)."""

    def __init__(self, name: str, device: str) -> None:
        """Load a folder, a name under $VALENCE_MODELS, or a hub's name."""
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        from valence.training.device import resolve_device

        disable_progress_bar()  # type: ignore[no-untyped-call]
        folder = find_weights(name)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder or name)
            self._model = AutoModel.from_pretrained(folder or name).to(resolve_device(device)).eval()
        except (OSError, ValueError) as error:
            raise BadSetting(f"No encoder {name!r}: {str(error).strip().splitlines()[0]}") from None

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, width) unit vectors."""
        import torch

        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found = np.zeros((len(texts), int(self._model.config.hidden_size)), np.float32)
        for start in range(0, len(order), ROWS):
            rows = order[start : start + ROWS]
            batch = self._tokenizer([texts[i] for i in rows], padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
            batch = batch.to(self._model.device)
            with torch.inference_mode():
                states = self._model(**batch).last_hidden_state
                mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
                mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
            found[rows] = torch.nn.functional.normalize(mean, dim=-1).float().cpu().numpy()
        return found
