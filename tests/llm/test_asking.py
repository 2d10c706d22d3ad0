"""An interrupted run goes on where it stopped; what stays unanswered is counted and named; every model has its own figures."""

import pytest

from valence.errors import FailedRun
from valence.llm.asked import Answer, Unanswered
from valence.llm.asking import GONE, ask_all
from valence.llm.cache import AnswerCache


class Model:
    """Says the length of a review, and remembers what it was asked."""

    name, parameters, device = "m", 0, "cpu"

    def __init__(self, identity="m", dies_after=None, deaf_to=(), gone=False):
        self.identity, self.dies_after, self.deaf_to, self.gone, self.asked = identity, dies_after, deaf_to, gone, []

    def ask(self, questions, ask):
        for i, question in enumerate(questions):
            if self.dies_after is not None and len(self.asked) >= self.dies_after:
                raise KeyboardInterrupt
            self.asked.append(question.review)
            deaf = question.review in self.deaf_to
            yield i, Unanswered("status 500: no", self.gone) if deaf else Answer(text=str(len(question.review)))


def quiet(done, total, note):
    """Show nothing."""


@pytest.fixture
def cache(tmp_path):
    found = AnswerCache(tmp_path)
    yield found
    found.close()


def test_an_interrupted_run_asks_nothing_twice(questions, ask, cache):
    asked = questions(*(f"Review {i}" for i in range(30)))
    first = Model(dies_after=11)
    with pytest.raises(KeyboardInterrupt):
        ask_all(first, asked, ask("generate"), cache, quiet)
    second, seen = Model(), []
    replies, tally = ask_all(second, asked, ask("generate"), cache, lambda done, total, note: seen.append((done, total)))
    assert first.asked + second.asked == [f"Review {i}" for i in range(30)]
    assert [reply.text for reply in replies] == [str(len(q.review)) for q in asked]
    assert (tally.asked, tally.remembered) == (19, 11)
    assert tally.earlier_seconds > 0
    assert seen == [(done, 30) for done in range(12, 31)]


def test_equal_reviews_are_asked_once_and_other_ways_and_models_again(questions, ask, cache):
    asked = questions("Fun.", "Dull.", "Fun.")
    one, other = Model(), Model(identity="other")
    assert len(ask_all(one, asked, ask("generate"), cache, quiet)[0]) == 3
    ask_all(one, asked, ask("choice"), cache, quiet)
    _, tally = ask_all(other, asked, ask("generate"), cache, quiet)
    assert one.asked == ["Fun.", "Dull."] * 2
    assert (tally.asked, tally.remembered) == (2, 0)


def test_what_stays_unanswered_is_named_and_asked_again_next_time(questions, ask, cache):
    asked = questions("Fun.", "Dull.", "So so.")
    replies, tally = ask_all(Model(deaf_to={"Dull."}), asked, ask("generate"), cache, quiet)
    assert tally.unanswered == {1: "status 500: no"}
    assert replies[1] == Unanswered("status 500: no")
    again = Model()
    _, tally = ask_all(again, asked, ask("generate"), cache, quiet)
    assert again.asked == ["Dull."]
    assert not tally.unanswered


def test_a_run_without_one_answer_has_failed(questions, ask):
    with pytest.raises(FailedRun, match=r"m answered none of 2 texts: status 500: no\."):
        ask_all(Model(deaf_to={"a", "b"}), questions("a", "b"), ask(), None, quiet)


def test_a_server_that_has_gone_ends_the_run_and_the_answers_stay(questions, ask, cache):
    names = [f"Review {i}" for i in range(100)]
    model = Model(deaf_to=set(names[40:]), gone=True)
    with pytest.raises(FailedRun, match=r"stopped answering after 40 of 100 texts: .*Run it again to go on from there"):
        ask_all(model, questions(*names), ask("generate"), cache, quiet)
    assert len(model.asked) == 40 + GONE
    _, tally = ask_all(Model(), questions(*names), ask("generate"), cache, quiet)
    assert (tally.remembered, tally.asked) == (40, 60)


def test_no_questions_are_answered_by_nothing(ask, cache):
    assert ask_all(Model(), [], ask(), cache, quiet)[0] == []
