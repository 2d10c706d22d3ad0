"""What the documentation points to is there."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from conftest import sentences
from valence.types import Method, Split, Task

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=[p.relative_to(ROOT).as_posix() for p in PAGES])
def test_every_link_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not re.match(r"https?:", link) and not (page.parent / link).exists()]
    assert not missing


def test_every_test_that_is_named_exists():
    named = {(p.name, t) for p in PAGES for t in re.findall(r"`(test_\w+)`", p.read_text(encoding="utf-8"))}
    source = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    assert named
    assert not {(page, name) for page, name in named if f"def {name}(" not in source}


def test_every_page_is_reached_from_the_index():
    seen, todo = set(), [ROOT / "docs" / "index.md"]
    while todo:
        page = todo.pop().resolve()
        if page not in seen and page.exists():
            seen.add(page)
            todo += [page.parent / link for link in re.findall(r"\]\(([^)#]+\.md)\)", page.read_text(encoding="utf-8"))]
    decisions = ROOT / "docs" / "decisions"
    assert {p for p in PAGES if p.parent != decisions} <= seen


def test_the_method_that_is_shown_does_what_the_contract_asks_of_it(tmp_path, monkeypatch):
    shown = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "add-a-method.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    (tmp_path / "word_counting.py").write_text(shown, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("word_counting")
    method = next(v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Method) and v is not Method)()
    texts, labels = sentences(60, classes=3)
    train, task = Split(tuple(map(str, range(60))), tuple(texts), np.array(labels)), Task(("bad", "good", "neutral"))
    classifier = method.fit(train, train.select(range(6)), task)
    found = classifier.predict(texts)
    assert found.probabilities.shape == (60, 3)
    assert (found.labels == train.labels).mean() > 0.7
    classifier.save(tmp_path)
    np.testing.assert_array_equal(method.load(tmp_path, task).predict(texts).probabilities, found.probabilities)
