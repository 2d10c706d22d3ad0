"""Each architecture is tuned, reloaded and answers the same; before and after are told apart; nothing is shared between models."""

import json

import numpy as np
import pytest

from valence.errors import BadData, BadSetting
from valence.methods.llm_head import LlmHead
from valence.methods.qlora import Qlora
from valence.types import Journal, Split, Task

from conftest import sentences  # isort: skip
from tiny_language_models import save_language_model  # isort: skip

KINDS = ("mistral", "qwen3", "llama", "gemma3_text", "phi3", "qwen2")
LABELS = ("negative", "positive")
SMALL = {
    "bits": 16,
    "epochs": 1,
    "minimum_steps": 0,
    "batch_texts": 8,
    "learning_rate": 0.002,
    "max_review_tokens": 64,
    "template": "brief",
}
OWN = {"mistral": {"sliding_window": 16}, "phi3": {"sliding_window": None}, "gemma3_text": {"head_dim": 8, "sliding_window": 16}}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Digests are remembered for the test alone; float32 on every machine."""
    monkeypatch.setenv("VALENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("valence.training.device._cpu_has_bfloat16", lambda: False)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """Make a tiny language model with a chat template, by its architecture."""
    return lambda kind, seed=0: save_language_model(tmp_path_factory.mktemp(kind), kind, seed=seed, **OWN.get(kind, {}))


def toy(n: int, seed: int = 0) -> Split:
    texts, labels = sentences(n, seed)
    return Split(tuple(f"{seed}-{i}" for i in range(n)), tuple(texts), np.array(labels, np.int64))


class Kept(Journal):
    """Keeps what it is told."""

    def __init__(self):
        self.rows = []

    def log(self, step, **values):
        self.rows.append((step, values))


def task(journal=None):
    return Task(LABELS, 0, device="cpu", journal=journal or Journal())


@pytest.mark.parametrize("kind", KINDS)
def test_each_architecture_trains_predicts_speaks_and_reloads(kind, folder_of, tmp_path):
    settings = Qlora(backbone=str(folder_of(kind)), generate=True, answer_tokens=2, **SMALL)
    journal = Kept()
    fitted = settings.fit(toy(32), toy(8, 1), task(journal))
    losses = [values["loss"] for _, values in journal.rows if "loss" in values]
    assert losses[-1] < losses[0]
    texts = ("", *toy(5, 2).texts, "word " * 300)
    told = fitted.predict(texts)
    np.testing.assert_allclose(told.probabilities.sum(1), 1, atol=1e-5)
    assert len(told.responses) == 7
    alone = np.concatenate([fitted.predict([text]).probabilities for text in texts])
    np.testing.assert_allclose(alone, told.probabilities, atol=1e-4)
    fitted.save(tmp_path)
    assert {file.name for file in tmp_path.iterdir() if file.is_file()} == {"adapter.safetensors", "backbone.json"}
    again = settings.load(tmp_path, task()).predict(texts)
    np.testing.assert_array_equal(again.probabilities, told.probabilities)
    assert again.responses == told.responses


def test_before_and_after_stand_side_by_side(folder_of):
    journal = Kept()
    settings = Qlora(
        backbone=str(folder_of("llama")), generate=True, answer_tokens=10, before=True, **{**SMALL, "epochs": 20, "learning_rate": 0.01}
    )
    valid = toy(8, 1)
    fitted = settings.fit(toy(32), valid, task(journal))
    last = journal.rows[-1][1]
    before, after = ({k: v for k, v in last.items() if k.startswith(when)} for when in ("before_", "after_"))
    assert journal.rows[0] == (0, before)
    assert len({step for step, _ in journal.rows}) == len(journal.rows), "rows of one step replace each other in a run's history"
    assert {"before_forced_accuracy", "before_log_loss", "before_valid_rate", "before_accuracy"} <= set(before)
    assert before["before_valid_rate"] == 0, "random words name no label"
    assert after["after_valid_rate"] == 1, "a tuned model answers with a label word, and stops"
    assert after["after_accuracy"] == after["after_accuracy_valid"]
    assert after["after_log_loss"] < before["before_log_loss"]
    told = fitted.predict(valid.texts)
    assert {text.lower() for text in told.responses} <= set(LABELS)
    assert after["after_forced_accuracy"] == (told.labels == valid.labels).mean()


def test_a_killed_training_resumes_to_the_same_answers_and_remembers_the_figures_before(folder_of, tmp_path):
    settings = Qlora(backbone=str(folder_of("llama")), before=True, **{**SMALL, "epochs": 3})
    train, valid = toy(32), toy(8, 1)
    whole = Kept()
    expected = settings.fit(train, valid, task(whole)).predict(valid.texts).probabilities

    class Killed(Kept):
        folder = tmp_path

        def log(self, step, **values):
            super().log(step, **values)
            if values.get("epoch") == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        settings.fit(train, valid, task(Killed()))
    resumed = Kept()
    resumed.folder = tmp_path
    np.testing.assert_array_equal(settings.fit(train, valid, task(resumed)).predict(valid.texts).probabilities, expected)
    assert resumed.rows[0][0] > 0, "a row of step 0 would wipe out the history so far"
    assert resumed.rows[-1] == whole.rows[-1]


def test_a_second_model_gets_the_very_data_that_the_first_got(folder_of, monkeypatch):
    from valence.llm.tuning.reader import Reader

    read = []
    encode = Reader.encode

    def watched(self, texts):
        found = encode(self, texts)
        read.append((tuple(texts), found.ids.tobytes(), found.offsets.tobytes()))
        return found

    monkeypatch.setattr(Reader, "encode", watched)
    train, valid = toy(16), toy(8, 1)
    held = (train.ids, train.texts, train.labels.tobytes())
    models = (Qlora(backbone=str(folder_of(kind)), **SMALL) for kind in ("llama", "qwen2", "llama"))
    answers = [model.fit(train, valid, task()).predict(valid.texts).probabilities for model in models]
    assert (train.ids, train.texts, train.labels.tobytes()) == held
    assert read[:3] == read[3:6] == read[6:9]
    np.testing.assert_array_equal(answers[0], answers[2])
    swapped = Split(train.ids, train.texts, 1 - train.labels)
    Qlora(backbone=str(folder_of("llama")), **SMALL).fit(swapped, valid, task())
    assert read[9] == read[0], "prompts are the same whatever the answers are: they hold none"


def test_other_weights_under_the_same_name_are_refused(folder_of, tmp_path):
    folder = folder_of("qwen2")
    settings = LlmHead(backbone=str(folder), **SMALL)
    settings.fit(toy(16), toy(8, 1), task()).save(tmp_path)
    (folder / "model.safetensors").write_bytes((folder_of("qwen2", seed=1) / "model.safetensors").read_bytes())
    with pytest.raises(BadData, match="was learned over other weights"):
        settings.load(tmp_path, task())


def test_a_torn_adapter_is_refused(folder_of, tmp_path):
    settings = Qlora(backbone=str(folder_of("llama")), **SMALL)
    settings.fit(toy(16), toy(8, 1), task()).save(tmp_path)
    with pytest.raises(BadData, match=r"28 tensors that are not the 28 this method learns"):
        Qlora(**{**settings.model_dump(), "rank": 4}).load(tmp_path, task())
    (tmp_path / "backbone.json").write_text(json.dumps({"name": "random"}), encoding="utf-8")
    with pytest.raises(BadData, match="cannot be read"):
        settings.load(tmp_path, task())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"bits": 4}, "bits 4 needs a CUDA device for bitsandbytes, this run is on cpu. Set --bits 16"),
        ({"engine": "unsloth"}, r"(needs the package .unsloth.|needs an NVIDIA, AMD or Intel GPU|computes on a GPU)"),
        ({"label_words": ("same", "Same")}, "label_words must be 2 different words"),
        ({"max_review_tokens": 4000}, "a prompt may take 4"),
        ({"template": "breif"}, "Did you mean 'brief'"),
    ],
)
def test_what_cannot_be_is_refused_before_weights_are_read(setting, message, folder_of, monkeypatch):
    from valence.llm.tuning.weights import Weights

    folder = folder_of("llama")
    monkeypatch.setattr(Weights, "model", lambda *_: pytest.fail("weights were read"))
    with pytest.raises((BadSetting, Exception), match=message):
        Qlora(**{**SMALL, "backbone": str(folder), **setting}).fit(toy(8), toy(4, 1), task())


@pytest.mark.parametrize("setting", [{"label_smoothing": 0.1}, {"adversarial": 0.5}, {"compiled": True, "engine": "unsloth"}])
def test_a_setting_that_would_be_passed_over_is_refused(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        Qlora(**setting)


@pytest.mark.parametrize("method", [Qlora, LlmHead])
@pytest.mark.parametrize(
    "setting", [{"precision": "bfloat16"}, {"gradient_checkpointing": True, "average_decay": 0.9, "lora_dropout": 0.1}]
)
def test_every_way_to_train_reloads_to_the_same_bits(method, setting, folder_of, tmp_path):
    settings = method(backbone=str(folder_of("gemma3_text")), **SMALL, **setting)
    texts = toy(6, 2).texts
    fitted = settings.fit(toy(16), toy(8, 1), task())
    told = fitted.predict(texts).probabilities
    assert np.isfinite(told).all()
    fitted.save(tmp_path)
    again = settings.load(tmp_path, task())
    np.testing.assert_array_equal(again.predict(texts).probabilities, told)
    assert again.size == fitted.size
    assert 0 < fitted.size.trainable < fitted.size.total


def test_eight_bits_without_their_package_are_refused_before_weights_are_read(monkeypatch):
    import importlib.util

    from valence.errors import MissingPackage
    from valence.llm.tuning.weights import Weights

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "bitsandbytes" else found(name, *rest))
    monkeypatch.setattr(Weights, "model", lambda *_: pytest.fail("weights were read"))
    with pytest.raises(MissingPackage, match=r"--optimizer adamw_8bit needs the package 'bitsandbytes'"):
        LlmHead(**{**SMALL, "backbone": "random", "optimizer": "adamw_8bit"}).fit(toy(8), toy(4, 1), task())


@pytest.mark.parametrize("method", [Qlora, LlmHead])
def test_a_training_with_moments_in_eight_bits_learns_resumes_and_reloads(method, folder_of, tmp_path):
    pytest.importorskip("bitsandbytes", reason="the package bitsandbytes is not installed")
    # rank 128: from 4,096 numbers on a tensor's moments have eight bits
    settings = method(backbone=str(folder_of("llama")), optimizer="adamw_8bit", **{**SMALL, "epochs": 3, "rank": 128})
    train, valid = toy(32), toy(8, 1)
    whole = Kept()
    fitted = settings.fit(train, valid, task(whole))
    expected = fitted.predict(valid.texts).probabilities
    assert whole.rows[-1][1]["loss"] < whole.rows[0][1]["loss"]

    class Killed(Kept):
        folder = tmp_path / "checkpoints"

        def log(self, step, **values):
            super().log(step, **values)
            if values.get("epoch") == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        settings.fit(train, valid, task(Killed()))
    resumed = Kept()
    resumed.folder = tmp_path / "checkpoints"
    np.testing.assert_array_equal(settings.fit(train, valid, task(resumed)).predict(valid.texts).probabilities, expected)
    assert resumed.rows[0][0] > 4, "it went on where it was killed"
    fitted.save(tmp_path)
    np.testing.assert_array_equal(settings.load(tmp_path, task()).predict(valid.texts).probabilities, expected)


def test_an_encoder_is_no_language_model(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    with pytest.raises(BadSetting, match="is a 'bert', no causal language model"):
        Qlora(backbone=str(tmp_path), **SMALL).fit(toy(8), toy(4, 1), task())


def test_class_weights_scale_each_texts_loss():
    import torch

    from valence.llm.tuning.tuning import AnswerLoss
    from valence.training.examples import Batch

    class Fixed(torch.nn.Module):
        def answer_losses(self, tokens, lengths, labels):
            return torch.tensor([1.0, 2.0])

    batch = Batch(torch.zeros(2, 1), torch.ones(2), torch.tensor([0, 1]))
    weighed = AnswerLoss(Qlora(bits=16), 2.0, torch.device("cpu"), torch.tensor([3.0, 0.5]))
    assert weighed(Fixed(), batch).item() == (1 * 3 + 2 * 0.5) / 2
    assert AnswerLoss(Qlora(bits=16), 2.0, torch.device("cpu"))(Fixed(), batch).item() == 1.5
