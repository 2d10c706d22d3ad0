"""TweetEval, sentiment: tweets of SemEval-2017 task 4A with three labels (Barbieri et al., 2020, arXiv:2010.12421)."""

from typing import ClassVar

from valence.data._hub import Hub
from valence.data._stored import Stored


class TweetEval(Stored):
    """45,615 / 2,000 / 12,284 tweets; user names are masked as @user."""

    source: ClassVar[str] = "Rosenthal et al., 2017, ACL S17-2088; Barbieri et al., 2020, arXiv:2010.12421"
    topic: ClassVar[str] = "tweets, three labels (needs the hub)"
    label_names: ClassVar[tuple[str, ...]] = ("negative", "neutral", "positive")
    hub: ClassVar[Hub] = Hub("cardiffnlp/tweet_eval", "sentiment")
