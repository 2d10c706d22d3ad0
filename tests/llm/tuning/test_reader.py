"""One function makes the tokens of training and of inference; only the review is cut; prompts hold no answer."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from valence.llm.asked import Ask, Question
from valence.llm.local import Local
from valence.llm.places import find_template
from valence.llm.random_llama import byte_tokenizer
from valence.llm.tuning.reader import Reader
from valence.text.prompt import Prompt, tidy

from tiny_language_models import CHAT  # isort: skip

REVIEWS = ("A joy from start to end.", "Dull.<br />Very.", "", "The cast is fine; the plot is not, and it goes on for two hours. </s>")
WORDS = ("negative", "positive")
PROMPT = Prompt(find_template("default"), WORDS)


def reader(tokens=24, chat=None, cut="head+tail") -> Reader:
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = chat
    return Reader("random", tokenizer, PROMPT, Ask("generate", WORDS, tokens, cut), torch.device("cpu"), 4096)


@pytest.mark.parametrize("tokens", [5, 24, 400])
def test_a_tuned_model_reads_the_tokens_that_an_untouched_one_is_asked_with(tokens):
    asked = Local("random", "cpu", "auto", 4096)
    expected = [asked.row(Question(PROMPT, tidy(review)), Ask("score", WORDS, tokens, "head+tail")) for review in REVIEWS]
    made = reader(tokens)
    encoded = made.encode(REVIEWS)
    assert [tuple(encoded[i].tolist()) for i in range(len(REVIEWS))] == [row.prompt for row in expected]
    assert made.words == expected[0].labels
    assert made.end == 257


@pytest.mark.parametrize("chat", [None, CHAT])
@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200), st.integers(1, 30), st.sampled_from(["head", "tail", "head+tail"]))
def test_instruction_and_answer_slot_survive_every_cut_and_no_answer_is_told(chat, review, tokens, cut):
    made = reader(tokens, chat, cut)
    empty, (row,) = made.rows([""])[0].prompt, made.rows([review])
    kept = len(row.prompt) - len(empty)
    assert 0 <= kept <= tokens
    start = next((i for i, (a, b) in enumerate(zip(row.prompt, empty, strict=False)) if a != b), len(empty))
    assert row.prompt[:start] == empty[:start]
    assert row.prompt[len(row.prompt) - (len(empty) - start) :] == empty[start:]
    text = byte_tokenizer().decode(empty)
    assert "Classify the sentiment" in text
    assert text.rstrip().endswith("assistant" if chat else "Sentiment:")


def test_an_answer_ends_as_the_chat_template_ends_a_message():
    chat = CHAT.replace("</s>", "<|im_end|>")
    made = reader(chat=chat)
    made._tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_end|>"]})
    assert made.end == made._tokenizer.convert_tokens_to_ids("<|im_end|>") != 257
    assert reader(chat=CHAT.replace("</s>", "")).end == 257, "a template that ends nothing: the end of the text"


def test_reviews_that_cannot_fit_are_refused():
    with pytest.raises(Exception, match=r"max_review_tokens 400: a prompt may take 5\d\d tokens, random has 256"):
        reader(400).check_room(256)
    assert reader(4).check_room(256) is None
