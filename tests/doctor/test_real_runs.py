"""A network trained as a user would, and a saved classifier of transformers: sound ones pass, broken ones are caught."""

import json

import pytest

pytest.importorskip("torch")

from conftest import tiny_encoder
from valence.cli import main
from valence.doctor import examine, subjects
from valence.doctor.checks.batch_neighbours import spread


@pytest.fixture(autouse=True)
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_fresh_network_is_without_a_warning_but_for_the_code(reviews_csv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = ["--epochs", "4", "--batch-tokens", "200", "--dimension", "16", "--min-count", "1", "--learning-rate", "0.01"]
    more = ["--word-dropout", "0.1", "--dropout", "0.1", "--average-decay", "0.9"]
    assert main(["run", "gru", "--data", str(reviews_csv), *small, *more]) == 0
    capsys.readouterr()
    code = main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    run = found["subjects"][1]
    assert code == 0, run["findings"]
    assert {"answers_vary", "batch_neighbours", "padding_read", "reload_differs", "loss_never_fell"} <= set(run["sound"])
    wrong = {f["check"] for f in run["findings"] if f["severity"] != "note"}
    assert wrong <= {"unknown_code", "scored_in_train"}, run["findings"]  # the sentences of the fixture are made from few frames


def saved_classifier(folder, bias):
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

    source = tiny_encoder("tiny-bert")
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(AutoConfig.from_pretrained(source, num_labels=2))
    with torch.no_grad():
        model.classifier.bias.fill_(bias)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    return folder


def test_a_saved_classifier_is_loaded_and_asked(tmp_path, capsys):
    (subject,) = examine(subjects([str(saved_classifier(tmp_path / "saved", 0.1))])).subjects
    assert {"answers_vary", "batch_neighbours", "padding_read", "head_frozen", "head_not_saved"} <= set(subject.sound)


def test_an_untrained_head_is_caught(tmp_path, capsys):
    (subject,) = examine(subjects([str(saved_classifier(tmp_path / "saved", 0.0))], model=False)).subjects
    assert [check for check, _ in subject.findings] == ["head_frozen"]


def test_texts_asked_one_by_one_are_spread_over_all_and_hold_words():
    assert spread(["", "a", " ", "b", "c", "d"], 2) == ["a", "c"]
