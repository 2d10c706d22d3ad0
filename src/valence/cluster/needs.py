"""What a run needs of a cluster's machine, told from the method's own files."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from dataclasses import dataclass

from valence.errors import BadSetting
from valence.experiment import Experiment
from valence.types import Method

COMPUTES_WITH_TORCH = re.compile(r"^\s*(?:from|import) (?:torch|peft|valence\.training|valence\.llm)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Needs:
    """Resources that Ray sets aside for one run, and the device the run is told to use."""

    cpus: float
    """Cores; also the number of threads, as Ray sets OMP_NUM_THREADS to it."""
    gpus: float
    """Accelerators; a fraction lets several runs share one."""
    device: str = "auto"
    """As in `runner.run`."""


@functools.cache
def uses_torch(method: type[Method]) -> bool:
    """Tell whether a method can use an accelerator: its file, or one of those it builds on, imports torch or our rooms above it."""
    modules = {base.__module__ for base in method.__mro__ if base.__module__.startswith("valence.") and base is not Method}
    return any(COMPUTES_WITH_TORCH.search(inspect.getsource(sys.modules[name])) for name in modules - {Method.__module__})


def needs(experiment: Experiment, *, cpus: float, gpus: float | None, device: str, cluster_gpus: float) -> Needs:
    """Return what one run gets.

    Args:
        experiment: the run.
        cpus: cores of each run.
        gpus: accelerators of each run that can use one; when not given, one where the cluster has any.
        device: `auto`, `cpu`, `cuda` or `mps`.
        cluster_gpus: how many the cluster has.

    Raises:
        BadSetting: a number below zero, or a device by its number: Ray hands them out.
    """
    if cpus <= 0 or (gpus is not None and gpus < 0):
        raise BadSetting(
            f"A run cannot have {cpus:g} cores and {gpus or 0:g} accelerators. Give cores above 0 and accelerators of 0 or more."
        )
    if ":" in device:
        raise BadSetting(f"--device {device} names one accelerator, but Ray hands them out. Give: --device {device.split(':')[0]}")
    if device == "cpu" or not uses_torch(type(experiment.method)):
        return Needs(cpus, 0.0, "cpu" if cluster_gpus else device)
    wanted = gpus if gpus is not None else float(device == "cuda" or cluster_gpus > 0)
    # a run without an accelerator of its own must not take another's
    return Needs(cpus, wanted, "cpu" if cluster_gpus and not wanted and device == "auto" else device)


__all__ = ["Needs", "needs", "uses_torch"]
