"""What vote, stacking and cascade share: members that never see `valid`, their own seeds, journals and folders."""

import json
from typing import ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from conftest import sentences
from valence.data.subsample import hold_out
from valence.errors import BadSetting, UnknownName
from valence.methods.cascade import Cascade, Switch
from valence.methods.majority import Majority
from valence.methods.nb_svm import NbSvm
from valence.methods.stacking import Stacking
from valence.methods.vote import Vote
from valence.types import Journal, Split, Task

HOWS = [Vote(weights="fitted"), Stacking(), Cascade(share=0.5)]


def toy(n=80, classes=2):
    texts, labels = sentences(n, classes=classes)
    return Split(tuple(map(str, range(n))), tuple(texts), np.array(labels))


def parts():
    return hold_out(toy(), 0.25, seed=0)


class Spy(NbSvm):
    seen: ClassVar[list] = []

    def fit(self, train, valid, task):
        Spy.seen.append((set(train.ids) | set(valid.ids), task.seed))
        return super().fit(train, valid, task)


@pytest.mark.parametrize("method", HOWS, ids=lambda m: m.name())
def test_no_member_sees_a_text_that_the_rule_learns_from(method, monkeypatch):
    from valence.methods import METHODS

    train, valid = parts()
    monkeypatch.setattr(Spy, "seen", [])
    monkeypatch.setattr(type(METHODS), "find", lambda self, name: Spy)
    method.fit(train, valid, Task(("bad", "good"), seed=3, device="cpu"))
    assert [ids for ids, _ in Spy.seen] == [set(train.ids)] * 2, "train whole, valid not at all"
    assert [seed for _, seed in Spy.seen] == [3, 4]


def test_a_method_named_twice_is_fitted_with_two_seeds():
    combined = Vote(members="mean_embedding,mean_embedding").fit(*parts(), Task(("bad", "good"), device="cpu"))
    first, second = (m.classifier.predict(toy().texts).probabilities for m in combined.members)
    assert np.abs(first - second).max() > 0


@pytest.mark.parametrize("method", HOWS, ids=lambda m: m.name())
def test_a_model_folder_answers_the_same_bits_wherever_it_is_moved(method, tmp_path):
    combined = method.fit(*parts(), Task(("bad", "good"), device="cpu"))
    (tmp_path / "model").mkdir()
    combined.save(tmp_path / "model")
    (tmp_path / "model").rename(tmp_path / "moved")
    again = method.load(tmp_path / "moved", Task(("bad", "good"), device="cpu"))
    np.testing.assert_array_equal(again.predict(toy().texts).probabilities, combined.predict(toy().texts).probabilities)
    about = json.loads((tmp_path / "moved" / "combination.json").read_text(encoding="utf-8"))
    assert len(about["members"]) == 2


@pytest.mark.parametrize("method", HOWS, ids=lambda m: m.name())
def test_order_number_and_neighbours_change_no_bit(method):
    combined = method.fit(*parts(), Task(("bad", "good"), device="cpu"))
    texts = toy().texts[:30]
    together = combined.predict(texts).probabilities
    np.testing.assert_array_equal(combined.predict(texts[::-1]).probabilities[::-1], together)
    np.testing.assert_array_equal(np.concatenate([combined.predict([text]).probabilities for text in texts]), together)


def test_size_is_the_members_and_the_rule():
    combined = Vote().fit(*parts(), Task(("bad", "good"), device="cpu"))
    assert combined.size.total == sum(m.classifier.size.total for m in combined.members) + 2


def test_the_journal_gets_every_members_figures_and_keeps_checkpoints_apart(tmp_path):
    class Kept(Journal):
        folder = tmp_path
        rows: list = []
        notes: list = []

        def log(self, step, **values):
            self.rows.append((step, values))

        def progress(self, done, total, note=""):
            self.notes.append((done, total, note))

    Vote().fit(*parts(), Task(("bad", "good"), device="cpu", journal=Kept()))
    assert [step for step, _ in Kept.rows] == [1, 2]
    assert all(values["valid_accuracy"] > 0.5 for _, values in Kept.rows)
    assert {note.split(":")[0] for _, _, note in Kept.notes} == {"nb_svm", "mean_embedding"}
    assert all(0 <= done <= total == 2 for done, total, _ in Kept.notes)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0", "1"]


@pytest.mark.parametrize(("members", "why"), [("nb_svm", "1 is named"), (" , ", "0 is named")])
def test_fewer_than_two_members_are_refused(members, why):
    with pytest.raises(ValidationError, match=why):
        Vote(members=members)


def test_a_cascade_of_three_is_refused():
    with pytest.raises(ValidationError, match="3 are named"):
        Cascade(members="nb_svm,majority,tfidf_linear")


def test_runs_and_unknown_methods_cannot_be_fitted():
    task = Task(("bad", "good"), device="cpu")
    with pytest.raises(BadSetting, match="Combine them with: valence combine nb_svm--a nb_svm--b"):
        Vote(members="nb_svm--a, nb_svm--b").fit(*parts(), task)
    with pytest.raises(UnknownName, match="Did you mean 'nb_svm'"):
        Vote(members="nb_swm,majority").fit(*parts(), task)


def test_the_backbone_is_the_members():
    assert Vote().backbone == ""
    assert Vote(members="nb_svm--run,other--run").backbone == ""


def test_a_cascade_asks_the_second_member_about_unsure_texts_only():
    asked = []

    def second(texts):
        asked.extend(texts)
        return np.full((len(texts), 2), 0.5, np.float32)

    def first(texts):
        return np.array([[0.9, 0.1] if "sure" in text else [0.6, 0.4] for text in texts], np.float32)

    found = Switch(0.7).answer([first, second], ["sure", "well", "sure too"])
    assert asked == ["well"]
    np.testing.assert_allclose(found, [[0.9, 0.1], [0.5, 0.5], [0.9, 0.1]], atol=1e-6)


def test_majority_may_be_a_member():
    combined = Vote(members="majority,nb_svm").fit(*parts(), Task(("bad", "good"), device="cpu"))
    assert isinstance(combined.members[0].method, Majority)
    assert combined.predict(()).probabilities.shape == (0, 2)
