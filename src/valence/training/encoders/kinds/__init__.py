"""The architectures, one file each; a file's name is transformers' `model_type`, `-` written `_`."""

from __future__ import annotations

from valence.catalog import Catalog
from valence.training.encoders.kind import Kind

KINDS = Catalog(__name__, Kind, "architecture")  # type: ignore[type-abstract]

__all__ = ["KINDS"]
