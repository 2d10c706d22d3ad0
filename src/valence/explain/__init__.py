"""Which words decided: a prediction taken apart into what each word says for or against a label.

    valence explain RUN "A clumsy plot, but a wonderful cast."

A way to explain is a file in `ways/`; which of them fits a classifier they say themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from valence.catalog import Catalog
from valence.errors import BadSetting, UnknownName
from valence.explain.explanation import Explanation
from valence.explain.way import Progress, Way, unseen
from valence.types import Classifier

WAYS: Catalog[Way] = Catalog("valence.explain.ways", Way, "way to explain")  # type: ignore[type-abstract]


def explain(
    classifier: Classifier,
    text: str,
    labels: Sequence[str],
    *,
    label: str | None = None,
    method: str | None = None,
    progress: Progress = unseen,
) -> Explanation:
    """Say how much each word of `text` speaks for or against a label.

    Args:
        classifier: a fitted method.
        text: as it was written; spans point into it.
        labels: (k,) names of the classifier's labels.
        label: the one to explain; the predicted one when not given.
        method: a way to explain; the most exact one that fits the classifier when not given.
        progress: called as progress(done, total, note).

    Raises:
        UnknownName: there is no such label or no such way.
        BadSetting: the way does not fit the classifier; those that do are named.
        MissingPackage: the way needs a package that is not installed.
    """
    if label is not None and label not in labels:
        raise UnknownName("label", label, labels)
    text = writable(text)
    name, way = _choose(classifier, method)
    probabilities = classifier.predict([text]).probabilities[0]
    index = int(probabilities.argmax()) if label is None else list(labels).index(label)
    found = way.attribute(classifier, text, index, progress)
    return Explanation(
        text=text,
        spans=found.spans,
        scores=found.scores,
        label=labels[index],
        method=name,
        change=found.change,
        probabilities=dict(zip(labels, map(float, probabilities), strict=True)),
        unread=found.unread,
        signed=way.signed,
        meaning=way.meaning,
        paper=way.paper,
        note=found.note,
    )


def writable(text: str) -> str:
    """Return `text` with a question mark for each half of a surrogate pair, which JSON can smuggle in and no encoding can write."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _choose(classifier: Classifier, method: str | None) -> tuple[str, Way]:
    ways = {name: WAYS.find(name)() for name in WAYS.names}
    fitting = sorted((way.rank, name) for name, way in ways.items() if not way.why_not(classifier))
    if method is None:
        name = fitting[0][1]  # occlusion fits every classifier
        return name, ways[name]
    if method not in ways:
        raise UnknownName(WAYS.kind, method, WAYS.names)
    refusal = ways[method].why_not(classifier)
    if refusal:
        raise BadSetting(f"{method} cannot explain this run: {refusal}. What can: {', '.join(name for _, name in fitting)}.")
    return method, ways[method]


__all__ = ["WAYS", "Explanation", "Way", "explain", "writable"]
