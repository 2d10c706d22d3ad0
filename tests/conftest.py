"""Shared by all tests: sentences of our own, and where real data lie, if they do."""

import functools
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # networks this small are slower on two threads, and far slower on a busy machine
if shutil.which("nvidia-smi") is None:
    os.environ.setdefault("TRITON_INTERPRET", "1")  # kernels of ours run on the CPU then; read when Triton is first imported

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


TINY_ENCODERS = {
    "tiny-bert": ("bert", {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}),
    "tiny-roberta": ("roberta", {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}),
    "tiny-xlm-roberta": ("xlm-roberta", {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}),
    "tiny-electra": (
        "electra",
        {"embedding_size": 16, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
    ),
    "tiny-distilbert": ("distilbert", {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}),
    "tiny-albert": (
        "albert",
        {"embedding_size": 16, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
    ),
    "tiny-mpnet": ("mpnet", {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}),
    "tiny-deberta": (
        "deberta-v2",
        {
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            "relative_attention": True,
            "position_buckets": 4,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
            "pos_att_type": ["p2c", "c2p"],
            "position_biased_input": False,
            "type_vocab_size": 0,
            "max_relative_positions": -1,
        },
    ),
    "tiny-modernbert": (
        "modernbert",
        {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64, "local_attention": 8},
    ),
}
"""Architectures that tests make on the spot, with random weights."""


@functools.cache
def tiny_encoder(name: str) -> Path:
    """Make a folder that transformers and Valence load: random weights, and words of our sentences for a vocabulary."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

    kind, shape = TINY_ENCODERS[name]
    folder = Path(tempfile.mkdtemp(prefix="valence-tests-")) / name
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789.,;()-"]
    words = sorted({w for text in sentences(300)[0] for w in text.lower().replace(";", " ").replace(".", " ").split() if w.isalpha()})
    vocabulary = {w: i for i, w in enumerate(dict.fromkeys([*special, *letters, *("##" + c for c in letters), *words]))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    names = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, mask_token="<mask>", **names).save_pretrained(folder)
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "cls_token_id": 0, "sep_token_id": 2}
    config = AutoConfig.for_model(kind, vocab_size=len(vocabulary), max_position_embeddings=140, initializer_range=0.1, **shape, **ids)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        AutoModel.from_config(config).save_pretrained(folder)
    return folder
