"""The page: a text is typed, the model answers, and its card says how far to trust it. It loads nothing from elsewhere.

`ask.html.j2` stands in `base.html.j2` of the reports; `ask.css` and `ask.js` are put into it.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from valence.report.inline import asset, environment, script_json
from valence.serve.card import Card
from valence.serve.limits import Limits

if TYPE_CHECKING:
    from jinja2 import Template

ROOM = Path(__file__).parent
EXAMPLES = (
    "A wonderful film: warm, quick and very funny.",
    "Two hours that I want back. The plot makes no sense, and nobody in the cast seems to care.",
    "A weak start, a good ending, and in between I looked at my watch.",
)
"""Sentences of our own, to try."""
TILES = (("accuracy", "Accuracy, %"), ("macro_f1", "Macro F1, %"), ("log_loss", "Log loss"), ("ece", "Calibration error, %"))


def render(card: Card, limits: Limits) -> str:
    """Return the page for a card."""
    return _template().render(
        css=asset("base.css") + _own("ask.css"),
        js=asset("plot.js") + _own("ask.js"),
        card=card,
        tiles=[(title, name, card.metrics[name]) for name, title in TILES if name in card.metrics],
        examples=EXAMPLES,
        limits=limits,
        trained=trained(card),
        data=script_json({"labels": list(card.labels), "most": limits.max_characters}),
    )


def trained(card: Card) -> str:
    """Say in a phrase what the model was trained on."""
    if not card.data:
        return "texts that the export does not name"
    return f"all training texts of {card.data}" if card.n_train is None else f"{card.n_train:,} training texts of {card.data}"


@functools.cache
def _template() -> Template:
    from jinja2 import ChoiceLoader, FileSystemLoader

    made = environment()
    made.loader = ChoiceLoader([FileSystemLoader(ROOM), *([made.loader] if made.loader else [])])
    return made.get_template("ask.html.j2")


def _own(name: str) -> str:
    from markupsafe import Markup

    return Markup((ROOM / name).read_text(encoding="utf-8"))


__all__ = ["EXAMPLES", "render", "trained"]
