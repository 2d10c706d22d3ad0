"""Amazon polarity: reviews of goods with 1-2 or 4-5 stars (Zhang, Zhao and LeCun, 2015, arXiv:1509.01626)."""

from typing import ClassVar

from valence.data._hub import Hub
from valence.data._stored import Stored


class AmazonPolarity(Stored):
    """3,600,000 / 400,000 reviews: the title, a line break, the body. All of it takes several GB of memory."""

    source: ClassVar[str] = "McAuley and Leskovec, 2013, doi:10.1145/2507157.2507163; Zhang, Zhao and LeCun, 2015, arXiv:1509.01626"
    topic: ClassVar[str] = "reviews of goods, 4 million (needs the hub)"
    hub: ClassVar[Hub] = Hub("fancyzhx/amazon_polarity", text=("title", "content"))
