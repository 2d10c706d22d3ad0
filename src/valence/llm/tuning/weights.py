"""A causal language model's weights: where they lie, what they are, and how they are read in 16 or in 4 bits."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from valence.errors import BadData, BadSetting
from valence.llm import places
from valence.llm.local import RANDOM
from valence.llm.random_llama import byte_tokenizer, random_llama
from valence.llm.tuning.gguf import dequantised, quantisation
from valence.training.encoders.kinds import KINDS
from valence.training.trainer import quiet_transformers

Bits = Literal[4, 16]
FILE = "backbone.json"
TEXT_OF_BOTH = {r"^(model\.)?language_model\.(model\.)?": "model."}
"""Names of the weights of a language model inside one that also sees images, and their names without it."""


@dataclass(frozen=True)
class Weights:
    """Pretrained weights that were found, or are to be fetched from the hub."""

    name: str
    """As the user wrote it."""
    folder: Path | None
    """None for the hub's, and for the random model."""
    gguf: Path | None = None
    """The quantised file, where there is nothing else: it is dequantised once, when it is first read."""

    @classmethod
    def find(cls, name: str) -> Weights:
        """Look for a folder of that path, then under $VALENCE_MODELS, whole or by its last part; else it is the hub's.

        Raises:
            BadSetting: the folder is there and holds neither weights for transformers nor a .gguf.
        """
        if name == RANDOM:
            return cls(name, None)
        for word in (name, name.replace("\\", "/").rstrip("/").rpartition("/")[2]):
            try:
                folder = places.find_weights(word)
            except BadSetting:
                return cls(name, None, _gguf(word))
            if folder is not None:
                return cls(name, folder)
        return cls(name, None)

    @property
    def title(self) -> str:
        """The name, and how the weights were written where that is not as they are read."""
        return self.name if self.gguf is None else f"{self.name}, dequantised {quantisation(self.gguf)}"

    @classmethod
    def recorded(cls, folder: Path) -> Weights:
        """Find the weights whose name and digest a model folder holds.

        Raises:
            BadData: the folder says nothing, or other weights are found under that name.
        """
        try:
            said = json.loads((folder / FILE).read_text(encoding="utf-8"))
            found, digest = cls.find(str(said["name"])), str(said["digest"])
        except (OSError, ValueError, KeyError) as error:
            raise BadData(f"{folder / FILE} cannot be read: {error}.") from None
        if found.digest() != digest:
            raise BadData(
                f"{folder} was learned over other weights of {found.name!r} than those found now (digest {found.digest()}, not {digest})."
            )
        return found

    def record(self, folder: Path) -> None:
        """Write name, digest and form into a model folder."""
        said = {"name": self.name, "digest": self.digest(), "form": self.title}
        (folder / FILE).write_text(json.dumps(said, indent=2), encoding="utf-8")

    def digest(self) -> str:
        """Return 16 hex digits of weights, settings and tokenizer; of name and revision where the hub's cache holds them."""
        if self.gguf is not None:
            whole = places.digest(self.gguf)
        elif self.folder is not None:
            whole = places.digest(self.folder)
        else:
            whole = self.name if self.name == RANDOM else f"{self.name} {getattr(self.config(), '_commit_hash', '')}"
        return hashlib.blake2b(whole.encode(), digest_size=8).hexdigest()

    def config(self) -> Any:  # noqa: ANN401 - transformers' classes are untyped
        """Return transformers' configuration of the language model, without a vision tower's.

        Raises:
            BadSetting: it is nowhere, or no causal language model.
        """
        from transformers import AutoConfig
        from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as KNOWN

        whole = self.read(AutoConfig.from_pretrained)
        config = whole.get_text_config()
        if config.model_type.replace("-", "_") in KINDS.names or config.model_type not in KNOWN:
            raise BadSetting(f"backbone {self.name!r} is a {config.model_type!r}, no causal language model. For encoders: valence run lora")
        return config

    def tokenizer(self) -> Any:  # noqa: ANN401
        """Return the tokenizer."""
        if self.name == RANDOM:
            return byte_tokenizer()
        from transformers import AutoTokenizer

        with quiet_transformers():
            return self.read(AutoTokenizer.from_pretrained)

    def model(self, device: torch.device, kind: torch.dtype, bits: Bits) -> Any:  # noqa: ANN401
        """Return transformers' causal language model.

        Args:
            device: where it is to be; 4 bits are made there.
            kind: number format of the weights, or, of 4 bits, of the arithmetic.
            bits: of each frozen weight.
        """
        if self.name == RANDOM:
            return random_llama()[0].to(device, kind)
        from transformers import AutoModelForCausalLM, BitsAndBytesConfig

        settings: dict[str, Any] = {"config": self.config(), "dtype": kind, "attn_implementation": "sdpa", "key_mapping": TEXT_OF_BOTH}
        if bits == 4:
            quantised: Any = BitsAndBytesConfig
            plan = quantised(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=kind)
            settings |= {"quantization_config": plan, "device_map": {"": device}}
        with quiet_transformers():
            model = self.read(AutoModelForCausalLM.from_pretrained, **settings)
        return model if bits == 4 else model.to(device)

    def read(self, read: Any, **settings: Any) -> Any:  # noqa: ANN401
        """Call a function such as `from_pretrained` with the folder or the hub's name, and no code from there.

        Raises:
            BadSetting: there is nothing to read; the hub's reason is in the message.
        """
        try:
            place = dequantised(self.gguf) if self.gguf is not None else self.folder or self.name
            return read(str(place), trust_remote_code=False, **settings)
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise BadSetting(f"No weights {self.name!r}: not a folder, not in $VALENCE_MODELS, and the hub says: {reason}") from None


def _gguf(name: str) -> Path:
    try:
        return places.find_gguf(name)
    except BadSetting as error:
        raise BadSetting(f"backbone {name!r}: a folder without weights, neither config.json nor .gguf. {error}") from None


def check_bits(bits: Bits, device: torch.device) -> None:
    """Refuse 4 bits where they cannot be, before any weights are fetched.

    Raises:
        BadSetting: without CUDA, or without bitsandbytes.
    """
    if bits != 4:
        return
    if device.type != "cuda":
        raise BadSetting(f"bits 4 needs a CUDA device for bitsandbytes, this run is on {device}. Set --bits 16: LoRA over whole weights.")
    if importlib.util.find_spec("bitsandbytes") is None:
        raise BadSetting("bits 4 needs the package bitsandbytes. Install it with: pip install bitsandbytes, or set --bits 16.")


__all__ = ["Bits", "Weights", "check_bits"]
