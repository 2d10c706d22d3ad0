"""Answers stay on disk under a key of all that decides them."""

from dataclasses import replace

import pytest

from valence.errors import BadData
from valence.llm.asked import Answer, Question
from valence.llm.cache import AnswerCache, cache_folder, key, sha256
from valence.text.prompt import Prompt, Shot, Template


def test_what_is_kept_is_found_again_by_another_process(tmp_path):
    first = AnswerCache(tmp_path)
    first.keep("a", Answer(text="“gut”"), 0.5)
    first.keep("b", Answer(scores=(-0.1, -2.5)), 1.5)
    first.close()
    second = AnswerCache(tmp_path)
    assert second.find(["a", "b", "c"]) == {"a": (Answer(text="“gut”"), 0.5), "b": (Answer(scores=(-0.1, -2.5)), 1.5)}
    assert len(second.find([f"none {i}" for i in range(1200)])) == 0
    second.close()


def test_two_processes_keep_answers_at_the_same_time(tmp_path):
    one, two = AnswerCache(tmp_path, timeout=0.1), AnswerCache(tmp_path, timeout=0.1)
    for i in range(20):
        one.keep(f"one {i}", Answer(text="a"), 0.1)
        two.keep(f"two {i}", Answer(text="b"), 0.1)
    for cache in (one, two):
        cache.close()
    found = AnswerCache(tmp_path)
    assert len(found.find(f"{who} {i}" for who in ("one", "two") for i in range(20))) == 40
    found.close()


def test_an_answer_that_comes_alone_is_on_disk_at_once(tmp_path):
    one, two = AnswerCache(tmp_path), AnswerCache(tmp_path)
    one.keep("a", Answer(text="a"), 5.0)
    assert two.find(["a"])
    one.close()
    two.close()


def test_a_cache_that_cannot_be_written_ends_no_run_and_writes_later(tmp_path):
    cache, other = AnswerCache(tmp_path, timeout=0.05), AnswerCache(tmp_path)
    other._file.execute("BEGIN IMMEDIATE")
    cache.keep("a", Answer(text="a"), 1.0)
    cache.commit()
    other._file.rollback()
    assert not other.find(["a"])
    cache.close()
    assert other.find(["a"])
    other.close()


def test_a_damaged_cache_is_said_in_one_line_with_the_way_out(tmp_path):
    (tmp_path / "answers.sqlite3").write_text("no database, but long enough to be taken for one " * 9, encoding="utf-8")
    with pytest.raises(
        BadData, match=r"cache of answers .*answers\.sqlite3 cannot be read: file is not a database\. Remove it, .*VALENCE_CACHE"
    ):
        AnswerCache(tmp_path)


def test_a_cache_damaged_while_it_is_used_is_silent_in_writing_and_says_so_in_reading(tmp_path):
    cache = AnswerCache(tmp_path)
    for i in range(300):
        cache.keep(f"a {i}", Answer(text="a" * 99), 1.0)
    cache.close()
    path = tmp_path / "answers.sqlite3"
    cache = AnswerCache(tmp_path)
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096))
    cache.keep("b", Answer(text="b"), 1.0)
    with pytest.raises(BadData, match=r"malformed.*Remove it"):
        cache.find(["a 1"])
    cache.close()


def test_everything_that_decides_an_answer_is_in_its_key(ask, questions):
    base, question = ask(), questions("Fun.")[0]
    others = [replace(base, way="choice"), replace(base, max_review_tokens=3), replace(base, cut="head"), replace(base, form="plain")]
    others += [replace(base, thinking=9), replace(base, answer_tokens=9), replace(base, words=("no", "yes"))]
    prompt = question.prompt
    prompts = [Prompt(Template("x"), prompt.words), Prompt(prompt.template, ("a", "b")), replace(prompt, shots=(Shot("r", "w"),))]
    keys = {key("m", base, question), key("n", base, question), key("m", base, Question(prompt, "Dull."))}
    keys |= {key("m", other, question) for other in others} | {key("m", base, Question(p, "Fun.")) for p in prompts}
    assert len(keys) == 3 + len(others) + len(prompts)
    assert key("m", base, questions("Fun.")[0]) in keys


def test_a_digest_is_remembered_until_the_file_changes(tmp_path):
    cache, file = AnswerCache(tmp_path / "c"), tmp_path / "w.bin"
    file.write_bytes(b"one")
    assert cache.digest_of(file) == cache.digest_of(file) == sha256(file)
    file.write_bytes(b"other")
    assert cache.digest_of(file) == sha256(file)
    cache.close()


@pytest.mark.parametrize(
    ("system", "variable", "end"), [("linux", "XDG_CACHE_HOME", "valence"), ("win32", "LOCALAPPDATA", "cache"), ("darwin", None, "valence")]
)
def test_each_system_keeps_its_caches_where_it_does(system, variable, end, monkeypatch, tmp_path):
    monkeypatch.delenv("VALENCE_CACHE")
    monkeypatch.setattr("sys.platform", system)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
    found = cache_folder()
    assert found.name == end
    assert variable is None or tmp_path in found.parents
