"""A folder that plain transformers loads: `pipeline("text-classification", FOLDER)`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from valence.errors import BadSetting
from valence.text.clean import HTML_BREAK

if TYPE_CHECKING:
    from valence.training.encoders.classifier import EncoderClassifier
    from valence.training.encoders.network import EncoderNetwork

ONNX_INSTEAD = "Export it with --to onnx, which holds all of it."


def write_hugging_face(classifier: EncoderClassifier, folder: Path) -> list[str]:
    """Write the model with its adapters merged, and the tokenizer.

    Args:
        classifier: a fitted encoder.
        folder: an empty one.

    Returns:
        What transformers will do otherwise than the run, a sentence each.

    Raises:
        BadSetting: transformers' classes cannot express it; the reason and the way out are named.
    """
    from safetensors.torch import save_file

    from valence.training.encoders.backbone import WEIGHTS
    from valence.training.encoders.classifier import state_for_saving
    from valence.training.encoders.onnx import merged

    _refuse(classifier.network)
    model = merged(classifier.network).model
    save_file(state_for_saving(model), folder / WEIGHTS, metadata={"format": "pt"})
    model.config.save_pretrained(folder)
    _write_tokenizer(classifier, folder)
    if classifier.keep == "head":
        return []
    kept = {"tail": "its end", "head+tail": "its beginning and its end"}[classifier.keep]
    return [f"Of a text of more than {classifier.max_length} tokens the run reads {kept}, transformers only the beginning."]


def _refuse(network: EncoderNetwork) -> None:
    if network.prompt is not None:
        raise BadSetting(f"transformers' classifiers have no place for learned virtual tokens. {ONNX_INSTEAD}")
    if network.prefix is not None:
        raise BadSetting(f"transformers' classifiers have no place for learned keys and values. {ONNX_INSTEAD}")
    config = network.model.config
    if network.pooling == "mean" and not hasattr(config, "classifier_pooling"):
        raise BadSetting(
            f"transformers' classifier of the architecture {config.model_type!r} reads the first token only, this run the mean of all. "
            f"{ONNX_INSTEAD} Or train it with --pooling first."
        )


def _write_tokenizer(classifier: EncoderClassifier, folder: Path) -> None:
    """Write the tokenizer, with our reading of HTML's line breaks as its first step."""
    from tokenizers import Regex, Tokenizer, normalizers

    from valence.text.subwords import Subwords

    tokenizer = Tokenizer.from_str(classifier.subwords.tokenizer.to_str())
    breaks = normalizers.Replace(Regex(HTML_BREAK), " ")
    own = tokenizer.normalizer
    tokenizer.normalizer = breaks if own is None else normalizers.Sequence([breaks, own])
    Subwords(tokenizer, {**classifier.subwords.names, "model_max_length": classifier.max_length}).save(folder)


__all__ = ["write_hugging_face"]
