"""One file per data set; the file's name is the data set's name everywhere."""

from valence.catalog import Catalog
from valence.types import DataSet

DATASETS: Catalog[DataSet] = Catalog("valence.data", DataSet, "data set")  # type: ignore[type-abstract]
