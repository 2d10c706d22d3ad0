"""`tfidf_linear` against stock scikit-learn: the same raw texts in, predictions out, both sides in one process, turn by turn.

    python benchmarks/bag_of_words.py                        IMDB of $VALENCE_DATA, else the installed movie reviews; three rounds
    python benchmarks/bag_of_words.py --data FOLDER --rounds 5

Three sides: stock; ours with stock's settings, which is the same model; and ours as a user gets it, with trigrams and marks.
The ratios are of medians of wall time, from raw texts to predictions.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from valence.data.imdb import Imdb
from valence.data.movie_reviews import MovieReviews
from valence.errors import DataNotFound
from valence.methods.tfidf_linear import TfidfLinear
from valence.text.word_rule import STOCK_WORDS
from valence.types import Corpus, Split, Task

Side = Callable[[Split, Split], tuple[float, float, np.ndarray]]
"""(train, test) -> seconds to fit, seconds to predict, predicted labels."""


def stock(train: Split, test: Split) -> tuple[float, float, np.ndarray]:
    """Fit and predict as most tutorials do."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    started = time.perf_counter()
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=1000).fit(vectorizer.fit_transform(train.texts), train.labels)
    fitted = time.perf_counter()
    labels = model.predict(vectorizer.transform(test.texts))
    return fitted - started, time.perf_counter() - fitted, labels


def ours(method: TfidfLinear) -> Side:
    """Return the side that fits and predicts through the method's face."""

    def side(train: Split, test: Split) -> tuple[float, float, np.ndarray]:
        started = time.perf_counter()
        classifier = method.fit(train, train.select([]), Task(("negative", "positive")))
        fitted = time.perf_counter()
        labels = classifier.predict(test.texts).labels
        return fitted - started, time.perf_counter() - fitted, labels

    return side


SIDES: dict[str, Side] = {
    "stock scikit-learn": stock,
    "ours, stock's settings": ours(TfidfLinear(ngrams=2, min_texts=2, cost=10, word_pattern=STOCK_WORDS, keep_breaks=True)),
    "ours": ours(TfidfLinear()),
}


def read(path: Path | None) -> Corpus:
    """Load IMDB from `path` or the places where it is looked for, else the installed reviews."""
    if path is not None:
        return Imdb(path=path).load()
    try:
        return Imdb().load() if os.environ.get("VALENCE_DATA") else MovieReviews().load()
    except DataNotFound:
        return MovieReviews().load()


def main() -> None:
    """Run all sides turn by turn and print medians, ratios and accuracies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="imdb.parquet, or a folder that holds it")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    corpus = read(arguments.data)
    train, test = corpus.splits["train"], corpus.splits["test"]
    print(f"{corpus.name}: fit on {len(train):,}, predict {len(test):,} raw texts; {os.cpu_count()} cores, {arguments.rounds} rounds")
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in SIDES}
    accuracy: dict[str, float] = {}
    for turn in range(arguments.rounds):
        for name, side in SIDES.items():
            fit, predict, labels = side(train, test)
            seconds[name].append((fit, predict))
            accuracy[name] = float((labels == test.labels).mean())
            print(f"  round {turn + 1}  {name:24s} fit {fit:6.2f} s  predict {predict:6.2f} s", flush=True)
    base = statistics.median(map(sum, seconds["stock scikit-learn"]))
    print(f"\n{'median of wall time':26s} {'fit':>8s} {'predict':>8s} {'total':>8s} {'ratio':>7s}  accuracy")
    for name, rows in seconds.items():
        fit, predict, total = (statistics.median(column) for column in zip(*((*row, sum(row)) for row in rows), strict=True))
        print(f"{name:26s} {fit:8.2f} {predict:8.2f} {total:8.2f} {base / total:6.1f}x  {accuracy[name]:.4f}")


if __name__ == "__main__":
    main()
