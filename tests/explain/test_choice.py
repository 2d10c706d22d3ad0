import numpy as np
import pytest

from valence.errors import BadSetting, UnknownName
from valence.explain import WAYS, explain
from valence.methods.majority import Majority

LABELS = ("negative", "positive")
TEXT = "A wonderful film."


@pytest.mark.parametrize("name", WAYS.names)
def test_every_way_names_its_paper_and_its_meaning(name):
    way = WAYS.find(name)
    assert way.paper
    assert way.meaning.endswith(".")
    assert isinstance(way.rank, int)


def test_the_most_exact_way_that_fits_is_taken(linear, cnn, fitted):
    pytest.importorskip("captum", reason="needs valence[explain]")
    assert explain(linear, TEXT, LABELS).method == "linear"
    assert explain(cnn, TEXT, LABELS).method == "integrated_gradients"
    assert explain(fitted(Majority()), TEXT, LABELS).method == "occlusion"


def test_the_predicted_label_is_explained_unless_another_is_asked_for(linear):
    assert explain(linear, TEXT, LABELS).label == "positive"
    assert explain(linear, "A dreadful film.", LABELS).label == "negative"
    asked = explain(linear, TEXT, LABELS, label="negative")
    assert asked.label == "negative"
    assert asked.predicted == "positive"


def test_what_cannot_be_is_refused_with_what_can(linear):
    with pytest.raises(UnknownName, match="Did you mean 'positive'"):
        explain(linear, TEXT, LABELS, label="postive")
    with pytest.raises(UnknownName, match="Did you mean 'occlusion'"):
        explain(linear, TEXT, LABELS, method="oclusion")
    with pytest.raises(BadSetting, match=r"no network over word vectors\. What can: linear, occlusion"):
        explain(linear, TEXT, LABELS, method="integrated_gradients")
    with pytest.raises(BadSetting, match="no attention"):
        explain(linear, TEXT, LABELS, method="attention")


def test_half_a_surrogate_pair_becomes_a_question_mark(linear):
    assert explain(linear, "fine \ud83d film", LABELS).text == "fine ? film"


def test_a_constant_answer_is_explained_by_no_word(fitted):
    found = explain(fitted(Majority()), TEXT, LABELS)
    np.testing.assert_allclose(found.scores, 0, atol=1e-7)
