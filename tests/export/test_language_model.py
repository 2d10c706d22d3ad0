"""A tuned language model leaves as merged safetensors and a Modelfile, and gives the run's answers to 200 sentences."""

import json

import pytest
import torch

from valence.cli import main
from valence.errors import BadSetting
from valence.export.language_model import SENTENCES, answers, merge
from valence.export.ollama import write_modelfile

from conftest import sentences  # isort: skip
from tiny_language_models import save_language_model  # isort: skip

TINY = "--template brief --bits 16 --epochs 30 --minimum-steps 0 --batch-texts 8 --learning-rate 0.01 --max-review-tokens 96"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a run of qlora and one of llm_head over a random model."""
    folder = tmp_path_factory.mktemp("tuned")
    save_language_model(folder / "llama")
    texts, labels = sentences(56)
    rows = [
        f'{i},"{t}",{("negative", "positive")[y]},{"train" if i < 48 else "test"}'
        for i, (t, y) in enumerate(zip(texts, labels, strict=True))
    ]
    (folder / "reviews.csv").write_text("\n".join(["id,text,label,split", *rows]), encoding="utf-8")
    for method in ("qlora", "llm_head"):
        words = [
            "run",
            method,
            "--backbone",
            str(folder / "llama"),
            "--data",
            str(folder / "reviews.csv"),
            "--store",
            str(folder / "runs"),
            *TINY.split(),
        ]
        assert main([*words, *(["--epochs", "1"] if method == "llm_head" else [])]) == 0
    return folder / "runs"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Digests are remembered for the test alone."""
    monkeypatch.setenv("VALENCE_CACHE", str(tmp_path / "cache"))


def test_plain_transformers_gives_the_runs_answers_to_200_sentences(store, tmp_path, capsys):
    out = tmp_path / "Out"
    assert main(["export", "qlora", "--to", "ollama", "--out", str(out), "--store", str(store), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["compared"], told["largest_difference"]) == (200, None)
    assert told["flips"] <= 4
    assert json.loads((out / "config.json").read_text(encoding="utf-8"))["dtype"] == "float32"
    assert {"config.json", "model.safetensors", "tokenizer.json", "prompt.json", "Modelfile"} <= {f.name for f in out.iterdir()}
    said = answers(out, SENTENCES[:20])
    assert set(said) <= {0, 1}, "it answers with label words"
    prompt = json.loads((out / "prompt.json").read_text(encoding="utf-8"))
    lines = (out / "Modelfile").read_text(encoding="utf-8")
    assert f'TEMPLATE """{prompt["before"]}{{{{ .Prompt }}}}{prompt["after"]}"""' in lines
    assert 'PARAMETER stop "</s>"' in lines
    assert "FROM .\n" in lines
    assert "ollama create out -f Modelfile" in lines


@pytest.mark.parametrize(
    ("run", "to", "message"),
    [
        ("qlora", "onnx", "not exported to ONNX. Try --to hf or --to ollama"),
        ("llm_head", "hf", "has a head of its own"),
    ],
)
def test_what_has_no_place_elsewhere_is_refused(run, to, message, store, tmp_path, capsys):
    assert main(["export", run, "--to", to, "--out", str(tmp_path / "out"), "--store", str(store)]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("out*"))


def test_merged_matrices_are_the_sum_of_both():
    from valence.llm.random_llama import random_llama
    from valence.llm.tuning.updates import Updates, add_updates

    model = random_llama()[0]
    before = model.model.layers[0].mlp.up_proj.weight.clone()
    add_updates(model, Updates(2, 8, 0.0, "all"))
    layer = model.model.layers[0].mlp.up_proj
    with torch.no_grad():
        layer.lora_B["default"].weight.fill_(0.5)
    expected = before + 8 / 2 * 0.5 * layer.lora_A["default"].weight.sum(0)
    merge(model)
    torch.testing.assert_close(model.model.layers[0].mlp.up_proj.weight, expected)
    assert type(model.model.layers[0].mlp.up_proj) is torch.nn.Linear


def test_a_prompt_that_a_modelfile_cannot_quote_is_refused(tmp_path):
    prompt = {"before": 'Say """', "after": "", "run": "r", "words": ["a", "b"], "end": "</s>", "max_review_tokens": 8}
    with pytest.raises(BadSetting, match="cannot quote"):
        write_modelfile(prompt, "name", tmp_path)
