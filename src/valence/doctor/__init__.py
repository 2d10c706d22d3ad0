"""The doctor: known ways to a wrong number, each a check of its own, looked for in runs, plans and anybody's outputs.

    valence doctor                                   # every run of the store, their comparison, the installation
    valence doctor predictions.csv trainer_state.json --data imdb

A file in `checks/` is a check. `examine` carries them out on subjects; `subjects` makes those from the words of a command
line, and `ask` from any function that predicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from valence.doctor.check import Check, Finding
from valence.doctor.examination import CHECKS, Examined, Report, examine
from valence.doctor.intake import subjects
from valence.doctor.parts import Fitted
from valence.doctor.subject import Subject


def ask(predict: Callable[[Sequence[str]], ArrayLike], texts: Sequence[str], *, tolerance: float = 1e-4) -> Report:
    """Examine anybody's model through its function: whether it answers twice alike, and each text by itself.

    Args:
        predict: takes n texts, returns (n, k) probabilities or logits.
        texts: a dozen or more, short and long.
        tolerance: by how much answers may differ and still be the same.
    """

    def table(given: Sequence[str]) -> NDArray[np.float64]:
        return np.asarray(predict(given), dtype=np.float64)

    fitted = Fitted(table, tuple(texts), tolerance=tolerance)
    return examine([Subject("model", "outputs", {Fitted: lambda: fitted})])


__all__ = ["CHECKS", "Check", "Examined", "Finding", "Report", "Subject", "ask", "examine", "subjects"]
