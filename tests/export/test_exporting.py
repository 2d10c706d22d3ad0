import json

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
import torch

from conftest import TINY_ENCODERS, sentences, tiny_encoder
from valence.errors import BadData, BadSetting, FailedRun
from valence.export import exporting
from valence.export.classifier import OnnxClassifier, processors
from valence.export.exporting import export
from valence.store import RunRecord
from valence.training.encoders.adapters import LowRank, add_ia3, add_lora
from valence.training.encoders.backbone import Backbone
from valence.training.encoders.classifier import EncoderClassifier
from valence.training.encoders.embedding import EmbeddingClassifier, Linear
from valence.training.encoders.network import EncoderNetwork
from valence.training.encoders.prefix import Prefix
from valence.training.encoders.prompt import Prompt

LABELS = ("bad", "good")
RECORD = RunRecord(
    id="finetune--own",
    group="g",
    preset="finetune",
    method="finetune",
    data="own",
    n_train=None,
    seed=0,
    experiment={},
    status="ok",
    labels=LABELS,
)
TEXTS = (*sentences(7)[0], "No.", "Line<br />break and <BR> another.", "", "word " * 200)
CPU = torch.device("cpu")


def classifier(name="tiny-bert", what="nothing", pooling="first", keep="head", linear=False):
    torch.manual_seed(0)
    origin = Backbone.find(str(tiny_encoder(name)))
    net = EncoderNetwork(origin.model(LABELS), pooling=pooling)
    if what == "prefix":
        net.prefix = Prefix(net.kind.depth, 3, net.kind.heads, net.kind.width)
    elif what == "prompt":
        net.prompt = Prompt(net.kind.words.weight, 5)
    elif what == "lora":
        add_lora(net, LowRank(4, 8, 0.1), ("query", "value"))
    elif what == "ia3":
        add_ia3(net)
    for parameter in net.parameters():  # an update starts at zero, which would merge into nothing
        if parameter.requires_grad and what in {"lora", "ia3"}:
            torch.nn.init.normal_(parameter, std=0.2)
    reading = {"max_length": 60, "keep": keep, "device": CPU}
    if linear:
        weights = np.random.default_rng(0).normal(size=(net.kind.width, 2))
        return EmbeddingClassifier(net.eval(), Linear(weights, np.array([0.1, -0.1])), origin.subwords(), origin, frozen=True, **reading)
    return EncoderClassifier(net.eval(), origin.subwords(), origin, **reading)


def by_transformers(folder, texts):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    assert model.config.id2label == dict(enumerate(LABELS))
    with torch.inference_mode():
        return model(**tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")).logits.numpy()


@pytest.mark.parametrize("name", TINY_ENCODERS)
def test_plain_transformers_answers_like_the_run(name, tmp_path):
    own = classifier(name)
    found = export(own, RECORD, "hf", tmp_path / "out")
    assert found.notes == []
    np.testing.assert_allclose(by_transformers(tmp_path / "out", TEXTS), own.logits(TEXTS), atol=2e-5)


@pytest.mark.parametrize("what", ["lora", "ia3"])
def test_adapters_are_merged(what, tmp_path):
    own = classifier("tiny-roberta", what)
    before = own.logits(TEXTS)
    export(own, RECORD, "hf", tmp_path / "hf")
    export(own, RECORD, "onnx", tmp_path / "onnx")
    np.testing.assert_allclose(by_transformers(tmp_path / "hf", TEXTS), before, atol=2e-5)
    np.testing.assert_allclose(OnnxClassifier(tmp_path / "onnx").logits(TEXTS), before, atol=2e-5)
    np.testing.assert_array_equal(own.logits(TEXTS), before)


def test_modernbert_takes_its_pooling_along(tmp_path):
    own = classifier("tiny-modernbert", pooling="mean")
    export(own, RECORD, "hf", tmp_path / "out")
    np.testing.assert_allclose(by_transformers(tmp_path / "out", TEXTS), own.logits(TEXTS), atol=2e-5)


def test_a_longer_text_is_cut_otherwise_by_transformers_and_that_is_said(tmp_path):
    found = export(classifier(keep="head+tail"), RECORD, "hf", tmp_path / "out")
    assert "more than 60 tokens the run reads its beginning and its end" in found.notes[0]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"what": "prompt"}, "no place for learned virtual tokens. Export it with --to onnx"),
        ({"what": "prefix"}, "no place for learned keys and values. Export it with --to onnx"),
        ({"pooling": "mean"}, "'bert' reads the first token only, this run the mean of all. Export it with --to onnx"),
        ({"linear": True}, "no head over states of length 1"),
    ],
)
def test_what_transformers_cannot_express_is_refused_with_the_way_out(how, reason, tmp_path):
    with pytest.raises(BadSetting, match=reason):
        export(classifier(**how), RECORD, "hf", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "how", [{}, {"what": "prompt", "pooling": "mean"}, {"what": "prefix", "keep": "head+tail"}, {"linear": True, "pooling": "mean"}]
)
def test_onnx_holds_all_of_a_run(how, tmp_path):
    own = classifier("tiny-mpnet", **how)
    export(own, RECORD, "onnx", tmp_path / "out")
    found = OnnxClassifier(tmp_path / "out")
    np.testing.assert_allclose(found.logits(TEXTS), own.logits(TEXTS), atol=2e-5)
    assert found.labels == LABELS
    assert found.size == own.size


@pytest.mark.parametrize("int8", [False, True])
def test_neighbours_order_and_threads_change_no_bit_of_an_answer(int8, tmp_path):
    export(classifier(), RECORD, "onnx", tmp_path / "out", int8=int8)
    found = OnnxClassifier(tmp_path / "out", threads=3)
    together = found.logits(TEXTS)
    alone = np.concatenate([OnnxClassifier(tmp_path / "out", threads=1).logits([text]) for text in TEXTS])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(found.logits(TEXTS[::-1])[::-1], together)
    assert found.logits([]).shape == (0, 2)
    np.testing.assert_allclose(found.predict(TEXTS).probabilities.sum(axis=1), 1, atol=1e-6)


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(BadSetting, match="out exists already"):
        export(classifier(), RECORD, "onnx", tmp_path / "out")
    with pytest.raises(BadSetting, match="there is no folder"):
        export(classifier(), RECORD, "onnx", tmp_path / "none" / "out")


def test_an_export_that_answers_otherwise_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "_compare", lambda *_: (0.02, 1))
    with pytest.raises(FailedRun, match=r"differs from the run: a probability by 0\.02"):
        export(classifier(), RECORD, "onnx", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_encoder_is_refused(tmp_path):
    class Other:
        pass

    with pytest.raises(BadSetting, match="finetune--own is no encoder"):
        export(Other(), RECORD, "onnx", tmp_path / "out")


@pytest.mark.parametrize("broken", ["model.onnx", "valence.json", "tokenizer.json"])
def test_a_damaged_folder_is_named(broken, tmp_path):
    export(classifier(), RECORD, "onnx", tmp_path / "out")
    (tmp_path / "out" / broken).write_text("{", encoding="utf-8")
    with pytest.raises(BadData, match="out"):
        OnnxClassifier(tmp_path / "out")


def test_saving_copies_the_folder(tmp_path):
    export(classifier(), RECORD, "onnx", tmp_path / "out")
    found = OnnxClassifier(tmp_path / "out")
    (tmp_path / "copy").mkdir()
    found.save(tmp_path / "copy")
    np.testing.assert_array_equal(OnnxClassifier(tmp_path / "copy").logits(TEXTS), found.logits(TEXTS))
    assert json.loads((tmp_path / "copy" / "valence.json").read_text(encoding="utf-8"))["run"] == "finetune--own"


def test_threads_follow_the_environment(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert processors() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert processors() >= 1
