import pytest
from hypothesis import given
from hypothesis import strategies as st

from valence.explain.spans import gaps, locate
from valence.text.ngrams import STOCK_WORDS, WordRule
from valence.text.vocabulary import split_words

SPLITTERS = {
    "vocabulary": lambda texts: split_words(texts).to_list(),
    "n-grams": lambda texts: WordRule().split(texts).to_list(),
    "scikit-learn's words": lambda texts: WordRule(STOCK_WORDS, True).split(texts).to_list(),
}
ODD = {
    "nothing": "",
    "white space": " \n\t ",
    "case and marks": "What a FILM!!! I can't... wait,no",
    "html": "One.<br /><br />Two <b>bold</b> <p>p</p> a < b > c <i>i</i>",
    "dots": "Well.. no .... so… yes. . .",
    "curly apostrophes": "It’s what they`d call ‘didn’t’",
    "emoji": "Loved it 😍😍 👩‍👩‍👧 👍🏽!",
    "growing letters": "İSTANBUL straße ẞ ΟΔΟΣ ΣΑΣ ΑΣ.",
    "other scripts": "אהבתי את הסרט, 很好看的电影。 बहुत अच्छी फिल्म",
    "combining": "cafe\u0301 re\u0301sume\u0301 x\u0301",
    "control characters": "nul\x00byte bell\x07 next\x85line esc\x1b[31mred sep\x1cend",
    "no space at all": "a.b,c" * 50,
    "script": '<script>alert("x")</script><img src=x onerror=alert(1)>',
}


def letters(text):
    folded = text.lower().replace("ς", "σ").replace("’", "'").replace("`", "'").replace("…", "...")
    return "..." if len(folded) > 1 and set(folded) == {"."} else folded


@pytest.mark.parametrize("split", SPLITTERS.values(), ids=SPLITTERS)
@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_a_span_covers_the_letters_of_its_word(text, split):
    words, spans = split([text])[0], locate(text, split)
    assert [letters(text[start:end]) for start, end in spans] == [letters(word) for word in words]


def test_markup_is_no_word_even_when_it_looks_like_the_next_one():
    text = "<p>p<br />br"
    spans = locate(text, SPLITTERS["vocabulary"])
    assert [(text[a:b], a) for a, b in spans] == [("p", 3), ("br", 10)]


@pytest.mark.parametrize("split", SPLITTERS.values(), ids=SPLITTERS)
@given(text=st.text(max_size=60))
def test_any_text_gets_one_span_a_word_in_order_and_apart(split, text):
    text = text.encode("utf-8", "replace").decode("utf-8")
    spans = locate(text, split)
    assert len(spans) == len(split([text])[0])
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(text) for edge in edges)


def test_a_word_that_reaches_over_white_space_is_found():
    assert locate("New York  is big", lambda texts: [text.lower().split("  ") for text in texts]) == ((0, 8), (10, 16))


def test_words_that_cannot_be_found_share_their_part_evenly():
    assert locate("abcd ef", lambda texts: [["x", "y"] if "abcd" in t else [] for t in texts]) == ((0, 2), (2, 4))


def test_gaps_join_neighbours_that_were_cut():
    spans = [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)]
    assert gaps(spans, [0, 3]) == ((2, 5), (8, 9))
    assert gaps(spans, range(5)) == ()
