"""Thin trained parts inside a frozen encoder, by the library peft: its layers take the places of linear ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from valence.errors import BadSetting, MissingPackage
from valence.training.encoders.network import EncoderNetwork


@dataclass(frozen=True, slots=True)
class LowRank:
    """The shape of the updates."""

    rank: int
    alpha: int
    """The update is scaled by alpha / rank, or by alpha / sqrt(rank) if `rank_stabilised`."""
    dropout: float
    """Share of the update's input that is hidden in training."""
    rank_stabilised: bool = False
    """Kalajdzievski, 2023, arXiv:2312.03732."""


def add_lora(network: EncoderNetwork, update: LowRank, projections: tuple[str, ...]) -> None:
    """Freeze the body and put low-rank updates beside its projections; the head stays trainable.

    Args:
        network: over transformers' plain model; changed in place.
        update: the shape of the updates.
        projections: `query`, `key`, `value` and `feedforward`, in any number.
    """
    peft = _peft("LoRA")
    targets = sorted({name for part in projections for name in projection_names(network, part)})
    shape = {"r": update.rank, "lora_alpha": update.alpha, "lora_dropout": update.dropout, "use_rslora": update.rank_stabilised}
    _inject(peft, network, peft.LoraConfig(target_modules=targets, **shape))


def add_ia3(network: EncoderNetwork) -> None:
    """Freeze the body and put learned factors on its keys, values and the feed-forward part's inner states."""
    peft = _peft("IA3")
    feedforward = projection_names(network, "feedforward")
    # a joint projection gets factors on all of its outputs: queries are scaled as keys would be
    attention = [*projection_names(network, "key"), *projection_names(network, "value")]
    targets = sorted({*attention, *feedforward})
    _inject(peft, network, peft.IA3Config(target_modules=targets, feedforward_modules=feedforward))


def projection_names(network: EncoderNetwork, part: str) -> list[str]:
    """Return the full names of the linear layers that make a `part`: query, key, value or feedforward."""
    kind = network.kind
    if part == "feedforward":
        ends = kind.feedforward
    elif part in (parts := ("query", "key", "value")):
        ends = (kind.attention[parts.index(part)],) if len(kind.attention) == 3 else kind.attention
    else:
        raise BadSetting(f"projections: {part!r} is none of query, key, value, feedforward.")
    body = kind.body
    root = next(name for name, module in network.model.named_modules() if module is body)
    inside = [name for name, module in body.named_modules() if isinstance(module, nn.Linear) and _is(name, ends)]
    return [f"{root}.{name}" if root else name for name in inside]


def _is(name: str, ends: tuple[str, ...]) -> bool:
    # the attention's own output matrix has the same last name as the feed-forward part's in BERT's family
    return any(name.endswith("." + end) for end in ends) and "attention.output" not in name


def _inject(peft: Any, network: EncoderNetwork, config: Any) -> None:  # noqa: ANN401 - peft's classes are untyped here
    peft.inject_adapter_in_model(config, network.model)
    head = network.kind.head
    for name, parameter in network.model.named_parameters():
        if name.startswith(head):
            parameter.requires_grad_(True)


def _peft(why: str) -> Any:  # noqa: ANN401
    try:
        import peft
    except ImportError as error:
        raise MissingPackage("peft", "torch", why) from error
    return peft


__all__ = ["LowRank", "add_ia3", "add_lora", "projection_names"]
