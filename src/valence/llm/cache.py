"""Answers on disk, so that an interrupted run goes on where it stopped: one SQLite file in $VALENCE_CACHE or the user's cache folder."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from valence.errors import BadData
from valence.llm.asked import Answer, Ask, Question

HOME = "VALENCE_CACHE"
COMMIT_SECONDS = 1.0
"""At most so much work is lost when the process is killed."""
AT_ONCE = 500
"""Keys in one query; SQLite takes 999 at least."""


def cache_folder() -> Path:
    """Return $VALENCE_CACHE, or `valence` in the folder where this system keeps a user's caches."""
    home = os.environ.get(HOME)
    if home:
        return Path(home).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "valence" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "valence"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "valence"


def key(identity: str, ask: Ask, question: Question) -> str:
    """Return a digest of everything that decides an answer: the model, the way of asking, the prompt, the review."""
    prompt = question.prompt
    said = [
        identity,
        [getattr(ask, name) for name in ask.__slots__],
        prompt.template.source,
        prompt.words,
        [(shot.review, shot.word) for shot in prompt.shots],
        question.review,
    ]
    return hashlib.blake2b(json.dumps(said).encode(), digest_size=16).hexdigest()


class AnswerCache:
    """Answers by key. Several processes may share the file; what was not answered is not kept."""

    def __init__(self, folder: Path, timeout: float = 60.0) -> None:
        """Open the file, or make it.

        Raises:
            BadData: the file is damaged, or no file can be made there.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "answers.sqlite3"
        try:
            self._file = _opened(self._path, timeout)
        except sqlite3.DatabaseError as error:
            raise self._unreadable(error) from None
        self._waiting: list[tuple[str, str, float]] = []
        self._committed = float("-inf")

    def find(self, keys: Iterable[str]) -> dict[str, tuple[Answer, float]]:
        """Return the answers that are kept, each with the seconds it took.

        Raises:
            BadData: the file is damaged.
        """
        wanted, found = list(keys), dict[str, tuple[Answer, float]]()
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            marks = ",".join("?" * len(some))
            try:
                rows = self._file.execute(f"SELECT key, answer, seconds FROM answers WHERE key IN ({marks})", some).fetchall()
            except sqlite3.DatabaseError as error:
                raise self._unreadable(error) from None
            found |= {name: (_read(json.loads(answer)), seconds) for name, answer, seconds in rows}
        return found

    def keep(self, name: str, answer: Answer, seconds: float) -> None:
        """Keep one answer: at once, or with those of the same second.

        Nothing is left half written between two calls: an open transaction would lock the file for every other process.
        """
        said = json.dumps({"text": answer.text} if answer.scores is None else {"scores": answer.scores})
        self._waiting.append((name, said, seconds))
        if time.monotonic() - self._committed > COMMIT_SECONDS:
            self.commit()

    def digest_of(self, path: Path) -> str:
        """Return the SHA-256 of a file, remembered until its size or its time of change differs."""
        state = path.stat()
        name = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"
        row = self._file.execute("SELECT digest FROM digests WHERE file = ?", (name,)).fetchone()
        if row is not None:
            return str(row[0])
        digest = sha256(path)
        self._write("INSERT OR REPLACE INTO digests VALUES (?, ?)", [(name, digest)])
        return digest

    def commit(self) -> None:
        """Put on disk what was kept; what cannot be written now waits for the next time."""
        if self._write("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", self._waiting):
            self._waiting = []
        self._committed = time.monotonic()

    def close(self) -> None:
        """Commit and close the file."""
        self.commit()
        self._file.close()

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> bool:
        """Write rows in a transaction of their own; tell whether it went well: a cache that cannot be written ends no run."""
        try:
            with self._file:
                self._file.executemany(statement, rows)
        except sqlite3.DatabaseError:
            return False
        return True

    def _unreadable(self, error: sqlite3.DatabaseError) -> BadData:
        return BadData(f"The cache of answers {self._path} cannot be read: {error}. Remove it, or name another folder with ${HOME}.")


def _opened(path: Path, timeout: float) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=timeout)
    try:
        file.execute("PRAGMA journal_mode=WAL")
        file.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL, seconds REAL NOT NULL)")
        file.execute("CREATE TABLE IF NOT EXISTS digests (file TEXT PRIMARY KEY, digest TEXT NOT NULL)")
        file.commit()
    except sqlite3.DatabaseError:
        file.close()
        raise
    return file


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(said: Mapping[str, object]) -> Answer:
    scores = said.get("scores")
    return Answer(scores=tuple(map(float, scores))) if isinstance(scores, list) else Answer(text=str(said["text"]))
