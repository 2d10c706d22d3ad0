"""The tokenizer that a .gguf holds, as one of transformers: its words, merges, special tokens and chat template.

Transformers' own reading loses the special tokens and the chat template of a Llama, and takes Gemma's pieces for a unigram
model: " negative" becomes four tokens instead of one. Ours cuts texts as llama.cpp does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from valence.errors import BadSetting

CONTROL, USER_DEFINED = 3, 4
"""`tokenizer.ggml.token_type`: never spelled by a text; found in a text before anything else."""
BEGINNINGS = {"gpt-2", "default", "smollm", "qwen2", "llama-bpe"}
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")


def tokenizer_of(about: Mapping[str, Any]) -> Any:  # noqa: ANN401 - transformers' classes are untyped
    """Return a fast tokenizer from the fields `tokenizer.…` of a .gguf.

    Raises:
        BadSetting: the words are of a kind that is not known here.
    """
    from tokenizers import AddedToken, processors
    from transformers import PreTrainedTokenizerFast

    words: list[str] = list(about["tokenizer.ggml.tokens"])
    makers: dict[str, Callable[[Mapping[str, Any], list[str]], Any]] = {"gpt2": _of_bytes, "llama": _of_pieces}
    kind = str(about.get("tokenizer.ggml.model"))
    if kind not in makers:
        raise BadSetting(
            f"The .gguf has a tokenizer {kind!r}; known: {', '.join(makers)}. Give a folder with tokenizer.json and safetensors."
        )
    made = makers[kind](about, words)
    kinds = list(about["tokenizer.ggml.token_type"])
    made.add_special_tokens([AddedToken(w, normalized=False, special=True) for w, k in zip(words, kinds, strict=True) if k == CONTROL])
    made.add_tokens([AddedToken(w, normalized=False, special=False) for w, k in zip(words, kinds, strict=True) if k == USER_DEFINED])
    names = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
    places = {name: about.get(f"tokenizer.ggml.{word}_token_id") for name, word in names.items()}
    special = {name: words[int(place)] for name, place in places.items() if place is not None}
    if about.get("tokenizer.ggml.add_bos_token") and "bos_token" in special:
        bos = special["bos_token"]
        made.post_processor = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, words.index(bos))])
    found: Any = PreTrainedTokenizerFast(tokenizer_object=made, **special)  # type: ignore[no-untyped-call]
    found.chat_template = about.get("tokenizer.chat_template")
    return found


def _of_bytes(about: Mapping[str, Any], words: list[str]) -> Any:  # noqa: ANN401
    """Return a byte-level BPE, the text cut before it as the model's own tokenizer does."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    cut = str(about.get("tokenizer.ggml.pre", "default"))
    if cut not in BEGINNINGS:
        raise BadSetting(f"The .gguf cuts texts by {cut!r}; known: {', '.join(sorted(BEGINNINGS))}. Give a folder with tokenizer.json.")
    merges = [(left, right) for left, _, right in (merge.partition(" ") for merge in about["tokenizer.ggml.merges"])]
    whole = Tokenizer(models.BPE(vocab={word: i for i, word in enumerate(words)}, merges=merges, ignore_merges=cut == "llama-bpe"))
    by_rule = {"qwen2": QWEN2, "llama-bpe": LLAMA3}.get(cut)
    level: Any = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=by_rule is None)
    before: list[Any] = [pre_tokenizers.Split(Regex(by_rule), "isolated")] if by_rule else []
    before += [pre_tokenizers.Digits(individual_digits=True)] if cut == "smollm" else []
    whole.pre_tokenizer = pre_tokenizers.Sequence([*before, level])
    if cut == "qwen2":
        whole.normalizer = normalizers.NFC()
    whole.decoder = decoders.ByteLevel()
    return whole


def _of_pieces(about: Mapping[str, Any], words: list[str]) -> Any:  # noqa: ANN401
    """Return SentencePiece's BPE, with bytes for what no piece spells."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    merges = merges_of(words, about["tokenizer.ggml.scores"])
    unknown = words[int(about.get("tokenizer.ggml.unknown_token_id", 0))]
    vocabulary = {word: i for i, word in enumerate(words)}
    whole = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token=unknown, fuse_unk=True, byte_fallback=True))
    # llama.cpp's own default is a space before every text
    spaced = bool(about.get("tokenizer.ggml.add_space_prefix", True))
    whole.normalizer = normalizers.Sequence([*([normalizers.Prepend("▁")] if spaced else []), normalizers.Replace(" ", "▁")])
    strip = [decoders.Strip(" ", 1, 0)] if spaced else []
    whole.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip])
    return whole


def merges_of(words: Sequence[str], scores: Sequence[float]) -> list[tuple[str, str]]:
    """Return every way to join two pieces into a third, the best-scored result first: what SentencePiece's BPE does step by step."""
    known = set(words)
    ranked = sorted(range(len(words)), key=lambda i: -scores[i])
    pairs = ((words[i][:at], words[i][at:]) for i in ranked for at in range(1, len(words[i])))
    return [pair for pair in pairs if pair[0] in known and pair[1] in known]


__all__ = ["merges_of", "tokenizer_of"]
