"""SST-2 with whole sentences only, also to train on (Socher et al., 2013, ACL D13-1170)."""

from typing import ClassVar

from valence.data._hub import Hub
from valence.data._stored import Stored


class Sst2Sentence(Stored):
    """6,920 / 872 / 1,821 sentences with two labels; the test sentences are those of `sst2`, with their labels."""

    source: ClassVar[str] = "Socher et al., 2013, ACL D13-1170"
    topic: ClassVar[str] = "movie reviews: single sentences"
    hub: ClassVar[Hub] = Hub("SetFit/sst2")
