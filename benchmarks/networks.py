"""Seconds per epoch of the seven networks: ours, and the same networks fed the seed's way, in one run.

    python benchmarks/networks.py                                all seven on the fastest device, 20,000 reviews
    python benchmarks/networks.py lstm gru --device cpu --threads 2 --steps 10 --set
    python benchmarks/networks.py lstm --set batch_tokens=131072 piece=100
    python benchmarks/networks.py --vectors 0                    the seed's way over our own shorter word vectors, trained

The seed's way: every review cut at 512 words and padded to 512, padding and unknown words one id, no mask, batches of 64 in
random order from a DataLoader, float32, frozen vectors of 300 numbers (GloVe 840B), plain recurrent layers over all 512
places. Ours: the method's own settings, once as they are and once with more words per batch (`--set`), which a large GPU takes no
longer for. All train the same network for one epoch. A few steps before it are not counted; where steps are captured and replayed,
as on a GPU (`valence.training.replay`), two of every shape are carried out before the clock starts, so that it measures a training
under way and not its first half-minute. `replayed` is the share of the counted steps that were. On a CPU a few steps of the
shuffled epoch do (`--steps`), and one thread (`--threads 1`) where other programs run; fewer reviews (`--texts`) would get smaller
batches. The time is given per 20,000. Reads imdb.parquet in $VALENCE_DATA; without it made-up reviews of the same lengths.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time
from collections.abc import Callable, Sized
from pathlib import Path
from typing import NamedTuple

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
from valence.training.networks.cnn import WordConvolution
from valence.training.networks.recurrent import Bidirectional
from valence.training.networks.transformer import TransformerNetwork
from valence.training.networks.words import WordEmbedding, WordNetwork, start_vectors
from valence.training.optimisation import WeightAverage, build_optimizer
from valence.training.packed import start_passes
from valence.training.replay import Replay

NAMES = ("cnn", "gru", "lstm", "attention_lstm", "cnnlstm", "capsule_lstm", "transformer")
REVIEWS = 20_000
SEED_LENGTH, SEED_BATCH = 512, 64
Share = Callable[[], float]
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


def ours(
    method: Network, network: WordNetwork, tokens: Tokens, labels: np.ndarray, device: torch.device, steps: int | None
) -> tuple[Callable, Share]:
    """Return a function that trains one epoch as the packed engine does and returns its seconds, and the share of replayed steps."""
    examples = Examples(tokens.cut(method.max_length, method.keep), labels, device)
    plan = Plan.draw(examples.lengths, epochs=1, budget=method.batch_tokens, seed=0)
    optimizer, schedule = build_optimizer(network, method, plan.steps + WARM)
    gradients = start_passes(network, examples, CrossEntropy(method, plan.texts_per_step, device), method)
    average = WeightAverage(network, method.average_decay)

    def step(rows: np.ndarray, number: int) -> None:
        gradients(rows)
        optimizer.step()
        schedule.step()
        average.update(number)

    return lambda: timed(step, warm_up(gradients, plan), plan.batches, device, steps), lambda: replayed(gradients, plan)


def warm_up(gradients: Callable, plan: Plan) -> list[np.ndarray]:
    """Return the batches before the clock: a few, or two of every shape that is captured at its second."""
    if not isinstance(gradients, Replay):
        return list(plan.batches[:WARM])
    one_of_each = {gradients.room_of(rows): rows for rows in plan.batches}
    return [rows for rows in one_of_each.values() for _ in range(2)]


def replayed(gradients: Callable, plan: Plan) -> float:
    """Return the share of the plan's steps that are replayed."""
    return sum(map(gradients.replays, plan.batches)) / plan.steps if isinstance(gradients, Replay) else 0.0


def the_seed_s_way(
    network: WordNetwork, tokens: Tokens, labels: np.ndarray, device: torch.device, steps: int | None
) -> Callable[[], float]:
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
    return lambda: timed(step, warm, loader, device, steps)


def timed(step: Callable, warm: list, batches: Sized, device: torch.device, steps: int | None) -> float:
    """Return the seconds that `step` takes over `batches`, after warming up; of the first `steps` of them, times what they are of all."""
    for number, batch in enumerate(warm, 1):
        step(batch, number)
    wait(device)
    started, count = time.perf_counter(), min(steps or len(batches), len(batches))
    for number, batch in enumerate(itertools.islice(batches, count), len(warm) + 1):
        step(batch, number)
    wait(device)
    return (time.perf_counter() - started) * len(batches) / count


def wait(device: torch.device) -> None:
    """Wait until the device has done all it was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def plain(network: WordNetwork) -> WordNetwork:
    """Make recurrent layers run over every place in one plain call, attention over all of them, convolutions be torch's, as the seed's."""
    if isinstance(network, TransformerNetwork):
        network._piece = 0
    for module in network.modules():
        if isinstance(module, WordConvolution):
            module._multiply = module._convolve
        if isinstance(module, Bidirectional):
            cell = module.cell
            module.forward = lambda vectors, lengths, cell=cell: cell(vectors.transpose(0, 1))[0].transpose(0, 1)
    return network


class Compared(NamedTuple):
    """Seconds per 20,000 reviews, the best of the repeats, and the share of our steps that were replayed."""

    plain: float
    full: float
    seed: float
    replayed: float


def compare(name: str, tokens: Tokens, labels: np.ndarray, words: tuple[str, ...], args: argparse.Namespace) -> Compared:
    """Time the network with its own settings, with `--set`, and the seed's way."""
    device = resolve_device(args.device)
    scale = REVIEWS / len(tokens)
    plain_method = METHODS.find(name)()
    full_method = METHODS.find(name)(**{key: json.loads(value) for key, _, value in (pair.partition("=") for pair in args.set)})

    def network(method: Network, dimension: int, dropout: float) -> WordNetwork:
        torch.manual_seed(0)
        table = start_vectors(words, dimension)
        return method.build(WordEmbedding(table, word_dropout=dropout), 2).to(device).train()

    def best(run: Callable[[], float]) -> float:
        # another program on the machine only ever adds time
        return min(run() * scale for _ in range(args.repeats))

    seconds, shares = [], []
    for method in [plain_method] if full_method == plain_method else [plain_method, full_method]:
        run, share = ours(method, network(method, method.dimension, method.word_dropout), tokens, labels, device, args.steps)
        seconds.append(best(run))
        shares.append(share())
    seed_network = plain(network(plain_method, args.vectors or plain_method.dimension, 0.0))
    seed_network.embedding.table.weight.requires_grad_(not args.vectors)
    return Compared(seconds[0], seconds[-1], best(the_seed_s_way(seed_network, tokens, labels, device, args.steps)), min(shares))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--texts", type=int, default=REVIEWS)
    parser.add_argument("--steps", type=int, help="steps that are timed and stand for the whole epoch; all when not given")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--set", nargs="*", default=["batch_tokens=65536"], metavar="NAME=JSON", help="settings of the second column")
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
    print(f"settings: {', '.join(args.set) or 'none'}")
    print(f"{'s/epoch':16} {'seed':>8} {'ours':>8} {'times':>7} {'settings':>9} {'times':>7} {'replayed':>9}")
    for name in args.names:
        found = compare(name, tokens, labels.astype(np.int64), vocabulary.words, args)
        times = found.seed / found.plain, found.seed / found.full
        row = f"{name:16} {found.seed:8.2f} {found.plain:8.2f} {times[0]:7.1f} {found.full:9.2f} {times[1]:7.1f} {found.replayed:9.0%}"
        print(row, flush=True)


if __name__ == "__main__":
    main()
