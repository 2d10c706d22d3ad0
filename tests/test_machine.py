"""Where a run came from."""

import subprocess

import pytest

from valence import machine
from valence.errors import BadSetting

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def no_git(monkeypatch):
    """As on a machine that holds a copy of the tree, and perhaps no git at all."""
    machine._from_git.cache_clear()
    monkeypatch.setattr(subprocess, "run", absent)
    yield
    machine._from_git.cache_clear()


def absent(*words, **options):
    raise FileNotFoundError("git")


@pytest.mark.parametrize(
    ("said", "expected"),
    [(None, ("", False)), ("", ("", False)), (REVISION, (REVISION, False)), (f" {REVISION.upper()}+dirty\n", (REVISION, True))],
)
def test_without_git_the_environment_names_the_commit(no_git, monkeypatch, said, expected):
    monkeypatch.delenv("VALENCE_COMMIT", raising=False)
    if said is not None:
        monkeypatch.setenv("VALENCE_COMMIT", said)
    assert machine.commit() == expected


@pytest.mark.parametrize("said", ["main", REVISION[:12], f"{REVISION}-dirty", f"{REVISION}0"])
def test_what_is_no_commit_is_refused_in_one_line(no_git, monkeypatch, said):
    monkeypatch.setenv("VALENCE_COMMIT", said)
    with pytest.raises(BadSetting, match=r"VALENCE_COMMIT = .* names no commit\. Give 40 hex digits"):
        machine.commit()


def test_git_is_believed_before_the_environment(monkeypatch):
    machine._from_git.cache_clear()
    answers = {"ls-files": "machine.py", "rev-parse": "f" * 40, "status": " M src/valence/machine.py"}
    monkeypatch.setattr(subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 0, answers[words[3]], ""))
    monkeypatch.setenv("VALENCE_COMMIT", REVISION)
    assert machine.commit() == ("f" * 40, True)
    machine._from_git.cache_clear()
