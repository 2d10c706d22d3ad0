"""Reviews per second of encoders, ours without padding against transformers' Trainer, full size, in one run.

    python benchmarks/encoders.py roberta deberta mpnet                    train and predict, ours and stock
    python benchmarks/encoders.py roberta --tokens 65536 --no-stock        ours alone, larger batches
    python benchmarks/encoders.py deberta --check                          are ours and the stock module's logits and gradients equal?
    python benchmarks/encoders.py mpnet --no-stock --tokens 16384 --batch-texts 32   batches as the methods have them: captured, replayed
    python benchmarks/encoders.py mpnet --profile --tokens 16384           where ten steps and ten batches of prediction spend their time
    python benchmarks/encoders.py --kernel-only                            attention alone, and the kernel's tiles (attention_kernel.py)

Random weights of the real shape; reviews of the real lengths (cut at 512 tokens), random tokens. Stock: batches of 32 padded
to their longest, bfloat16, fused AdamW. The machine's own limit is measured beside them: a large bfloat16 matrix product.
Reads imdb.parquet in $VALENCE_DATA for the lengths; without it, lengths of the same mean and spread.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModelForSequenceClassification, Trainer, TrainingArguments

import attention_kernel
from valence.text.vocabulary import Tokens
from valence.training.batching import Plan, by_length
from valence.training.device import resolve_device
from valence.training.encoders.backbone import kind_of
from valence.training.encoders.network import EncoderNetwork
from valence.training.examples import Examples
from valence.training.losses import CrossEntropy
from valence.training.optimisation import build_optimizer
from valence.training.packed import start_passes
from valence.training.prediction import BUDGET as PREDICTED
from valence.training.prediction import predict_logits
from valence.training.recipe import Recipe
from valence.training.trainer import quiet_transformers

BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "roberta": ("roberta", {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1, "layer_norm_eps": 1e-5}),
    "mpnet": ("mpnet", {"vocab_size": 30527, "max_position_embeddings": 514}),
    "bert": ("bert", {"vocab_size": 30522}),
    "deberta": (
        "deberta-v2",
        {
            "vocab_size": 128100,
            "relative_attention": True,
            "position_buckets": 256,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
            "pos_att_type": ["p2c", "c2p"],
            "position_biased_input": False,
            "type_vocab_size": 0,
            "max_relative_positions": -1,
            "layer_norm_eps": 1e-7,
        },
    ),
}
LONGEST = 512


def model(name: str, *, ours: bool) -> Any:  # noqa: ANN401
    """Build a classifier of the real shape with random weights."""
    kind, shape = SHAPES[name]
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    config = AutoConfig.for_model(kind, **{**BASE, **shape}, **ids, num_labels=2)
    torch.manual_seed(0)
    settings = {"attn_implementation": kind_of(config).implementation} if ours else {}
    return AutoModelForSequenceClassification.from_config(config, **settings)


def review_lengths(n: int) -> NDArray[np.int64]:
    """Return tokens of n reviews; a word is about 1.19 tokens, which gives the measured mean of 271 after cutting."""
    from valence.errors import DataNotFound

    rng = np.random.default_rng(0)
    try:
        from valence.data import load

        texts = load("imdb").splits["train"].texts
        words = np.array([len(t.split()) for t in texts])[rng.permutation(len(texts))][:n]
    except DataNotFound:
        words = rng.lognormal(5.25, 0.62, n)
    return np.clip((words * 1.19).astype(np.int64) + 2, 8, LONGEST)


def examples(lengths: NDArray[np.int64], words: int, device: torch.device) -> Examples:
    """Make random texts of these lengths."""
    rng = np.random.default_rng(1)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Examples(Tokens(rng.integers(10, words, offsets[-1]).astype(np.int32), offsets), rng.integers(0, 2, len(lengths)), device)


def clock(device: torch.device) -> float:
    """Return the time once the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def start_training(
    name: str, data: Examples, tokens: int, *, compiled: bool, texts: int | None = None
) -> tuple[EncoderNetwork, Plan, Callable[[Any], None]]:
    """Return a network, the batches of an epoch of about `tokens` tokens each, and what trains on one of them as our engine does."""
    network = EncoderNetwork(model(name, ours=True), pooling="first").to(data.device)
    if compiled:
        network.compile()
    recipe = Recipe(learning_rate=1e-5, batch_tokens=tokens, batch_texts=texts, average_decay=0)
    plan = Plan.draw(data.lengths, epochs=1, budget=tokens, seed=0, texts=texts)
    optimizer, schedule = build_optimizer(network, recipe, plan.steps)
    network.train()
    gradients = start_passes(network, data, CrossEntropy(recipe, plan.texts_per_step, data.device), recipe)

    def step(rows: Any) -> None:  # noqa: ANN401
        gradients(rows)
        optimizer.step()
        schedule.step()

    return network, plan, step


def train_ours(name: str, data: Examples, tokens: int, *, compiled: bool, texts: int | None = None) -> dict[str, float]:
    """Train over batches of about `tokens` tokens for one epoch and time all but the first fifth of it."""
    network, plan, train = start_training(name, data, tokens, compiled=compiled, texts=texts)
    skipped = max(2, plan.steps // 5)
    started, done, read = 0.0, 0, 0
    for step, rows in enumerate(plan.batches):
        if step == skipped:
            started = clock(data.device)
        train(rows)
        if step >= skipped:
            done += len(rows)
            read += int(data.lengths[rows].sum())
    seconds = clock(data.device) - started
    return {"texts_per_second": done / seconds, "tokens_per_second": read / seconds} | predict_ours(network, data)


def profile_ours(name: str, data: Examples, tokens: int, *, compiled: bool, texts: int | None = None, steps: int = 10) -> None:
    """Print the heaviest kernels of some steps and of some batches of prediction, and how long the GPU had nothing to do."""
    network, plan, train = start_training(name, data, tokens, compiled=compiled, texts=texts)
    batches = plan.batches[: 2 * steps]
    for rows in [*batches, *batches]:  # a step is captured when its like comes again
        train(rows)
    _print_profile(f"{name} training, {tokens} tokens{' compiled' * compiled}", lambda: [train(r) for r in batches], data, batches)
    some = by_length(data.lengths, PREDICTED)
    some = some[:: max(1, len(some) // steps)]

    def predict() -> None:
        with torch.inference_mode():
            for rows in some:
                batch = data.batch(rows)
                network(batch.tokens, batch.lengths)

    network.eval()
    predict()
    _print_profile(f"{name} prediction, {PREDICTED} tokens{' compiled' * compiled}", predict, data, some)


def _print_profile(title: str, work: Callable[[], object], data: Examples, batches: Sequence[Any]) -> None:
    started = clock(data.device)
    work()
    wall = clock(data.device) - started
    kinds = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA][: 1 + (data.device.type == "cuda")]
    with torch.profiler.profile(activities=kinds) as seen:
        work()
        clock(data.device)
    on = torch.autograd.DeviceType.CUDA if data.device.type == "cuda" else torch.autograd.DeviceType.CPU
    times: dict[str, list[float]] = defaultdict(list)
    for event in seen.events() or ():
        # spans that a program marks stand beside the kernels inside them
        if event.device_type == on and not event.is_user_annotation:
            times[event.key].append(event.self_device_time_total if on == torch.autograd.DeviceType.CUDA else event.self_cpu_time_total)
    # a fifth of the way up: where others use the GPU too, longer ones contain their turns
    spent = sorted(((float(np.quantile(t, 0.2)) * len(t), sum(t), len(t), key) for key, t in times.items()), reverse=True)
    busy, ideal = sum(t for _, t, _, _ in spent) / 1e6, sum(t for t, _, _, _ in spent) / 1e6
    texts = sum(map(len, batches))
    each = len(batches)
    print(f"{title}: {texts / wall:.0f} texts/s, {wall / each * 1e3:.2f} ms a batch, idle {1 - busy / wall:.1%} of the time")
    print(
        f"  kernels {busy / each * 1e3:.2f} ms a batch, {ideal / each * 1e3:.2f} ms by their lower quintiles ({texts / ideal:.0f} texts/s)"
    )
    for quick, slow, count, key in spent[:30]:
        figures = f"{quick / 1e6 / ideal:6.1%} {quick / each / 1e3:8.3f} ms ({slow / each / 1e3:.3f}) {count / each:6.1f} calls"
        print(f"  {figures} a batch  {key[:100]}")


def predict_ours(network: EncoderNetwork, data: Examples) -> dict[str, float]:
    """Predict all, twice; time the second."""
    predict_logits(network, data)
    started = clock(data.device)
    predict_logits(network, data)
    return {"predicted_per_second": len(data) / (clock(data.device) - started)}


class _Rows(torch.utils.data.Dataset[dict[str, Any]]):
    def __init__(self, data: Examples) -> None:
        ids, ends = data.ids.cpu(), np.cumsum(data.lengths)
        self.rows = [{"input_ids": ids[e - n : e].long(), "labels": 0} for e, n in zip(ends, data.lengths, strict=True)]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.rows[index]


def _pad(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    ids = torch.nn.utils.rnn.pad_sequence([r["input_ids"] for r in rows], batch_first=True, padding_value=1)
    return {"input_ids": ids, "attention_mask": (ids != 1).long(), "labels": torch.tensor([r["labels"] for r in rows])}


def run_stock(name: str, data: Examples) -> dict[str, float]:
    """Let transformers' Trainer train and predict."""
    with tempfile.TemporaryDirectory() as folder, quiet_transformers():
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=32,
            per_device_eval_batch_size=128,
            max_steps=max(4, len(data) // 32),
            learning_rate=1e-5,
            bf16=data.device.type == "cuda",
            bf16_full_eval=data.device.type == "cuda",
            optim="adamw_torch_fused",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
            save_strategy="no",
            use_cpu=data.device.type == "cpu",
        )
        trainer = Trainer(model(name, ours=False), arguments, train_dataset=_Rows(data), data_collator=_pad)
        started = clock(data.device)
        trainer.train()
        trained = clock(data.device) - started
        trainer.predict(torch.utils.data.Subset(_Rows(data), range(min(256, len(data)))))
        started = clock(data.device)
        trainer.predict(_Rows(data))
        predicted = clock(data.device) - started
    return {"texts_per_second": arguments.max_steps * 32 / trained, "predicted_per_second": len(data) / predicted}


def check(name: str, device: torch.device, *, compiled: bool) -> dict[str, float]:
    """Compare logits and gradients of one batch in bfloat16 with the stock module's in float32."""
    data = examples(review_lengths(24), SHAPES[name][1]["vocab_size"], device)
    batch = data.batch(np.arange(24))
    found = {}
    for way in ("stock float32", "stock bfloat16", "ours bfloat16", *["ours compiled bfloat16"] * compiled):
        network = EncoderNetwork(model(name, ours=way.startswith("ours")), pooling="first", padded=way.startswith("stock")).to(device)
        network.eval()
        if "compiled" in way:
            network.compile()
        network.precision = way.split()[-1]
        with torch.autocast(device.type, torch.bfloat16, enabled=way.endswith("bfloat16")):
            logits = network(batch.tokens, batch.lengths)
        logits.float().logsumexp(1).sum().backward()
        gradient = torch.cat([p.grad.flatten().float() for p in network.kind.body.encoder.parameters() if p.grad is not None])
        found[way] = (logits.detach().float(), gradient)
    exact = found["stock float32"]
    figures = {}
    for way in (w for w in found if w.endswith("bfloat16")):
        logits, gradient = found[way]
        figures[f"{way}: logits off by"] = (logits - exact[0]).abs().max().item()
        figures[f"{way}: cosine of gradients"] = torch.nn.functional.cosine_similarity(gradient, exact[1], dim=0).item()
        figures[f"{way}: length of gradient, share"] = (gradient.norm() / exact[1].norm()).item()
    return figures


def limit(device: torch.device) -> float:
    """Return the teraflops per second of a large bfloat16 matrix product."""
    size = 8192 if device.type == "cuda" else 512
    a = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    for _ in range(3):
        a @ a
    started, rounds = clock(device), 30
    for _ in range(rounds):
        a @ a
    return rounds * 2 * size**3 / (clock(device) - started) / 1e12


def flops_per_token(length: float) -> float:
    """Return the forward pass's operations per token: matrices, and attention over texts of that mean length."""
    width, depth, inner = BASE["hidden_size"], BASE["num_hidden_layers"], BASE["intermediate_size"]
    return 2 * depth * (4 * width**2 + 2 * width * inner) + 4 * depth * width * length


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="{" + ",".join(SHAPES) + "}", default=["roberta"])
    parser.add_argument("--texts", type=int, default=8000)
    parser.add_argument("--tokens", type=int, nargs="+", default=[16384, 65536])
    parser.add_argument("--batch-texts", type=int, help="texts of a batch at most, as the methods have 32")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--stock-texts", type=int, help="texts that the stock way reads, all when not given")
    parser.add_argument("--no-stock", action="store_true")
    parser.add_argument("--compile", choices=("both", "yes", "no"), default="both")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--kernel-only", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if unknown := set(options.names) - SHAPES.keys():  # argparse of Python 3.12 holds a default list against `choices`
        parser.error(f"no shape {', '.join(sorted(unknown))}; there are {', '.join(SHAPES)}")
    device = resolve_device(options.device)
    if options.kernel_only:
        attention_kernel.main(device, review_lengths(options.texts), options.tokens)
        return
    found: dict[str, Any] = {"tflops_limit": limit(device)}
    print(f"limit: {found['tflops_limit']:.0f} TFLOP/s in bfloat16")
    for name in options.names:
        if options.check:
            found[name] = check(name, device, compiled=options.compile != "no")
            print(name, json.dumps(found[name], indent=1))
            continue
        lengths = review_lengths(options.texts)
        data = examples(lengths, SHAPES[name][1]["vocab_size"], device)
        if options.profile:
            for tokens in options.tokens:
                profile_ours(name, data, tokens, compiled=options.compile != "no", texts=options.batch_texts)
            continue
        fewer = examples(lengths[: options.stock_texts], SHAPES[name][1]["vocab_size"], device)
        cases: dict[str, Callable[[], dict[str, float]]] = {} if options.no_stock else {"stock": lambda n=name, d=fewer: run_stock(n, d)}
        for tokens in options.tokens:
            for compiled in {"both": (False, True), "yes": (True,), "no": (False,)}[options.compile]:
                cases[f"ours {tokens}{' compiled' * compiled}"] = lambda n=name, d=data, t=tokens, c=compiled: train_ours(
                    n, d, t, compiled=c, texts=options.batch_texts
                )
        for label, case in cases.items():
            try:
                figures = case()
            except (RuntimeError, TypeError, NotImplementedError) as error:
                print(f"{name:8} {label:24} {type(error).__name__}: {str(error).splitlines()[0][:150]}")
                continue
            share = 3 * flops_per_token(lengths.mean()) * lengths.mean() * figures["texts_per_second"] / found["tflops_limit"] / 1e12
            found[f"{name} {label}"] = figures | {"share_of_limit": share}
            print(f"{name:8} {label:24} {json.dumps({k: round(v, 1) for k, v in figures.items()})} share of limit {share:.2f}", flush=True)
            if device.type == "cuda":
                torch.cuda.empty_cache()
    if options.out:
        options.out.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
