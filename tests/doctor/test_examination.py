import numpy as np
import pytest

from doctor.building import good, record, reviews, scored, stored
from valence.doctor import Subject, ask, examine, subjects
from valence.doctor.parts import Answers, Gold, History
from valence.doctor.subject import Absent
from valence.errors import BadData, UnknownName


def unreadable():
    raise BadData("the file is torn")


def test_a_part_that_cannot_be_read_is_absent_for_that_reason():
    subject = Subject("torn", "outputs", {Answers: unreadable, Gold: "no data set was named"})
    assert subject.lacks((Answers,)) == "the file is torn"
    assert subject.lacks((Gold,)) == "no data set was named"
    assert subject.find(Answers) is None
    with pytest.raises(Absent, match="torn"):
        subject.part(Answers)


def test_a_part_that_breaks_ends_no_examination():
    subject = Subject("broken", "outputs", {Answers: lambda: 1 / 0})
    assert subject.lacks((Answers,)) == "Answers could not be read: ZeroDivisionError: division by zero"


def test_a_model_that_cannot_be_asked_ends_no_examination():
    report = ask(lambda texts: 1 / 0, ["one text", "another text"])
    assert dict(report.subjects[0].not_examined)["answers_vary"] == "the check broke off with ZeroDivisionError: division by zero"


def test_a_part_is_read_once():
    calls = []
    subject = Subject("s", "outputs", {History: lambda: calls.append(1) or History(())})
    assert subject.part(History) is subject.part(History)
    assert calls == [1]


def test_every_check_is_carried_out_or_its_absence_explained():
    (subject,) = examine([Subject("torn", "outputs", {Answers: unreadable})]).subjects
    assert subject.carried_out == ()
    assert dict(subject.not_examined)["constant_predictions"] == "the file is torn"


def test_checks_that_nothing_was_given_for_are_named():
    report = examine([Subject("torn", "outputs", {Answers: unreadable})])
    assert "installation" in report.idle
    assert "constant_predictions" not in report.idle


def test_an_unknown_check_names_the_nearest():
    with pytest.raises(UnknownName, match="constant_predictions"):
        examine([], ["constant_prediction"])


def test_any_function_can_be_asked():
    rng = np.random.default_rng(0)
    steady = ask(lambda texts: np.array([[len(t) % 7, 1.0] for t in texts]), ["short", "a longer one", "and one that is longer still"])
    unsteady = ask(lambda texts: rng.random((len(texts), 2)), ["short", "a longer one"])
    assert steady.sound
    assert steady.subjects[0].carried_out == ("answers_vary", "batch_neighbours", "padding_read")
    assert not unsteady.sound


def test_a_broken_record_is_named_and_ends_no_examination(tmp_path):
    split = scored(reviews(tmp_path))
    store = stored(tmp_path, record("a", split, good(split.labels)), record("b", split, good(split.labels)))
    (store.path("a") / "record.json").write_text("{}", encoding="utf-8")
    found = {s.name: s for s in examine(subjects([str(store.folder)])).subjects}
    assert "is not a run record" in dict(found["a"].not_examined)["unknown_code"]
    assert found["b"].carried_out
