"""Seconds per epoch of the seven networks: ours, and the same networks fed the seed's way, in one run.

    python benchmarks/networks.py                                all seven on the fastest device, 20,000 reviews
    python benchmarks/networks.py lstm gru --device cpu --texts 1000 --threads 2
    python benchmarks/networks.py --vectors 0                    the seed's way over our own shorter word vectors, trained

The seed's way: every review cut at 512 words and padded to 512, padding and unknown words one id, no mask, batches of 64 in
random order from a DataLoader, float32, frozen vectors of 300 numbers (GloVe 840B), plain recurrent layers over all 512
places. Ours: the method's own settings. Both train the same network for one epoch; a few steps before it are not counted. On
a CPU fewer reviews do (`--texts`): the time is given per 20,000; one thread (`--threads 1`) where other programs run. Reads
imdb.parquet in $VALENCE_DATA; without it made-up reviews of the same lengths.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from valence.methods import METHODS
from valence.methods._networks import Network
from valence.text.vocabulary import Tokens, Vocabulary
from valence.training.batching import Plan
from valence.training.device import resolve_device
from valence.training.examples import Examples
from valence.training.losses import CrossEntropy
from valence.training.networks.recurrent import Bidirectional
from valence.training.networks.transformer import TransformerNetwork
from valence.training.networks.words import WordEmbedding, WordNetwork, start_vectors
from valence.training.optimisation import WeightAverage, build_optimizer

NAMES = ("cnn", "gru", "lstm", "attention_lstm", "cnnlstm", "capsule_lstm", "transformer")
REVIEWS = 20_000
SEED_LENGTH, SEED_BATCH = 512, 64
WARM = 5
"""Steps before the clock starts."""


def reviews(n: int) -> tuple[list[str], np.ndarray]:
    """Return n training reviews and their labels, in a fixed random order."""
    path = Path(os.environ.get("VALENCE_DATA", "")) / "imdb.parquet"
    rng = np.random.default_rng(0)
    if not path.exists():
        words = np.array([f"w{i}" for i in range(50_000)])
        lengths = np.clip(rng.lognormal(5.4, 0.65, n).astype(int), 10, 2500)  # as IMDB's: median 205, mean 275
        return [" ".join(words[rng.zipf(1.3, k) % 50_000]) for k in lengths], rng.integers(0, 2, n)
    import polars as pl

    frame = pl.read_parquet(path).filter(pl.col("split") == "train").sample(n, shuffle=True, seed=0)
    return frame["text"].to_list(), frame["label"].to_numpy()


def ours(method: Network, network: WordNetwork, tokens: Tokens, labels: np.ndarray, device: torch.device) -> Callable[[], float]:
    """Return a function that trains one epoch as the packed engine does and returns its seconds."""
    examples = Examples(tokens.cut(method.max_length, method.keep), labels, device)
    plan = Plan.draw(examples.lengths, epochs=1, budget=method.batch_tokens, seed=0)
    optimizer, schedule = build_optimizer(network, method, plan.steps + WARM)
    objective = CrossEntropy(method, plan.texts_per_step, device)
    average, parameters = WeightAverage(network, method.average_decay), list(network.parameters())

    def step(rows: np.ndarray, number: int) -> None:
        objective(network, examples.batch(rows)).backward()
        nn.utils.clip_grad_norm_(parameters, method.clip_norm)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        average.update(number)

    return lambda: timed(step, [plan.batches[i] for i in range(min(WARM, plan.steps))], plan.batches, device)


def the_seed_s_way(network: WordNetwork, tokens: Tokens, labels: np.ndarray, device: torch.device) -> Callable[[], float]:
    """Return a function that trains one epoch as the seed did and returns its seconds."""
    padded = np.ones((len(tokens), SEED_LENGTH), dtype=np.int64)  # padding is an unknown word
    for row in range(len(tokens)):
        text = tokens[row][:SEED_LENGTH]
        padded[row, : len(text)] = text
    loader = DataLoader(TensorDataset(torch.from_numpy(padded), torch.from_numpy(labels)), batch_size=SEED_BATCH, shuffle=True)
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad])
    loss = nn.CrossEntropyLoss()

    def step(batch: tuple[Tensor, Tensor], _: int) -> None:
        words, answers = batch[0].to(device), batch[1].to(device)
        optimizer.zero_grad()
        loss(network(words, torch.full((len(words),), SEED_LENGTH)), answers).backward()
        optimizer.step()

    warm = [next(iter(loader)) for _ in range(WARM)]
    return lambda: timed(step, warm, loader, device)


def timed(step: Callable, warm: list, batches: object, device: torch.device) -> float:
    """Return the seconds that `step` takes over `batches`, after warming up."""
    for number, batch in enumerate(warm, 1):
        step(batch, number)
    wait(device)
    started = time.perf_counter()
    for number, batch in enumerate(batches, len(warm) + 1):
        step(batch, number)
    wait(device)
    return time.perf_counter() - started


def wait(device: torch.device) -> None:
    """Wait until the device has done all it was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def plain(network: WordNetwork) -> WordNetwork:
    """Make recurrent layers run over every place in one plain call, and attention over all of them, as the seed's did."""
    if isinstance(network, TransformerNetwork):
        network._piece = 0
    for module in network.modules():
        if isinstance(module, Bidirectional):
            cell = module.cell
            module.forward = lambda vectors, lengths, cell=cell: cell(vectors.transpose(0, 1))[0].transpose(0, 1)
    return network


def compare(name: str, tokens: Tokens, labels: np.ndarray, words: tuple[str, ...], args: argparse.Namespace) -> tuple[float, float]:
    """Return the seconds per 20,000 reviews of ours and of the seed's way."""
    device = resolve_device(args.device)
    method = METHODS.find(name)(**{key: json.loads(value) for key, _, value in (pair.partition("=") for pair in args.set)})

    def network(dimension: int, dropout: float) -> WordNetwork:
        torch.manual_seed(0)
        table = start_vectors(words, dimension)
        return method.build(WordEmbedding(table, word_dropout=dropout), 2).to(device).train()

    seed_network = plain(network(args.vectors or method.dimension, 0.0))
    seed_network.embedding.table.weight.requires_grad_(not args.vectors)
    scale = REVIEWS / len(tokens)
    runs = [ours(method, network(method.dimension, method.word_dropout), tokens, labels, device)]
    runs.append(the_seed_s_way(seed_network, tokens, labels, device))
    # the best of the repeats: another program on the machine only ever adds time
    first, second = ([run() * scale for _ in range(args.repeats)] for run in runs)
    return min(first), min(second)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--texts", type=int, default=REVIEWS)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=JSON", help="settings of ours, such as precision='\"float32\"'")
    parser.add_argument("--vectors", type=int, default=300, help="numbers in a frozen word vector of the seed's way; 0: the method's own")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    texts, labels = reviews(args.texts)
    started = time.perf_counter()
    vocabulary = Vocabulary.learn(texts)
    tokens = vocabulary.encode(texts)
    device = resolve_device(args.device)
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device}, {torch.get_num_threads()} threads"
    print(f"{where}; {len(texts):,} reviews read in {time.perf_counter() - started:.1f} s; torch {torch.__version__}")
    print(f"{'network':16} {'ours, s/epoch':>14} {'seed, s/epoch':>14} {'times':>7}")
    for name in args.names:
        mine, theirs = compare(name, tokens, labels.astype(np.int64), vocabulary.words, args)
        print(f"{name:16} {mine:14.2f} {theirs:14.2f} {theirs / mine:7.1f}", flush=True)


if __name__ == "__main__":
    main()
