"""A language model asked in words, zero-shot or with examples; nothing is trained (Brown et al., 2020, arXiv:2005.14165)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from valence.llm.prompting import Prompting
from valence.types import Classifier, Method, Split, Task

TINY = {"backend": "transformers", "model": "random", "max_review_tokens": 64, "batch_tokens": 2048, "shots": 2, "cache": False}


class Prompted(Prompting, Method):
    """Ask a language model for the label, in one of three ways."""

    paper: ClassVar[str] = "Brown et al., 2020, arXiv:2005.14165; Zhao et al., 2021, arXiv:2102.09690"
    learns: ClassVar[bool] = False

    @property
    def backbone(self) -> str:
        """The model asked."""
        return Path(self.model).stem if self.model.endswith(".gguf") else self.model.rstrip("/\\").replace("\\", "/").rpartition("/")[2]

    def fit(self, train: Split, valid: Split, task: Task) -> Classifier:
        """Open the model and pick the examples from `train`; `valid` is not looked at."""
        from valence.llm.making import make

        return make(self, train, task)

    def load(self, folder: Path, task: Task) -> Classifier:
        """Open the model again, with the examples that were picked."""
        from valence.llm.making import remake

        return remake(self, folder, task)
