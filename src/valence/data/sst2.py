"""SST-2 as in GLUE: phrases of movie reviews to train on, whole sentences to score (Socher et al., 2013, ACL D13-1170)."""

from typing import ClassVar

from valence.data._hub import Hub
from valence.data._stored import Stored


class Sst2(Stored):
    """67,349 phrases, 872 dev and 1,821 test sentences; the hub's copy withholds the labels of the test sentences.

    The phrases of `train` are parts of one another: a split cut out of it at random leaks. Five of them carry both labels.
    """

    source: ClassVar[str] = "Socher et al., 2013, ACL D13-1170; Wang et al., 2019 (GLUE), arXiv:1804.07461"
    topic: ClassVar[str] = "movie reviews: phrases to train on, sentences to score"
    hub: ClassVar[Hub] = Hub("nyu-mll/glue", "sst2", text=("sentence",))
