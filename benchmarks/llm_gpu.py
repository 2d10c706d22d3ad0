"""Language models on a GPU: reviews scored and trained on per second, ours without padding against the stock ways, in one run.

    python benchmarks/llm_gpu.py score                    8B: label words scored; padded batches of 32; one by one with generate
    python benchmarks/llm_gpu.py train --bits 4           8B, QLoRA: ours against a padded loop by transformers' Trainer
    python benchmarks/llm_gpu.py train --unsloth          the same, and against unsloth's own model under that Trainer
    python benchmarks/llm_gpu.py score train --shape tiny --texts 40 --bits 16 --device cpu        does it run?

Random weights of the real shape, made on the device; reviews of the real lengths, cut at 1,024 tokens, random tokens, between
the 20 tokens of an instruction and 4 that lead to the answer. Rates count a review's own tokens and the prompt's, no padding.
The machine's own limit is measured beside them: a large bfloat16 matrix product. "TRL-like" is the loop that TRL's
SFTTrainer runs by default, done with transformers' Trainer: padded batches in random order, logits and loss over all places,
peft's own casts; TRL itself is not installed where this was measured. With --unsloth the weights are written to a folder first
(16 GB for the 8B), since that package reads them from one; its model, its fused loss and its checkpointing run under the same
Trainer with the settings its notebooks name (AdamW of eight bits), over the same reviews.
Reads imdb.parquet in $VALENCE_DATA for the lengths; without it, lengths of the same mean and spread.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, Trainer, TrainingArguments

from valence.errors import ValenceError
from valence.llm.random_llama import byte_tokenizer
from valence.llm.tuning.networks import AnswerNetwork
from valence.llm.tuning.updates import Updates, add_updates
from valence.text.vocabulary import Tokens
from valence.training.batching import Plan
from valence.training.device import resolve_device
from valence.training.examples import Examples
from valence.training.prediction import predict_logits
from valence.training.trainer import quiet_transformers
from valence.training.unsloth import check_unsloth, import_unsloth

LLAMA = {"rope_theta": 500000.0, "max_position_embeddings": 131072, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
SHAPES = {
    "8b": {"vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32},
    "1b": {"vocab_size": 128256, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32},
    "tiny": {"vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 8},
}
OPENING, CLOSING, LONGEST = 20, 4, 1024
WORDS, END = ((11,), (12,)), 2
BATCH = 16


def model(shape: str, device: torch.device) -> Any:  # noqa: ANN401
    """Make a Llama of that shape in bfloat16 with random weights, on the device."""
    config = AutoConfig.for_model("llama", num_key_value_heads=8, **LLAMA, **SHAPES[shape])
    torch.manual_seed(0)
    kind = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device), quiet_transformers():
            return AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval()
    finally:
        torch.set_default_dtype(kind)


def review_lengths(n: int) -> NDArray[np.int64]:
    """Return tokens of n reviews; a word is 1.275 tokens of Qwen2.5's tokenizer, which gives its measured mean of 286 after cutting."""
    from valence.errors import DataNotFound

    rng = np.random.default_rng(0)
    try:
        from valence.data import load

        texts = load("imdb").splits["test"].texts
        words = np.array([len(texts[i].split()) for i in rng.permutation(len(texts))[:n]])
    except DataNotFound:
        words = rng.lognormal(5.25, 0.62, n)
    return np.clip((words * 1.275).astype(np.int64), 8, LONGEST)


def prompts(lengths: NDArray[np.int64], vocabulary: int, device: torch.device, *, opening: bool) -> Examples:
    """Make prompts around random reviews of these lengths, with or without the tokens that all begin with."""
    rng = np.random.default_rng(1)
    reviews = [rng.integers(20, vocabulary, n) for n in lengths]
    first, last = (np.arange(20, 20 + OPENING) if opening else np.zeros(0, np.int64)), np.arange(50, 50 + CLOSING)
    rows = [np.concatenate([first, review, last]) for review in reviews]
    ends = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return Examples(Tokens(np.concatenate(rows).astype(np.int32), ends), rng.integers(0, 2, len(rows)), device)


def clock(device: torch.device) -> float:
    """Return the time once the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def limit(device: torch.device) -> float:
    """Return the teraflops per second of a large bfloat16 matrix product."""
    size = 8192 if device.type == "cuda" else 512
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    for _ in range(3):
        a @ b
    started, rounds = clock(device), 30
    for _ in range(rounds):
        a @ b
    return rounds * 2 * size**3 / (clock(device) - started) / 1e12


def flops_per_token(llm: Any, length: float) -> float:  # noqa: ANN401
    """Return a forward pass's operations per token in the body: its matrices, and causal attention over prompts of that mean length."""
    shape = llm.config
    matrices = sum(m.in_features * m.out_features for m in llm.get_decoder().modules() if isinstance(m, nn.Linear))
    return 2 * matrices + 2 * shape.num_hidden_layers * shape.hidden_size * length


def rated(name: str, texts: int, tokens: int, seconds: float, **more: float) -> dict[str, float]:
    """Print and return a rate."""
    found = {"reviews_per_second": texts / seconds, "tokens_per_second": tokens / seconds, **more}
    print(f"{name:44} " + "  ".join(f"{key} {value:,.4g}" for key, value in found.items()), flush=True)
    return found


@torch.inference_mode()
def stock_logits(llm: Any, data: Examples, texts: int) -> torch.Tensor:  # noqa: ANN401
    """Score padded batches of 32 in the order of the data, padded in front, logits in the last place only; return the label words'."""
    found = []
    for start in range(0, texts, 32):
        rows = [_row(data, i) for i in range(start, min(start + 32, texts))]
        longest = max(map(len, rows))
        ids = torch.stack([nn.functional.pad(row, (longest - len(row), 0)) for row in rows])
        seen = torch.stack([nn.functional.pad(torch.ones_like(row), (longest - len(row), 0)) for row in rows])
        logits = llm(input_ids=ids, attention_mask=seen, use_cache=False, logits_to_keep=1).logits[:, -1].float().log_softmax(-1)
        found.append(logits[:, [word[0] for word in WORDS]])
    return torch.cat(found)


@torch.inference_mode()
def one_by_one(llm: Any, data: Examples, texts: int) -> None:  # noqa: ANN401
    """Let `generate` say three tokens about each review, one review at a time: what the original document did."""
    plan = GenerationConfig(max_new_tokens=3, do_sample=False, pad_token_id=0, eos_token_id=END, bos_token_id=1)  # type: ignore[no-untyped-call]
    for i in range(texts):
        ids = _row(data, i)[None]
        llm.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=plan)


def _row(data: Examples, i: int) -> torch.Tensor:
    start = int(data.lengths[:i].sum())
    return data.ids[start : start + int(data.lengths[i])].long()


def score(options: argparse.Namespace, device: torch.device, tflops: float) -> dict[str, Any]:
    """Score label words: stock, one by one, ours."""
    llm = model(options.shape, device)
    lengths = review_lengths(options.texts)
    whole, rest = (prompts(lengths, llm.config.vocab_size, device, opening=opening) for opening in (True, False))
    most = flops_per_token(llm, float(whole.lengths.mean()))
    found: dict[str, Any] = {"limit_tokens_per_second": tflops * 1e12 / most, "mean_tokens": float(whole.lengths.mean())}
    print(f"limit {tflops:.0f} TFLOP/s: {found['limit_tokens_per_second']:,.0f} tokens/s; prompts of {found['mean_tokens']:.0f} tokens")
    few, some = min(24, options.texts), min(768, options.texts)
    stock_logits(llm, whole, min(32, some))
    started = clock(device)
    stock = stock_logits(llm, whole, some)
    found["stock"] = rated("stock: padded batches of 32", some, int(whole.lengths[:some].sum()), clock(device) - started)
    one_by_one(llm, whole, 2)
    started = clock(device)
    one_by_one(llm, whole, few)
    found["generate"] = rated("one by one, generate", few, int(whole.lengths[:few].sum()), clock(device) - started)
    network = AnswerNetwork(llm, WORDS, END).to(device).eval()
    ways = [("ours", whole, ()), ("ours, opening read once", rest, tuple(range(20, 20 + OPENING)))]
    for compiled in (False, True) if options.compile else (False,):
        if compiled:
            network.compile_layers()
        for name, data, opening in ways:
            title = f"{name}, compiled" if compiled else name
            logits, seconds = _scored(network, data, opening, options.tokens, device)
            off = float(np.abs(np.diff(logits[:some], axis=1) - np.diff(stock.cpu().numpy(), axis=1)).max())
            share = int(whole.lengths.sum()) / seconds / found["limit_tokens_per_second"]
            more = {"of_limit": share, "to_stock": options.texts / seconds / found["stock"]["reviews_per_second"], "log_odds_off_by": off}
            found[title] = rated(title, options.texts, int(whole.lengths.sum()), seconds, **more)
    return found


def _scored(
    network: AnswerNetwork, data: Examples, opening: tuple[int, ...], tokens: int, device: torch.device
) -> tuple[NDArray[np.float32], float]:
    few = Examples(Tokens(data.ids[: int(data.lengths[:200].sum())].cpu().numpy(), np.cumsum([0, *data.lengths[:200]])), None, device)
    with network.behind(opening):
        predict_logits(network, few, budget=tokens)
        started = clock(device)
        logits = predict_logits(network, data, budget=tokens)
        return logits, clock(device) - started


def quantise(llm: Any) -> None:  # noqa: ANN401
    """Turn the body's matrices into nf4 with double quantisation, in place."""
    import bitsandbytes as bnb

    body = llm.get_decoder()
    for name, old in [(n, m) for n, m in body.named_modules() if isinstance(m, nn.Linear)]:
        new = bnb.nn.Linear4bit(
            old.in_features,
            old.out_features,
            bias=False,
            compute_dtype=torch.bfloat16,
            compress_statistics=True,
            quant_type="nf4",
            device="meta",
        )
        kept = bnb.nn.Params4bit(old.weight.data, requires_grad=False, compress_statistics=True, quant_type="nf4")
        new.weight = kept.to(old.weight.device)
        parent, _, last = name.rpartition(".")
        setattr(body.get_submodule(parent), last, new)
    llm.is_loaded_in_4bit = True


def train(options: argparse.Namespace, device: torch.device, tflops: float) -> dict[str, Any]:
    """Train low-rank updates: ours, then the padded loop over the same model, then unsloth's if asked for."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return _trained(options, device, tflops, Path(folder))


def _trained(options: argparse.Namespace, device: torch.device, tflops: float, folder: Path) -> dict[str, Any]:
    llm = model(options.shape, device)
    if options.unsloth:
        llm.save_pretrained(folder)
        tokenizer = byte_tokenizer()
        tokenizer.add_special_tokens({"pad_token": "<pad>"})
        tokenizer.save_pretrained(folder)
    most = flops_per_token(llm, 300)
    if options.bits == 4:
        quantise(llm)
    add_updates(llm, Updates(16, 32, 0.0, "all"))
    if options.checkpointing:
        llm.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    data = prompts(review_lengths(options.texts), llm.config.vocab_size, device, opening=True)
    found: dict[str, Any] = {"ours": _ours(llm, data, options, device)}
    found["trl_like"] = _padded(llm, data, options)
    if options.compile:
        found["ours, compiled"] = _ours(llm, data, options, device, compiled=True)
    rate = found["ours"]["tokens_per_second"]
    found["ratio"] = rate / found["trl_like"]["tokens_per_second"]
    # forward, and backward to the activations only; once more forward where layers are recomputed
    found["of_limit"] = rate * most * (3 if options.checkpointing else 2) / tflops / 1e12
    print(f"ours to the padded loop: {found['ratio']:.2f} x; {found['of_limit']:.2f} of the limit")
    if options.unsloth:
        del llm
        gc.collect()
        torch.cuda.empty_cache()
        found["unsloth"] = _unsloth(folder, data, options)
        best = max(v["tokens_per_second"] for k, v in found.items() if k.startswith("ours"))
        found["ratio_to_unsloth"] = best / found["unsloth"]["tokens_per_second"]
        print(f"ours, the better one, to unsloth: {found['ratio_to_unsloth']:.2f} x")
    return found


def _ours(llm: Any, data: Examples, options: argparse.Namespace, device: torch.device, *, compiled: bool = False) -> dict[str, float]:  # noqa: ANN401
    network = AnswerNetwork(llm, WORDS, END).to(device).train()
    if compiled:
        network.compile_layers()
    learned = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=2e-4, fused=True)
    plan = Plan.draw(data.lengths, epochs=1, budget=options.tokens, seed=0, texts=BATCH)
    warm, texts, tokens, started = 6 if compiled else 3, 0, 0, 0.0
    for step, rows in enumerate(plan.batches[: warm + options.steps]):
        if step == warm:
            started = clock(device)
        batch = data.batch(rows)
        with torch.autocast(device.type, torch.bfloat16):
            loss = network.answer_losses(batch.tokens, batch.lengths, batch.labels).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step >= warm:
            texts, tokens = texts + len(rows), tokens + int(data.lengths[rows].sum())
    return rated("ours, compiled" if compiled else "ours: no padding, answer's logits only", texts, tokens, clock(device) - started)


class _Rows(torch.utils.data.Dataset[dict[str, Any]]):
    def __init__(self, data: Examples) -> None:
        ids, ends = data.ids.cpu(), np.cumsum(data.lengths)
        self.rows = [torch.cat([ids[e - n : e].long(), torch.tensor([WORDS[0][0], END])]) for e, n in zip(ends, data.lengths, strict=True)]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": self.rows[index]}


def _pad(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    ids = nn.utils.rnn.pad_sequence([r["input_ids"] for r in rows], batch_first=True, padding_value=0)
    return {"input_ids": ids, "attention_mask": (ids != 0).long(), "labels": ids.masked_fill(ids == 0, -100)}


def _padded(llm: Any, data: Examples, options: argparse.Namespace) -> dict[str, float]:  # noqa: ANN401
    """Train the same updates as TRL's SFTTrainer would by default."""
    llm.set_attn_implementation("sdpa")
    layers = [module for module in llm.modules() if hasattr(module, "cast_input_dtype_enabled")]
    for module in layers:
        module.cast_input_dtype_enabled = True
    try:
        return _timed(llm, data, options, "TRL-like: padded batches of 16, all logits", 2, optim="adamw_torch_fused")
    finally:
        for module in layers:
            module.cast_input_dtype_enabled = False


def _unsloth(folder: Path, data: Examples, options: argparse.Namespace) -> dict[str, float]:
    """Train updates of the same shape in unsloth's model, as its notebooks do."""
    language = import_unsloth().FastLanguageModel
    again = "unsloth" if options.checkpointing else False
    loading = {"max_seq_length": LONGEST + 32, "dtype": torch.bfloat16, "load_in_4bit": options.bits == 4, "fix_tokenizer": False}
    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    with contextlib.redirect_stdout(io.StringIO()):
        llm, _ = language.from_pretrained(str(folder), use_gradient_checkpointing=again, **loading)
        llm = language.get_peft_model(
            llm, r=16, lora_alpha=32, lora_dropout=0, bias="none", target_modules=names, use_gradient_checkpointing=again, random_state=0
        )
    language.for_training(llm)
    # its layers are compiled in the first steps
    more: dict[str, Any] = {"optim": "adamw_8bit", "weight_decay": 0.001, "warmup_steps": 5}
    return _timed(llm, data, options, "unsloth: its model, padded batches of 16", 8, **more)


def _timed(llm: Any, data: Examples, options: argparse.Namespace, title: str, warm: int, **more: Any) -> dict[str, float]:  # noqa: ANN401
    """Time transformers' Trainer over padded batches in random order, after `warm` steps."""
    device = data.device
    marks: list[float] = []

    class Timed(Trainer):
        def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:  # noqa: ANN401
            marks.append(clock(device))
            return super().training_step(*args, **kwargs)

    steps = max(4, options.steps // 2)
    with tempfile.TemporaryDirectory() as folder, quiet_transformers():
        arguments = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            max_steps=warm + steps,
            learning_rate=2e-4,
            bf16=True,
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
            save_strategy="no",
            use_cpu=device.type == "cpu",
            seed=0,
            **more,
        )
        rows = _Rows(data)
        trainer = Timed(llm, arguments, train_dataset=rows, data_collator=_pad)
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0)).repeat(10)[: (warm + steps) * BATCH]
        trainer._get_train_sampler = lambda *_: order.tolist()  # so that it is known which reviews were read
        trainer.train()
    seconds = clock(device) - marks[warm]
    tokens = int(data.lengths[order[warm * BATCH :].numpy()].sum())
    return rated(title, steps * BATCH, tokens, seconds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=("score", "train"))
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--tokens", type=int, default=16384)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--bits", type=int, choices=(4, 16), default=4)
    parser.add_argument("--no-checkpointing", dest="checkpointing", action="store_false")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    parser.add_argument("--unsloth", action="store_true")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    try:
        device = resolve_device(options.device)
        if options.unsloth:
            check_unsloth("packed")
    except ValenceError as error:
        parser.exit(2, f"{error}\n")
    found: dict[str, Any] = {"tflops_limit": limit(device)}
    for part in options.parts:
        found[part] = {"score": score, "train": train}[part](options, device, found["tflops_limit"])
        if options.out:
            options.out.write_text(json.dumps(found, indent=2), encoding="utf-8")
        if device.type == "cuda":
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
