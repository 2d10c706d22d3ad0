"""Shared by all tests: sentences of our own, and where real data lie, if they do."""

import os
from pathlib import Path

import numpy as np
import pytest

GOOD = ("wonderful", "moving", "brilliant", "charming", "superb", "a joy", "masterful", "funny")
BAD = ("dreadful", "boring", "clumsy", "awful", "a chore", "lifeless", "tedious", "weak")
TOPICS = ("plot", "cast", "score", "camera work", "ending", "dialogue", "opening", "pacing")
FRAMES = ("The {t} is {w} and the {u} stays with you.", "I found the {t} {w}, from the {u} on.", "What a {w} film; even the {u} was {w}.")


def sentences(n: int, seed: int = 0, classes: int = 2) -> tuple[list[str], list[int]]:
    """Return n sentences of our own and their labels, alternating; a third class is lukewarm."""
    rng = np.random.default_rng(seed)
    words = (BAD, GOOD, ("passable", "average", "all right", "ordinary"))
    texts, labels = [], []
    for i in range(n):
        label = i % classes
        frame, word = rng.choice(FRAMES), rng.choice(words[label])
        texts.append(f"{frame.format(t=rng.choice(TOPICS), u=rng.choice(TOPICS), w=word)} ({seed}-{i})")
        labels.append(label)
    return texts, labels


@pytest.fixture
def reviews_csv(tmp_path):
    """A table of 120 labelled sentences with a split column: 80 train, 40 test."""
    texts, labels = sentences(120)
    lines = ["id,text,label,split"]
    lines += [
        f'r{i},"{t}",{("negative", "positive")[y]},{"train" if i < 80 else "test"}'
        for i, (t, y) in enumerate(zip(texts, labels, strict=True))
    ]
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def real_data() -> Path | None:
    """Return the folder with the real Parquet files, None where it is not."""
    places = [os.environ.get("VALENCE_DATA", ""), str(Path(__file__).resolve().parents[2] / "shared" / "data")]
    return next((Path(p) for p in places if p and (Path(p) / "imdb.parquet").exists()), None)


@pytest.fixture
def real(monkeypatch):
    """Point VALENCE_DATA at the real data; skip where there are none."""
    folder = real_data()
    if folder is None:
        pytest.skip("real data: set VALENCE_DATA to a folder with imdb.parquet")
    monkeypatch.setenv("VALENCE_DATA", str(folder))
    return folder
