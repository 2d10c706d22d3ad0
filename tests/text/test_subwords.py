"""How a pretrained tokenizer's texts are read."""

import pytest

from conftest import tiny_encoder
from valence.errors import BadData, BadSetting
from valence.text.subwords import Subwords
from valence.training.encoders.backbone import Backbone


@pytest.fixture(scope="module")
def subwords():
    return Backbone.find(str(tiny_encoder("tiny-bert"))).subwords()


def words(subwords, text, max_length, keep="head+tail"):
    return [subwords.tokenizer.id_to_token(int(i)) for i in subwords.encode((text,), max_length, keep).ids]


def test_a_short_text_stands_whole_between_its_special_tokens(subwords):
    assert words(subwords, "the plot", 9) == ["<s>", "the", "plot", "</s>"]


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("head", ["the", "plot"]), ("tail", ["was", "boring"]), ("head+tail", ["the", "boring"])],
)
def test_a_long_text_keeps_what_it_is_told_to_and_its_special_tokens(subwords, keep, kept):
    assert words(subwords, "the plot and the cast was boring", 4, keep) == ["<s>", *kept, "</s>"]


def test_no_other_text_moves_a_text_s_tokens(subwords):
    texts = ("the plot", "", "the cast and the score and the ending", "funny")
    together = subwords.encode(texts, 6)
    for i, text in enumerate(texts):
        own = together.ids[together.offsets[i] : together.offsets[i + 1]]
        assert own.tolist() == subwords.encode((text,), 6).ids.tolist()
    assert together.lengths.max() == 6


def test_a_break_of_html_is_a_space_and_an_empty_text_its_special_tokens(subwords):
    assert words(subwords, "the<br />plot", 9) == words(subwords, "the plot", 9)
    assert len(subwords.encode(("",), 9).ids) == 2


@pytest.mark.parametrize("max_length", [1, 2])
def test_a_length_that_special_tokens_alone_would_fill_is_refused(subwords, max_length):
    with pytest.raises(BadSetting, match=rf"^max_length {max_length} leaves nothing of a text beside .* 2 special tokens. Give at least 3"):
        subwords.encode(("the plot",), max_length)
    assert words(subwords, "the plot", 3, "head") == ["<s>", "the", "</s>"]


def test_what_is_saved_reads_as_before_and_a_folder_without_says_so(subwords, tmp_path):
    with pytest.raises(BadData, match="holds no tokenizer"):
        Subwords.load(tmp_path)
    subwords.save(tmp_path)
    assert Subwords.load(tmp_path).encode(("the plot", "x"), 9).ids.tolist() == subwords.encode(("the plot", "x"), 9).ids.tolist()
