"""Yelp polarity: reviews of businesses with 1-2 or 3-4 stars (Zhang, Zhao and LeCun, 2015, arXiv:1509.01626)."""

from typing import ClassVar

from valence.data._hub import Hub
from valence.data._stored import Stored


class YelpPolarity(Stored):
    """560,000 / 38,000 reviews, the texts as the hub has them."""

    source: ClassVar[str] = "Zhang, Zhao and LeCun, 2015, arXiv:1509.01626"
    topic: ClassVar[str] = "reviews of restaurants and shops (needs the hub)"
    hub: ClassVar[Hub] = Hub("fancyzhx/yelp_polarity")
