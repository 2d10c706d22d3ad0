"""Where pretrained weights are found, what they are, and how a classifier is built over them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valence.errors import BadData, BadSetting, DataNotFound
from valence.text.subwords import Subwords
from valence.training.encoders.kind import Kind
from valence.training.encoders.kinds import KINDS
from valence.training.trainer import quiet_transformers

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Backbone:
    """A pretrained encoder that was found, or is to be fetched from the hub."""

    name: str
    """As the user wrote it."""
    place: str
    """A folder, or the name on the hub."""

    @classmethod
    def find(cls, name: str) -> Backbone:
        """Look for a folder of that path, then under $VALENCE_MODELS, whole or by its last part; else it is the hub's."""
        places = [Path(name).expanduser(), *(root / part for root in _roots() for part in (name, name.rpartition("/")[2]))]
        found = next((p for p in places if (p / "config.json").is_file()), None)
        return cls(name, str(found or name))

    @classmethod
    def recorded(cls, path: Path) -> Backbone:
        """Find the backbone whose name and digest a model folder holds.

        Raises:
            BadData: other weights are found under that name.
        """
        said = json.loads(path.read_text(encoding="utf-8"))
        origin = cls.find(said["name"])
        if origin.digest() != said["digest"]:
            found = f"digest {origin.digest()}, not {said['digest']}"
            raise BadData(f"{path.parent} was learned over other weights of {said['name']!r} than those in {origin.place} ({found}).")
        return origin

    def record(self, path: Path) -> None:
        """Write the name and the digest that `recorded` reads."""
        path.write_text(json.dumps({"name": self.name, "digest": self.digest()}, indent=2), encoding="utf-8")

    def config(self) -> Any:  # noqa: ANN401 - transformers' classes are untyped
        """Return transformers' configuration.

        Raises:
            DataNotFound: it is nowhere; the message names all places.
            BadSetting: an architecture that we cannot read.
        """
        from transformers import AutoConfig

        config = self._asked(AutoConfig.from_pretrained)
        if config.model_type.replace("-", "_") not in KINDS.names:
            known = ", ".join(n.replace("_", "-") for n in KINDS.names)
            raise BadSetting(f"backbone {self.name!r} is of the architecture {config.model_type!r}; encoders can be: {known}.")
        return config

    def model(self, labels: Sequence[str], *, unsloth: bool = False) -> Any:  # noqa: ANN401
        """Return transformers' sequence classifier with the pretrained weights and a new head for `labels`.

        Args:
            labels: the labels' names.
            unsloth: let unsloth load it, with its own modules.
        """
        from transformers import AutoModelForSequenceClassification

        config = named(self.config(), labels)
        if unsloth:
            from valence.training.unsloth import load_by_unsloth

            model = load_by_unsloth(AutoModelForSequenceClassification, self.place, num_labels=len(labels))
            named(model.config, labels)
            return model
        with quiet_transformers():
            # float32 whatever the file holds: bfloat16 copies are made while training, of weights that stay exact
            settings = {
                "config": config,
                "attn_implementation": kind_of(config).implementation,
                "dtype": "float32",
                "use_safetensors": True,
            }
            return self._asked(AutoModelForSequenceClassification.from_pretrained, **settings)

    def subwords(self) -> Subwords:
        """Return the fast tokenizer."""
        from transformers import AutoTokenizer

        with quiet_transformers():
            found = self._asked(AutoTokenizer.from_pretrained, use_fast=True)
        return Subwords(found.backend_tokenizer, {**found.special_tokens_map, "model_input_names": found.model_input_names})

    def digest(self) -> str:
        """Return 16 hex digits of the weights' file; of the name where the hub's cache holds them."""
        path = Path(self.place) / WEIGHTS
        if not path.is_file():
            return hashlib.blake2b(self.name.encode(), digest_size=8).hexdigest()
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()

    def _asked(self, read: Any, **settings: Any) -> Any:  # noqa: ANN401
        try:
            return read(self.place, trust_remote_code=False, **settings)
        except (OSError, ValueError) as error:
            roots = ", ".join(str(root) for root in _roots())
            reason = str(error).strip().splitlines()[0]
            raise DataNotFound(
                f"No usable backbone {self.name!r}: not a folder with config.json and {WEIGHTS}, not under {roots} "
                f"(set $VALENCE_MODELS), not on the hub or in its cache ({reason})."
            ) from error


def kind_of(config: Any) -> type[Kind]:  # noqa: ANN401
    """Return the architecture of a configuration of transformers."""
    return KINDS.find(config.model_type.replace("-", "_"))


def named(config: Any, labels: Sequence[str]) -> Any:  # noqa: ANN401
    """Write the labels' names into a configuration of transformers and return it."""
    config.num_labels = len(labels)
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: i for i, label in enumerate(labels)}
    config.problem_type = "single_label_classification"
    return config


def _roots() -> list[Path]:
    asked = os.environ.get("VALENCE_MODELS")
    return [*([Path(asked).expanduser()] if asked else []), Path.home() / ".cache" / "valence-models"]


__all__ = ["WEIGHTS", "Backbone", "kind_of", "named"]
