"""Ask many questions: what the cache knows is not asked again, each answer is kept as it comes, what stays unanswered is counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from valence.errors import FailedRun
from valence.llm.asked import Answer, Ask, Backend, Question, Reply, Unanswered
from valence.llm.cache import AnswerCache, key

GONE = 16
"""So many questions in a row to which no server answered at all, each with all its retries: it will not come back by itself."""

Progress = Callable[[float, float, str], None]


@dataclass
class Tally:
    """What became of the questions of one call; every call has its own."""

    asked: int = 0
    """Put to the model."""
    remembered: int = 0
    """Answered from the cache."""
    earlier_seconds: float = 0.0
    """What the remembered answers had taken when they were given."""
    unanswered: dict[int, str] = field(default_factory=dict)
    """Position of each question without an answer, and why."""


def ask_all(
    backend: Backend, questions: Sequence[Question], ask: Ask, cache: AnswerCache | None, progress: Progress
) -> tuple[list[Reply], Tally]:
    """Return a reply to each question, in their order, and what became of them.

    Equal questions are asked once.

    Raises:
        FailedRun: the server has gone, or not one question was answered; what was answered before is kept in the cache.
    """
    keys = [key(backend.identity, ask, question) for question in questions]
    first: dict[str, int] = {}
    for i, name in enumerate(keys):
        first.setdefault(name, i)
    tally, replies = Tally(), dict[str, Reply]()
    for name, (answer, seconds) in (cache.find(first) if cache else {}).items():
        replies[name] = answer
        tally.remembered += 1
        tally.earlier_seconds += seconds
    missing = [name for name in first if name not in replies]
    _ask_missing(backend, [(name, questions[first[name]]) for name in missing], ask, cache, progress, replies, tally)
    found = [replies[name] for name in keys]
    tally.unanswered = {i: reply.reason for i, reply in enumerate(found) if isinstance(reply, Unanswered)}
    if found and len(tally.unanswered) == len(found):
        raise FailedRun(f"{backend.name} answered none of {len(found):,} texts: {tally.unanswered[0]}.")
    return found, tally


def _ask_missing(
    backend: Backend,
    missing: Sequence[tuple[str, Question]],
    ask: Ask,
    cache: AnswerCache | None,
    progress: Progress,
    replies: dict[str, Reply],
    tally: Tally,
) -> None:
    started = last = time.perf_counter()
    known, gone = len(replies), 0
    try:
        for i, reply in backend.ask([question for _, question in missing], ask):
            tally.asked += 1
            now = time.perf_counter()
            replies[missing[i][0]] = reply
            if cache and isinstance(reply, Answer):
                cache.keep(missing[i][0], reply, now - last)
            last = now
            gone = gone + 1 if isinstance(reply, Unanswered) and reply.server_gone else 0
            if isinstance(reply, Unanswered) and gone >= GONE:
                raise FailedRun(_farewell(backend, reply, tally.asked - gone + known, known + len(missing)))
            progress(known + tally.asked, known + len(missing), f"{tally.asked / (now - started):.1f} reviews/s")
    finally:
        if cache:
            cache.commit()


def _farewell(backend: Backend, reply: Unanswered, answered: int, total: int) -> str:
    return f"{backend.name} stopped answering after {answered:,} of {total:,} texts: {reply.reason}. Run it again to go on from there."
