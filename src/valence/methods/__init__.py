"""One file per idea; the file's name is the method's name everywhere."""

from valence.catalog import Catalog
from valence.types import Method

METHODS: Catalog[Method] = Catalog("valence.methods", Method, "method")  # type: ignore[type-abstract]
