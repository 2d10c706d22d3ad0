"""Every architecture with every adaptation and both engines: what trains, what is saved, what comes back."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from conftest import TINY_ENCODERS, sentences, tiny_encoder
from valence.errors import BadData, BadSetting, DataNotFound
from valence.experiment import experiment
from valence.methods import METHODS
from valence.training.encoders.backbone import Backbone
from valence.training.encoders.kinds import KINDS
from valence.types import Split, Task

ENCODERS = ("finetune", "r_drop", "sup_con", "lora", "ia3", "prompt_tuning", "p_tuning", "prefix_tuning")
WHOLE = ("finetune", "r_drop", "sup_con")
ADDED = {
    "lora": ("lora_A", "lora_B"),
    "ia3": ("ia3_l",),
    "prompt_tuning": ("prompt.vectors",),
    "p_tuning": ("prompt.inputs", "prompt.layers"),
    "prefix_tuning": ("prefix.inputs",),
}
SHORT = {"epochs": 1, "batch_texts": 4, "minimum_steps": 0, "learning_rate": 0.01, "max_length": 32}
SMALL = {"prompt_tuning": {"virtual_tokens": 3}, "p_tuning": {"virtual_tokens": 3, "prompt_size": 4}, "prefix_tuning": {"prefix_length": 3}}


def method(name, backbone="tiny-bert", **settings):
    return METHODS.find(name)(backbone=str(tiny_encoder(backbone)), **SHORT, **SMALL.get(name, {}), **settings)


def split(n=8):
    texts, labels = sentences(n)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels))


def fitted(chosen, seed=0):
    return chosen.fit(split(), split(4), Task(("bad", "good"), seed, device="cpu"))


def test_every_architecture_has_a_tiny_encoder():
    made = {kind.replace("-", "_") for kind, _ in TINY_ENCODERS.values()}
    assert made == set(KINDS.names)


@pytest.mark.parametrize("engine", ["packed", "trainer"])
@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("backbone", TINY_ENCODERS)
def test_every_architecture_trains_and_reloads_bit_for_bit(backbone, name, engine, tmp_path):
    chosen = method(name, backbone, engine=engine)
    classifier = fitted(chosen)
    classifier.save(tmp_path)
    again = chosen.load(tmp_path, Task(("bad", "good"), device="cpu"))
    np.testing.assert_array_equal(again.logits(split().texts), classifier.logits(split().texts))
    assert again.size == classifier.size


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("backbone", TINY_ENCODERS)
def test_what_trains_is_the_head_and_what_the_method_adds(backbone, name):
    chosen = method(name, backbone)
    network = chosen.wrap(Backbone.find(chosen.backbone).model(("bad", "good")))
    trained = {n for n, p in network.named_parameters() if p.requires_grad}
    head = {n for n, _ in network.named_parameters() if n.removeprefix("model.").startswith(network.kind.head)}
    assert head
    assert head <= trained, "the head always trains"
    others = trained - head
    if name in WHOLE:
        assert others == {n for n, _ in network.named_parameters()} - head
    else:
        assert others
        assert all(any(mark in n for mark in ADDED[name]) for n in others), others
        assert all(any(mark in n for n in others) for mark in ADDED[name]), others


@pytest.mark.parametrize("name", ["lora", "prefix_tuning"])
def test_training_moves_what_trains_and_leaves_the_rest(name):
    chosen = method(name)
    classifier = fitted(chosen)
    untouched = chosen.wrap(Backbone.find(chosen.backbone).model(("bad", "good")))
    before = dict(untouched.named_parameters())
    for n, p in classifier.network.named_parameters():
        if not p.requires_grad:
            assert (p == before[n]).all(), n


def test_lora_adapts_the_projections_it_names():
    chosen = method("lora", projections=("query", "key", "feedforward"))
    network = chosen.wrap(Backbone.find(chosen.backbone).model(("bad", "good")))
    adapted = {n.split(".lora_A")[0].rpartition("layer.0.")[2] for n, _ in network.named_parameters() if "lora_A" in n and "layer.0." in n}
    assert adapted == {"attention.self.query", "attention.self.key", "output.dense"}


def test_an_adapter_is_small_and_names_its_backbone(tmp_path):
    fitted(method("lora")).save(tmp_path)
    names = {p.name for p in tmp_path.iterdir()}
    assert names == {"adapter.safetensors", "backbone.json", "tokenizer.json", "tokenizer_config.json"}


def test_another_backbone_under_an_adapter_is_refused(tmp_path):
    chosen = method("lora")
    fitted(chosen).save(tmp_path)
    said = (tmp_path / "backbone.json").read_text(encoding="utf-8")
    digest = Backbone.find(chosen.backbone).digest()
    (tmp_path / "backbone.json").write_text(said.replace(digest, "0" * 16), encoding="utf-8")
    with pytest.raises(BadData, match="learned over other weights"):
        chosen.load(tmp_path, Task(("bad", "good"), device="cpu"))


@pytest.mark.parametrize("backbone", TINY_ENCODERS)
def test_a_whole_encoder_loads_in_plain_transformers_and_answers_the_same(backbone, tmp_path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    classifier = fitted(method("finetune", backbone))
    classifier.save(tmp_path)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    texts = split().texts
    with torch.no_grad():
        logits = model(**tokenizer(list(texts), padding=True, return_tensors="pt")).logits
    np.testing.assert_allclose(logits.numpy(), classifier.logits(texts), atol=1e-5)
    assert model.config.id2label == {0: "bad", 1: "good"}


def test_the_two_engines_end_with_the_same_weights_where_nothing_is_dropped(tmp_path):
    import json

    folder = tmp_path / "still"
    folder.mkdir()
    for file in tiny_encoder("tiny-bert").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    finetune = METHODS.find("finetune")
    packed, trainer = (fitted(finetune(backbone=str(folder), **SHORT, engine=engine)) for engine in ("packed", "trainer"))
    np.testing.assert_allclose(packed.logits(split().texts), trainer.logits(split().texts), atol=1e-4)


def test_r_drop_at_weight_0_and_sup_con_at_share_0_still_learn_by_cross_entropy():
    for chosen in (method("r_drop", alpha=0), method("sup_con", contrastive_share=0)):
        assert np.isfinite(fitted(chosen).logits(split().texts)).all()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("r_drop", {}),
        ("sup_con", {}),
        ("lora", {"contrastive_share": 0.1}),
        ("tapt", {"alpha": 1.0}),
    ],
)
def test_an_adversarial_step_under_a_loss_that_compares_texts_is_refused_and_not_passed_over(name, settings):
    with pytest.raises(ValidationError, match=r"adversarial 0\.5 does not go with a loss that compares"):
        METHODS.find(name)(adversarial=0.5, **settings)
    assert METHODS.find("finetune")(adversarial=0.5).adversarial == 0.5
    assert METHODS.find("lora")(adversarial=0.5).adversarial == 0.5


@pytest.mark.parametrize("name", ["lora", "ia3", "prompt_tuning", "p_tuning", "prefix_tuning"])
def test_an_adversarial_step_trains_with_a_frozen_table(name):
    assert np.isfinite(fitted(method(name, adversarial=0.5)).logits(split().texts)).all()


@pytest.mark.parametrize("engine", ["trainer", "unsloth"])
def test_checkpointing_layers_that_an_engine_would_pass_over_is_refused(engine):
    with pytest.raises(ValidationError, match=f"gradient_checkpointing needs engine packed; {engine} reads"):
        METHODS.find("finetune")(engine=engine, gradient_checkpointing=True)


@pytest.mark.parametrize("name", ["finetune", "setfit"])
def test_the_precision_that_is_asked_for_is_the_network_s_at_prediction_too(name):
    chosen = METHODS.find(name)(backbone=str(tiny_encoder("tiny-bert")), precision="float32")
    assert chosen.wrap(Backbone.find(chosen.backbone).model(("bad", "good"))).precision == "float32"


@pytest.mark.parametrize("name", ["finetune", "tapt"])
def test_a_report_that_cannot_be_written_is_refused_before_any_weights(name, monkeypatch):
    def fetched(*_, **__):
        raise AssertionError("weights were fetched")

    monkeypatch.setattr(Backbone, "model", fetched)
    monkeypatch.setattr("valence.training.encoders.masked_words.Masker.over", fetched)
    with pytest.raises(BadSetting, match=r"^--report-to nosuch"):
        fitted(METHODS.find(name)(backbone=str(tiny_encoder("tiny-bert")), engine="trainer", report_to="nosuch", max_length=32))


def test_the_rows_of_unsloth_and_of_its_own_cross_entropy_are_one_method_with_the_same_settings():
    first, second = (experiment(name).differences() for name in ("deberta_unsloth", "deberta_unsloth_celoss"))
    assert first == second


def test_a_prediction_is_one_forward_pass_of_each_text_under_r_drop():
    classifier = fitted(method("r_drop"))
    read = []
    classifier.network.register_forward_hook(lambda module, given, logits: read.append(len(logits)))
    classifier.predict(split().texts)
    assert sum(read) == len(split().texts)


def wrapped(name, **settings):
    chosen = method(name, **settings)
    return chosen.wrap(Backbone.find(chosen.backbone).model(("bad", "good")))


@pytest.mark.parametrize(
    ("name", "settings", "given"),
    [
        ("r_drop", {"alpha": 2.5}, {"alpha": 2.5}),
        ("tapt", {"alpha": 0.5}, {"alpha": 0.5}),
        ("sup_con", {"contrastive_share": 0.2, "temperature": 0.7}, {"share": 0.2, "temperature": 0.7}),
        ("lora", {"contrastive_share": 0.1}, {"share": 0.1, "temperature": 0.3}),
    ],
)
def test_the_weight_of_a_second_loss_reaches_it(name, settings, given):
    assert METHODS.find(name)(**settings).objective().keywords == given


@pytest.mark.parametrize("keep", ["head", "tail", "head+tail"])
def test_the_part_of_a_long_text_that_is_asked_for_is_what_trains(keep):
    chosen = METHODS.find("finetune")(backbone=str(tiny_encoder("tiny-bert")), max_length=6, keep=keep)
    subwords = Backbone.find(chosen.backbone).subwords()
    long = Split(("a",), ("the plot and the cast was boring even the score",), np.array([0]))
    read = chosen.examples(subwords, long, torch.device("cpu"))
    assert read.ids[:-1].tolist() == subwords.encode(long.texts, 6, keep).ids.tolist()


@pytest.mark.parametrize(("rank_stabilised", "scale"), [(False, 12 / 4), (True, 12 / 4**0.5)])
def test_updates_of_lora_have_the_asked_rank_scale_and_dropout(rank_stabilised, scale):
    network = wrapped("lora", rank=4, alpha=12, lora_dropout=0.25, rank_stabilised=rank_stabilised)
    updates = [m for m in network.modules() if hasattr(m, "lora_A")]
    assert updates
    for update in updates:
        assert update.scaling["default"] == scale
        assert update.lora_A["default"].out_features == 4
        assert update.lora_dropout["default"].p == 0.25


def test_what_makes_a_prefix_or_a_prompt_is_what_was_asked_for():
    assert len(wrapped("prefix_tuning").prefix.layers) == 0, "learned directly, as P-tuning v2"
    assert wrapped("prefix_tuning", prefix_hidden=7).prefix.layers[0].out_features == 7
    assert wrapped("p_tuning").prompt.reader is None
    made = wrapped("p_tuning", prompt_encoder="lstm").prompt
    assert made.reader.bidirectional
    assert made.reader.hidden_size == 4


@pytest.mark.parametrize("asked", [False, True])
def test_layers_are_computed_again_where_that_is_asked_for(asked):
    assert wrapped("finetune", gradient_checkpointing=asked).recompute is asked


def test_an_architecture_we_cannot_read_is_refused_by_name_before_any_weights(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}', encoding="utf-8")
    with pytest.raises(BadSetting, match="architecture 'gpt2'; encoders can be: albert, bert, deberta-v2"):
        fitted(METHODS.find("finetune")(backbone=str(tmp_path)))


def test_a_convolution_in_deberta_is_refused_with_its_reason(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "deberta-v2", "conv_kernel_size": 3}', encoding="utf-8")
    with pytest.raises(BadSetting, match="convolution over 3 tokens"):
        fitted(METHODS.find("finetune")(backbone=str(tmp_path)))


@pytest.mark.parametrize(("backbone", "positions"), [("tiny-bert", 140), ("tiny-roberta", 138), ("tiny-mpnet", 138)])
def test_more_tokens_than_positions_are_refused(backbone, positions):
    settings = {**SHORT, "max_length": positions + 1}
    with pytest.raises(BadSetting, match=f"max_length {positions + 1} is more than the {positions} positions"):
        fitted(METHODS.find("finetune")(backbone=str(tiny_encoder(backbone)), **settings))
    whole = METHODS.find("finetune")(backbone=str(tiny_encoder(backbone)), **{**SHORT, "max_length": positions})
    texts = ("word " * 200,) * 4
    split_of_long = Split(tuple("abcd"), texts, np.array([0, 1, 0, 1]))
    assert np.isfinite(whole.fit(split_of_long, split_of_long, Task(("bad", "good"), device="cpu")).logits(texts)).all()


def test_a_backbone_that_is_nowhere_names_the_places(monkeypatch, tmp_path):
    monkeypatch.setenv("VALENCE_MODELS", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataNotFound, match="VALENCE_MODELS"):
        fitted(METHODS.find("finetune")(backbone="no-such/encoder-anywhere"))
    assert Backbone.find("no-such/encoder-anywhere").place == "no-such/encoder-anywhere"


def test_a_backbone_is_found_by_its_last_name_under_valence_models(monkeypatch):
    folder = tiny_encoder("tiny-mpnet")
    monkeypatch.setenv("VALENCE_MODELS", str(folder.parent))
    assert Backbone.find("some-team/tiny-mpnet").place == str(folder)


def test_layer_decay_lowers_the_rates_towards_the_embeddings():
    chosen = method("finetune", layer_decay=0.5)
    network = chosen.wrap(Backbone.find(chosen.backbone).model(("bad", "good")))
    assert network.rate_of("model.classifier.weight") == 1.0
    assert network.rate_of("model.bert.encoder.layer.1.output.dense.weight") == 0.5
    assert network.rate_of("model.bert.encoder.layer.0.output.dense.weight") == 0.25
    assert network.rate_of("model.bert.embeddings.word_embeddings.weight") == 0.125


def test_a_small_set_is_passed_over_until_there_are_enough_steps():
    rows = []

    class Notes(Task.__dataclass_fields__["journal"].default_factory):
        def log(self, step, **values):
            rows.append((step, values))

    chosen = method("finetune").model_copy(update={"minimum_steps": 30})
    chosen.fit(split(), split(4), Task(("bad", "good"), device="cpu", journal=Notes()))
    assert rows[-1][0] == 30
    assert sum("valid_accuracy" in values for _, values in rows) <= 20
