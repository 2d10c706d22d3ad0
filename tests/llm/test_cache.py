"""Answers stay on disk under a key of all that decides them."""

from dataclasses import replace

import pytest

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
