"""What finished runs give together, and how far to trust a run's confidence: both read texts that no run was fitted on.

    valence combine RUN RUN --how stacking          combining.py: a run made of runs
    valence calibrate RUN                           calibrating.py: temperature, conformal sets, selective prediction

`sources.py` finds the texts and the answers to them, and refuses where a figure would be a leak.
"""

from valence.combine.calibrating import Calibration, calibrate
from valence.combine.combining import Made, combine

__all__ = ["Calibration", "Made", "calibrate", "combine"]
