"""The engine unsloth around a stand-in for its package: what it is asked for, what it may not change, what it is refused."""

import types

import numpy as np
import pytest
import torch

from valence.errors import BadSetting
from valence.llm.tuning import fused, tuning
from valence.llm.tuning.fused import check_fused, fused_model
from valence.llm.tuning.weights import Weights
from valence.methods.llm_head import LlmHead
from valence.methods.qlora import Qlora
from valence.types import Journal, Task

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")
SMALL = {
    "bits": 16,
    "epochs": 2,
    "minimum_steps": 0,
    "batch_texts": 8,
    "learning_rate": 0.005,
    "max_review_tokens": 64,
    "template": "brief",
}


class Stand:
    """Loads and adapts as `FastLanguageModel` does, with transformers and peft alone; remembers what it was asked."""

    def __init__(self):
        self.loading, self.adapting = {}, {}

    def from_pretrained(self, place: str, **settings):
        from transformers import AutoModelForCausalLM

        self.loading = {"place": place, **settings}
        return AutoModelForCausalLM.from_pretrained(place, dtype=settings["dtype"]), None

    def get_peft_model(self, model, **settings):
        import peft

        self.adapting = dict(settings)
        for name in ("use_gradient_checkpointing", "random_state"):
            settings.pop(name)
        return peft.get_peft_model(model, peft.LoraConfig(**settings, task_type="CAUSAL_LM"))


@pytest.fixture
def stand(monkeypatch):
    """A stand-in for the package, on a CPU."""
    found, forgotten = Stand(), []
    monkeypatch.setattr(fused, "import_unsloth", lambda: types.SimpleNamespace(FastLanguageModel=found))
    monkeypatch.setattr(tuning, "check_fused", lambda weights, device, room: None)
    monkeypatch.setattr(tuning, "forget_fused", forgotten.append)
    found.forgotten = forgotten
    return found


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr(fused, "check_unsloth", lambda others: None)


def task(journal=None):
    return Task(("negative", "positive"), 0, device="cpu", journal=journal or Journal())


@pytest.mark.parametrize("method", [Qlora, LlmHead])
@pytest.mark.parametrize("kind", fused.FAMILIES)
def test_what_it_tuned_is_read_and_answers_the_same_without_it(method, kind, folder_of, split, stand, tmp_path, monkeypatch):
    settings = method(backbone=str(folder_of(kind)), engine="unsloth", **SMALL)
    texts = split(6, 2).texts
    fitted = settings.fit(split(32), split(8, 1), task())
    assert not fitted.network.padded, "answers are those of our own attention, as after reading it back"
    told = fitted.predict(texts).probabilities
    assert stand.forgotten == [kind]
    fitted.save(tmp_path)
    monkeypatch.setattr(fused, "import_unsloth", lambda: pytest.fail("reading it back needs no unsloth"))
    monkeypatch.setattr(tuning, "check_fused", lambda *_: pytest.fail("reading it back needs no unsloth"))
    np.testing.assert_array_equal(settings.load(tmp_path, task()).predict(texts).probabilities, told)
    np.testing.assert_array_equal(
        method(**{**settings.model_dump(), "engine": "packed"}).load(tmp_path, task()).predict(texts).probabilities, told
    )


def test_prompts_batches_and_losses_are_those_of_the_packed_engine(folder_of, split, stand):
    class Kept(Journal):
        def __init__(self):
            self.rows = []

        def log(self, step, **values):
            self.rows.append((step, values["loss"]))

    losses = {}
    for engine in ("packed", "unsloth"):
        journal = Kept()
        settings = Qlora(backbone=str(folder_of("llama")), engine=engine, **{**SMALL, "learning_rate": 1e-12})
        settings.fit(split(32), split(8, 1), task(journal))
        losses[engine] = np.array([loss for _, loss in journal.rows])
    assert len(losses["packed"]) == 8
    np.testing.assert_allclose(losses["unsloth"], losses["packed"], atol=1e-4)


def test_a_killed_training_goes_on(folder_of, split, stand, tmp_path):
    settings = Qlora(backbone=str(folder_of("llama")), engine="unsloth", **SMALL)
    valid = split(8, 1)
    expected = settings.fit(split(32), valid, task()).predict(valid.texts).probabilities

    class Killed(Journal):
        folder = tmp_path

        def log(self, step, **values):
            if values.get("epoch") == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        settings.fit(split(32), valid, task(Killed()))
    assert (tmp_path / "packed.safetensors").is_file()
    resumed = Journal()
    resumed.folder = tmp_path
    np.testing.assert_array_equal(settings.fit(split(32), valid, task(resumed)).predict(valid.texts).probabilities, expected)


def test_before_and_after_are_told_by_the_model_that_answers(folder_of, split, stand):
    rows = []

    class Kept(Journal):
        def log(self, step, **values):
            rows.append(values)

    Qlora(backbone=str(folder_of("llama")), engine="unsloth", before=True, generate=True, answer_tokens=2, **SMALL).fit(
        split(16), split(8, 1), task(Kept())
    )
    assert {"before_forced_accuracy", "after_forced_accuracy", "before_valid_rate", "after_valid_rate"} <= set(rows[-1])


@pytest.mark.parametrize(("projections", "learned"), [("all", 28), ("attention", 16)])
def test_it_is_asked_for_the_model_at_hand_in_the_shape_that_was_set(projections, learned, folder_of, stand):
    folder = str(folder_of("llama"))
    settings = Qlora(backbone=folder, bits=4, rank=4, alpha=8, lora_dropout=0.1, projections=projections, gradient_checkpointing=True)
    model = fused_model(settings, Weights.find(folder), torch.bfloat16, CUDA, 1100, 7)
    assert sum(p.requires_grad for p in model.parameters()) == learned
    told = {"max_seq_length": 1100, "dtype": torch.bfloat16, "load_in_4bit": True, "load_in_16bit": False, "device_map": {"": "cuda:0"}}
    told |= {"place": folder, "use_exact_model_name": True, "trust_remote_code": False, "fix_tokenizer": False}
    assert told.items() <= stand.loading.items()
    told = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "bias": "none", "use_gradient_checkpointing": "unsloth", "random_state": 7}
    assert told.items() <= stand.adapting.items()


@pytest.mark.parametrize(
    ("backbone", "device", "room", "message"),
    [
        ("llama", CPU, 100, "computes on a GPU, this run is on cpu. Use --device cuda, or --engine packed"),
        ("random", CUDA, 100, "backbone 'random' is neither"),
        ("gemma3_text", CUDA, 100, "has layers of its own for llama, mistral, qwen2, qwen3; .* is a gemma3_text. Use --engine packed"),
        ("mistral", CUDA, 17, "a prompt may take 17 tokens, .* looks back over 16"),
    ],
)
def test_what_it_cannot_tune_is_refused(backbone, device, room, message, folder_of, gpu):
    weights = Weights.find(backbone if backbone == "random" else str(folder_of(backbone)))
    with pytest.raises(BadSetting, match=message):
        check_fused(weights, device, room)


@pytest.mark.parametrize(("backbone", "room"), [("llama", 5000), ("qwen2", 100), ("mistral", 16)])
def test_what_it_can_tune_is_let_through(backbone, room, folder_of, gpu):
    weights = Weights.find(str(folder_of(backbone)))
    assert check_fused(weights, CUDA, room) is None
