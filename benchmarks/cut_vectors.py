"""Keep of a large file of word vectors the words that the reviews hold: 400,000 rows become 60,000, 80 MB become 7.

    python benchmarks/cut_vectors.py glove-6B-50d FOLDER

Writes FOLDER/vectors.npy (float16) and FOLDER/words.parquet, which `--word-vectors FOLDER` reads; for a machine to which the
whole file cannot be brought. Words are those of the labelled training reviews of imdb.parquet in $VALENCE_DATA.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import polars as pl

from valence.text.vocabulary import Vocabulary
from valence.text.word_vectors import WordVectors


def main() -> None:
    """Cut and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors", help="a path, or a name under $VALENCE_MODELS")
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    frame = pl.read_parquet(Path(os.environ["VALENCE_DATA"]) / "imdb.parquet").filter(pl.col("split") == "train")
    words = Vocabulary.learn(frame["text"].to_list(), max_words=10**9, min_count=1).words
    rows, known = WordVectors.find(args.vectors).look_up(words)
    args.folder.mkdir(parents=True, exist_ok=True)
    np.save(args.folder / "vectors.npy", rows[known].astype(np.float16))
    pl.DataFrame({"word": [w for w, k in zip(words, known, strict=True) if k]}).write_parquet(args.folder / "words.parquet")
    print(f"{known.sum():,} of {len(words):,} words of the reviews have a vector")


if __name__ == "__main__":
    main()
