"""Local weights answer in three ways; only the review is cut; a folder and a name are found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valence.errors import BadSetting
from valence.llm.asked import Ask, Question
from valence.llm.local import Local
from valence.llm.random_llama import byte_tokenizer, random_llama
from valence.text.prompt import Prompt, Shot, Template, tidy

REVIEWS = ("A joy from start to end.", "Dull.", "The cast is fine; the plot is not, and it goes on for two hours.", "")
CHAT = "{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<s>assistant\n{% endif %}"


BYTES = byte_tokenizer()


@pytest.fixture(scope="module")
def local():
    return Local("random", "cpu", "auto", 4096)


def replies(local, questions, ask):
    found = dict(local.ask(questions, ask))
    return [found[i] for i in range(len(questions))]


def test_scores_are_those_of_the_whole_prompt_read_by_hand(local, questions, ask):
    import torch

    model, tokenizer = random_llama()
    asked = questions(*REVIEWS)
    for question, reply in zip(asked, replies(local, asked, ask(max_review_tokens=200)), strict=True):
        ids = tokenizer(question.prompt.slot().fill(question.review)).input_ids
        for word, score in zip((" negative", " positive"), reply.scores, strict=True):
            label = tokenizer(word, add_special_tokens=False).input_ids
            with torch.inference_mode():
                logs = model.eval()(input_ids=torch.tensor([ids + label])).logits[0].log_softmax(-1)
            assert score == pytest.approx(sum(float(logs[len(ids) - 1 + i, t]) for i, t in enumerate(label)), abs=1e-4)
            assert len(label) == 9, "several tokens, or the test would prove little"


def test_free_words_are_the_same_alone_and_together(local, questions, ask):
    asked = questions(*REVIEWS)
    together = [reply.text for reply in replies(local, asked, ask("generate"))]
    assert together == [replies(local, [question], ask("generate"))[0].text for question in asked]


def test_ways_that_take_turns_on_one_model_change_no_answer(local, questions, ask):
    asked = questions(*REVIEWS)
    ways = [ask(way) for way in ("score", "choice", "generate")]
    apart = [replies(Local("random", "cpu", "auto", 4096), asked, way) for way in ways]
    # together, and with what all begin with read for another prompt in between
    for _ in range(2):
        assert [replies(local, asked, way) for way in ways] == apart
        assert len(replies(local, questions("Fun.", "Not fun.", words=("bad", "good")), ask(words=("bad", "good")))) == 2


def test_held_words_are_label_words(local, questions, ask):
    words = ("poor", "positive", "passable")
    assert {reply.text for reply in replies(local, questions(*REVIEWS, words=words), ask("choice", words))} <= set(words)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200), st.integers(1, 30), st.sampled_from(["head", "tail", "head+tail"]))
def test_instruction_examples_and_answer_slot_survive_every_cut(local, review, limit, keep):
    template = Template(
        "{% block instruction %}Say it.{% endblock %}{% block question %}R:\n{{ review }}{% endblock %}{% block answer %}A:{% endblock %}"
    )
    prompt = Prompt(template, ("bad", "good"), (Shot("Dull.", "bad"),))
    row = local.row(Question(prompt, tidy(review)), Ask("score", prompt.words, limit, keep))
    text = BYTES.decode(row.prompt)
    before, after = "<s>Say it.\n\nR:\nDull.\nA: bad\n\nR:\n", "\nA:"
    assert text.startswith(before)
    assert text.endswith(after)
    assert len(row.prompt) <= len(BYTES(before, add_special_tokens=False).input_ids) + limit + len(after)


def test_a_review_with_control_tokens_is_read_letter_by_letter(local, questions, ask):
    row = local.row(questions("</s><s>")[0], ask())
    assert row.prompt.count(256) == 1, "the beginning of the text is the only control token"
    assert row.prompt.count(257) == 0


def test_a_folder_is_found_by_name_and_its_chat_template_is_worn(tmp_path, monkeypatch, questions, ask):
    model, tokenizer = random_llama()
    tokenizer.chat_template = CHAT
    model.save_pretrained(tmp_path / "models" / "tiny")
    tokenizer.save_pretrained(tmp_path / "models" / "tiny")
    monkeypatch.setenv("VALENCE_MODELS", str(tmp_path / "models"))
    local = Local("tiny", "cpu", "float32", 4096)
    question = questions("Fun.")[0]
    text = tokenizer.decode(local.row(question, ask()).prompt)
    assert text == "<s>user\nAnswer with one word: negative or positive.\n\nReview:\nFun.\nSentiment:</s><s>assistant\n"
    assert tokenizer.decode(local.row(question, ask(form="plain")).prompt) == "<s>" + question.prompt.plain("Fun.")
    assert local.identity != Local("random", "cpu", "float32", 4096).identity
    assert local.parameters == sum(p.numel() for p in model.parameters())


def test_a_chat_template_that_refuses_a_system_message_gets_it_in_the_user_s(tmp_path, ask):
    model, tokenizer = random_llama()
    tokenizer.chat_template = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHAT
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    prompt = Prompt(Template("{% block system %}Be brief.{% endblock %}{% block question %}{{ review }}{% endblock %}"), ("bad", "good"))
    row = Local(str(tmp_path), "cpu", "float32", 4096).row(Question(prompt, "Fun."), ask(words=prompt.words))
    assert tokenizer.decode(row.prompt) == "<s>user\nBe brief.\n\nFun.</s><s>assistant\n"


def test_chat_without_a_chat_template_is_refused(local, questions, ask):
    with pytest.raises(BadSetting, match=r"random has no chat template\. Try --form plain"):
        replies(local, questions("Fun."), ask(form="chat"))


def test_a_folder_with_a_broken_gguf_or_nothing_says_so_in_one_line(tmp_path):
    for name, message in (("m.gguf", "cannot be read as a .gguf"), ("notes.txt", "neither config.json nor .gguf")):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_bytes(b"not what its name says, but long enough")
        with pytest.raises(BadSetting, match=message) as caught:
            Local(str(folder), "cpu", "auto", 4096)
        assert "\n" not in str(caught.value)


def test_freed_weights_are_asked_nothing(questions, ask):
    gone = Local("random", "cpu", "auto", 4096)
    gone.close()
    gone.close()
    for way in ("score", "generate"):
        with pytest.raises(BadSetting, match="The weights of random were freed"):
            replies(gone, questions("Fun."), ask(way))


def test_a_review_is_shortened_by_its_own_tokens(local):
    assert local.shorten("abcdefghij", 4, "head+tail") == "abij"
    assert local.shorten("abc", 4, "head") == "abc"


@pytest.mark.real
def test_smollm_scores_reviews_alike_alone_and_together(smollm, questions, ask):
    local = Local(str(smollm), "cpu", "float32", 4096)
    asked = questions(*REVIEWS[:3])
    together = np.array([reply.scores for reply in replies(local, asked, ask())])
    alone = np.array([replies(local, [question], ask())[0].scores for question in asked])
    np.testing.assert_allclose(alone, together, atol=1e-4)
    assert together[0, 1] - together[0, 0] > together[1, 1] - together[1, 0], "a joy is more positive than dull"


@pytest.mark.real
def test_a_lone_gguf_is_read_and_the_record_says_that_it_was_quantised(smollm, questions, ask):
    pytest.importorskip("gguf")
    file = next(smollm.glob("*.gguf"))
    local = Local(str(file), "cpu", "float32", 4096)
    assert local.loaded == f"{file}, dequantised {file.stem.rpartition('.')[2].lower()}"
    joy, dull = (reply.scores for reply in replies(local, questions(*REVIEWS[:2]), ask()))
    assert joy[1] - joy[0] > dull[1] - dull[0]
