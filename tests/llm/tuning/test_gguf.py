"""A .gguf is read once into a folder that transformers loads: the same logits, the same words; what cannot be read is said in one line."""

import json

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from valence.errors import BadSetting
from valence.llm.random_llama import byte_tokenizer
from valence.llm.tuning.gguf import convert, dequantised, quantisation
from valence.llm.tuning.gguf_words import merges_of, tokenizer_of
from valence.llm.tuning.weights import Weights
from valence.training.trainer import quiet_transformers

gguf = pytest.importorskip("gguf", reason="needs the package gguf")

NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "model.layers.": "blk.",
}
"""Qwen2's tensors in transformers and in llama.cpp."""


def write(folder, path, words="gpt2"):
    """Write a tiny Qwen2 as llama.cpp's converter would, in float32."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    file = gguf.GGUFWriter(path, "qwen2")
    file.add_context_length(config["max_position_embeddings"])
    file.add_embedding_length(config["hidden_size"])
    file.add_block_count(config["num_hidden_layers"])
    file.add_feed_forward_length(config["intermediate_size"])
    file.add_head_count(config["num_attention_heads"])
    file.add_head_count_kv(config["num_key_value_heads"])
    file.add_layer_norm_rms_eps(config["rms_norm_eps"])
    file.add_rope_freq_base(10000.0)
    letters = byte_tokenizer().convert_ids_to_tokens(range(258))
    file.add_tokenizer_model(words)
    file.add_tokenizer_pre("gpt-2")
    file.add_token_list([*letters, "th", "<spare>"])
    file.add_token_types([1] * 256 + [3, 3, 1, 5])
    file.add_token_merges(["t h"])
    file.add_bos_token_id(256)
    file.add_eos_token_id(257)
    file.add_add_bos_token(True)
    file.add_chat_template("{{ messages[0].content }}")
    with quiet_transformers():
        model = AutoModelForCausalLM.from_pretrained(folder)
    for name, value in model.state_dict().items():
        for long, short in NAMES.items():
            name = name.replace(long, short)
        file.add_tensor(name, value.float().numpy())
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return model


@pytest.fixture
def lone(tmp_path, folder_of):
    """A folder that holds a .gguf and nothing else, and the model it was made of."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    return folder, write(folder_of("qwen2"), folder / "tiny-f32.gguf")


def test_a_folder_with_a_gguf_alone_is_a_backbone_with_the_same_logits(lone):
    folder, model = lone
    for name in (str(folder), str(folder / "tiny-f32.gguf")):
        found = Weights.find(name)
        assert found.title == f"{name}, dequantised f32"
        assert found.config().model_type == "qwen2"
        read = found.model(torch.device("cpu"), torch.float32, 16).eval()
        ids = torch.tensor([[256, 5, 77, 200, 3]])
        with torch.inference_mode():
            for weights in model.parameters():
                weights.copy_(weights.bfloat16())
            torch.testing.assert_close(read(input_ids=ids).logits, model(input_ids=ids).logits, atol=1e-5, rtol=0)
        assert found.digest() == Weights.find(str(folder)).digest()


def test_it_is_dequantised_once_and_whole(lone, monkeypatch):
    folder, _ = lone
    made = dequantised(folder / "tiny-f32.gguf")
    assert {f.name for f in made.iterdir()} >= {"config.json", "model.safetensors", "tokenizer.json"}
    monkeypatch.setattr("valence.llm.tuning.gguf.convert", lambda *_: pytest.fail("converted again"))
    assert dequantised(folder / "tiny-f32.gguf") == made
    assert [f.name for f in made.parent.iterdir()] == [made.name], "nothing half-made is left"


def test_the_tokenizer_knows_its_special_tokens_and_its_chat_template(lone, tmp_path):
    folder, _ = lone
    out = tmp_path / "out"
    out.mkdir()
    convert(folder / "tiny-f32.gguf", out)
    found = AutoTokenizer.from_pretrained(out)
    assert (found.bos_token, found.eos_token) == ("<s>", "</s>")
    assert found.chat_template == "{{ messages[0].content }}"
    assert found("the").input_ids == [256, 258, found.convert_tokens_to_ids("e")], "the merge is known, the beginning is written"
    assert found("a </s>", add_special_tokens=False).input_ids[-1] == 257
    assert found.decode(found("Not a joy — at all.").input_ids, skip_special_tokens=True) == "Not a joy — at all."


def test_pieces_are_merged_as_sentencepiece_merges_them():
    # by hand: "aab" -> the best piece first, "ab" (-1), then "a"+"ab" (-2); "aa" (-3) never comes to be
    words = ["<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "aab", "aa", "<0x63>"]
    scores = [0.0, 0.0, 0.0, -9.0, -9.0, -9.0, -1.0, -2.0, -3.0, 0.0]
    assert merges_of(words, scores) == [("a", "b"), ("a", "ab"), ("aa", "b"), ("a", "a")]
    about = {
        "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.scores": scores,
        "tokenizer.ggml.token_type": [2, 3, 3, *[1] * 6, 6],
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.ggml.add_bos_token": True,
        **{f"tokenizer.ggml.{name}_token_id": i for i, name in enumerate(("unknown", "bos", "eos"))},
    }
    found = tokenizer_of(about)
    assert found.convert_ids_to_tokens(found("aab ac").input_ids) == ["<s>", "aab", "▁", "a", "<0x63>"]
    assert found.decode(found("aab ac").input_ids, skip_special_tokens=True) == "aab ac"


def test_what_cannot_be_read_is_said_in_one_line(tmp_path, folder_of, monkeypatch):
    with pytest.raises(BadSetting, match="has a tokenizer 'rwkv'; known: gpt2, llama"):
        tokenizer_of({"tokenizer.ggml.tokens": [], "tokenizer.ggml.model": "rwkv"})
    (tmp_path / "torn.gguf").write_bytes(b"GGUF not really, only a beginning")
    with pytest.raises(BadSetting, match=r"torn\.gguf cannot be read as a \.gguf"):
        convert(tmp_path / "torn.gguf", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadSetting, match=r"neither config\.json nor \.gguf"):
        Weights.find(str(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("stem", "said"), [("gemma-3-270m-q4_k_m", "q4_k_m"), ("SmolLM2.Q4_1", "q4_1"), ("a-IQ3_XS", "iq3_xs"), ("a", "gguf")]
)
def test_how_the_weights_were_written_is_read_off_the_name(stem, said, tmp_path):
    assert quantisation(tmp_path / f"{stem}.gguf") == said


@pytest.mark.real
def test_a_real_gguf_cuts_texts_as_the_models_own_tokenizer():
    import os
    from pathlib import Path

    from valence.llm.tuning.gguf import _fields

    folder = Path(os.environ.get("VALENCE_MODELS", "")) / "SmolLM2-135M-Instruct"
    file = next(iter(folder.glob("*.gguf")), None)
    if file is None or not os.environ.get("VALENCE_MODELS"):
        pytest.skip("real weights: set VALENCE_MODELS to a folder with SmolLM2-135M-Instruct and its .gguf")
    ours, own = tokenizer_of(_fields(file)), AutoTokenizer.from_pretrained(folder)
    texts = ["Two  spaces,\ttab\n\n\nnew 12345 lines — a naïve café 日本語 🎬", " leading", "", "It's <b>bold</b> <|im_end|>"]
    assert ours(texts).input_ids == own(texts).input_ids
    assert (ours.bos_token, ours.eos_token, bool(ours.chat_template)) == ("<|im_start|>", "<|im_end|>", True)
    assert ours.vocab_size == own.vocab_size
