"""Cut the official IMDB's train by film, so that settings can be chosen on reviews of films that training did not see.

    python benchmarks/cut_train.py by_film
    VALENCE_DATA=by_film python benchmarks/train_networks.py FILE.toml --store by_film/runs
    VALENCE_DATA=by_film valence run cnn --store by_film/runs --ngrams 3

The folder gets an imdb.parquet whose `test` are training reviews of some films and whose `train` are those of the others.
`valid`, a random tenth of train, shares its films with the rest, and names of actors and films give labels away: it reads
about two points above test, and it ranks settings by what they remember. The official test reviews are not in the file.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import polars as pl


def cut(train: pl.DataFrame, texts: int, seed: int) -> pl.DataFrame:
    """Return `train` with the column `split` written anew: `test` are all reviews of random films, about `texts` of them.

    A review that is in both parts word for word goes from `train`.
    """
    films = train.group_by("movie").len().sort("movie").sample(fraction=1.0, shuffle=True, seed=seed)
    held = films.filter(pl.col("len").cum_sum() <= texts)["movie"].implode()
    scored = train.filter(pl.col("movie").is_in(held)).with_columns(split=pl.lit("test"))
    rest = train.filter(~pl.col("movie").is_in(held) & ~pl.col("text").is_in(scored["text"].implode()))
    return pl.concat([rest, scored])


def main() -> None:
    """Write the file and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of its own: beside the official file it would take its place")
    parser.add_argument("--texts", type=int, default=5000, help="reviews that are held out, about")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    source = Path(os.environ.get("VALENCE_DATA", "")) / "imdb.parquet"
    if not source.exists() or source.parent.resolve() == args.folder.resolve():
        parser.exit(2, f"Reads imdb.parquet in $VALENCE_DATA and writes to another folder; found {source}, asked for {args.folder}.\n")
    frame = cut(pl.read_parquet(source).filter(pl.col("split") == "train"), args.texts, args.seed)
    args.folder.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(args.folder / "imdb.parquet", compression="zstd")
    for (name,), part in frame.group_by("split", maintain_order=True):
        share = np.mean(part["label"].to_numpy())
        print(f"{name}: {len(part):,} reviews of {part['movie'].n_unique():,} films, {share:.1%} positive")


if __name__ == "__main__":
    main()
