import json

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from conftest import tiny_encoder
from valence.cli import main


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Train once: a table of our sentences, a tiny BERT, pooled first."""
    from conftest import sentences

    folder = tmp_path_factory.mktemp("export")
    texts, labels = sentences(64)
    rows = [
        f'r{i},"{t}",{("negative", "positive")[y]},{"train" if i < 48 else "test"}'
        for i, (t, y) in enumerate(zip(texts, labels, strict=True))
    ]
    (folder / "own.csv").write_text("\n".join(["id,text,label,split", *rows]) + "\n", encoding="utf-8")
    store = folder / "runs"
    tiny = ["--epochs", "8", "--batch-texts", "8", "--minimum-steps", "0", "--learning-rate", "0.003", "--max-length", "64"]
    words = ["run", "finetune", "--data", str(folder / "own.csv"), "--backbone", str(tiny_encoder("tiny-bert")), "--store", str(store)]
    assert main([*words, *tiny]) == 0
    return next(p for p in store.iterdir() if not p.name.startswith("."))


def predicted(capsys, name, store, *more):
    capsys.readouterr()
    assert main(["predict", str(name), "A superb cast.", "A dreadful plot.", "--json", "--store", str(store), *more]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_exported_folder_predicts_like_its_run(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", run.name, "--store", str(run.parent), "--to", "onnx"]) == 0
    out = capsys.readouterr().out
    assert f"valence predict {run.name}-onnx" in out
    ours, theirs = predicted(capsys, run.name, run.parent), predicted(capsys, tmp_path / f"{run.name}-onnx", run.parent)
    for one, other in zip(ours, theirs, strict=True):
        assert one["label"] == other["label"]
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)


def test_json_says_how_the_answers_compare(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", run.name, "--store", str(run.parent), "--to", "onnx", "--int8", "--portable", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bits"] == 7
    assert found["folder"] == f"{run.name}-int8"
    assert found["largest_difference"] < 0.1
    assert found["bytes"] == sum(f.stat().st_size for f in (tmp_path / found["folder"]).iterdir())


def test_transformers_is_told_in_the_last_line(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", run.name, "--store", str(run.parent), "--to", "hf", "--out", "plain"]) == 0
    assert "pipeline('text-classification', 'plain')" in capsys.readouterr().out
    written = {p.name for p in (tmp_path / "plain").iterdir()}
    assert written == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "hf", "--int8"], "go with --to onnx"),
        (["--portable"], "goes with --int8"),
        (["--to", "ollama"], "is no language model: Ollama cannot run finetune"),
    ],
)
def test_what_excludes_each_other_is_refused(run, words, said, capsys):
    assert main(["export", run.name, "--store", str(run.parent), *words]) == 2
    assert said in capsys.readouterr().err


def test_an_exported_folder_is_for_the_cpu(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", run.name, "--store", str(run.parent), "--out", "out"]) == 0
    assert main(["predict", "out", "Fine.", "--device", "cuda"]) == 2
    assert "exported for the CPU" in capsys.readouterr().err


def test_a_bag_of_words_is_no_encoder(reviews_csv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "tfidf_linear", "--data", str(reviews_csv)]) == 0
    assert main(["export", "tfidf_linear"]) == 2
    assert "tfidf_linear cannot be exported" in capsys.readouterr().err
