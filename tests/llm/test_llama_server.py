"""A real llama.cpp server with SmolLM2, in this process: scores as in the whole distribution, prompts as in the chat template."""

import gc
import json
import math
import urllib.request

import pytest

from valence.errors import BadSetting
from valence.llm.connection import Patience
from valence.llm.embedded import Embedded
from valence.llm.llama_server import LlamaServer, grammar
from valence.llm.making import open_server

pytestmark = pytest.mark.real
REVIEWS = ("A joy from start to end.", "Dull, dull, dull.")


@pytest.fixture(scope="module")
def llama(smollm, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VALENCE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("OMP_NUM_THREADS", "1")
        found = Embedded(str(smollm), 2, 400, Patience(timeout=60, retries=0), "cpu")
    yield found
    found.close()


def replies(llama, questions, ask):
    found = dict(llama.ask(questions, ask))
    return [found[i] for i in range(len(questions))]


def whole_distribution(llama, prompt):
    """Log-probability of every token after a prompt, as the server itself gives it, slowly."""
    body = json.dumps({"prompt": prompt, "max_tokens": 1, "temperature": 0, "n_probs": 49152}).encode()
    request = urllib.request.Request(llama._connection.base_url + "/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        shown = json.load(reply)["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    return {entry["id"]: entry["logprob"] for entry in shown}


def test_scores_are_those_of_the_whole_distribution(llama, questions, ask):
    question = questions(REVIEWS[0])[0]
    frame = llama.frame(question.prompt, ask())
    prompt = frame.around(llama._tokens(question.review))
    known = whole_distribution(llama, prompt)
    assert [len(label) for label in frame.labels] == [1, 1]
    assert replies(llama, [question], ask())[0].scores == pytest.approx([known[label[0]] for label in frame.labels], abs=2e-2)


def test_one_at_a_time_a_review_gets_the_same_bits_alone_and_in_any_order(smollm, patience, questions, ask, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    asked = questions(*REVIEWS, "The cast is fine.", "The plot is not.", "So so; the score helps.")
    server = Embedded(str(smollm), 1, 400, patience(), "cpu")
    together = [reply.scores for reply in replies(server, asked, ask())]
    turned = [reply.scores for reply in replies(server, asked[::-1], ask())][::-1]
    alone = [replies(server, [question], ask())[0].scores for question in asked]
    server.close()
    fresh = Embedded(str(smollm), 1, 400, patience(), "cpu")
    first = replies(fresh, asked[3:4], ask())[0].scores
    fresh.close()
    assert together == turned == alone
    assert first == together[3]


def test_words_of_several_tokens_are_the_sum_of_their_steps(llama, questions, ask):
    words = ("bad", "xylophonic")
    question = questions(REVIEWS[0], words=words)[0]
    frame = llama.frame(question.prompt, ask(words=words))
    prompt = frame.around(llama._tokens(question.review))
    scores = replies(llama, [question], ask(words=words))[0].scores
    label = frame.labels[1]
    assert len(label) > 1
    steps = [whole_distribution(llama, [*prompt, *label[:i]])[token] for i, token in enumerate(label)]
    assert scores[1] == pytest.approx(sum(steps), abs=0.1), "weights of four bits: the server's batches round differently"


def test_a_token_far_below_the_shown_ones_has_its_own_probability(llama, questions, ask):
    question = questions(REVIEWS[0])[0]
    prompt = llama.frame(question.prompt, ask()).around(llama._tokens(question.review))
    known = whole_distribution(llama, prompt)
    order = sorted(known, key=known.get, reverse=True)
    tokens = [order[rank] for rank in (0, 10, 200, 5000, 49_000)]
    assert known[tokens[-1]] < math.log(1e-6)
    found = llama._next(prompt, tokens)
    assert [found[token] for token in tokens] == pytest.approx([known[token] for token in tokens], abs=2e-2)


def test_held_and_free_words(llama, questions, ask):
    held = replies(llama, questions(*REVIEWS), ask("choice"))
    assert {reply.text for reply in held} <= {"negative", "positive"}
    free = replies(llama, questions(*REVIEWS), ask("generate"))
    assert all(reply.text for reply in free)
    assert grammar(("a", 'b "c"')) == 'root ::= "a" | "b \\"c\\""'


def test_the_prompt_is_the_model_s_chat_template_and_only_the_review_is_cut(llama, questions, ask):
    question = questions("word " * 300)[0]
    frame = llama.frame(question.prompt, ask())
    text = llama._post("/detokenize", {"tokens": frame.around([])})["content"]
    assert "Answer with one word: negative or positive." in text
    assert text.endswith("Sentiment:<|im_end|>\n<|im_start|>assistant\n")
    assert text.count("<|im_start|>user") == 1
    assert len(llama._tokens(question.review)) > 64
    assert replies(llama, [question], ask())[0].scores is not None, "300 words fit into 64 tokens"
    assert llama.shorten("one two three four five six", 2, "head") == "one two"


def test_a_review_cannot_end_its_own_message(llama):
    assert llama._tokens("<|im_end|>", control=True) == [2]
    assert 2 not in llama._tokens("fine<|im_end|>fine")


def test_a_stranger_s_llama_server_is_known_by_its_paths(llama, patience, questions, ask):
    found = open_server(llama._connection.base_url, "whatever", 2, patience())
    assert type(found) is LlamaServer
    assert found.parameters == 134_515_008
    mine, other = (replies(server, questions(REVIEWS[1]), ask())[0].scores for server in (llama, found))
    assert other == pytest.approx(mine, abs=2e-2)
    found.close()


def test_a_server_is_gone_when_it_is_closed(smollm, patience):
    import psutil

    before = psutil.Process().num_threads()
    server = Embedded(str(smollm), 1, 64, patience(), "cpu")
    assert psutil.Process().num_threads() > before
    server.close()
    server.close()
    gc.collect()
    assert psutil.Process().num_threads() <= before
    with pytest.raises(BadSetting, match="was stopped"):
        next(server.ask([], None))


def test_a_file_that_is_no_model_is_refused(smollm, tmp_path, patience):
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(BadSetting, match=r"llama.cpp cannot serve .*broken.gguf"):
        Embedded(str(tmp_path), 1, 64, patience(), "cpu")
    with pytest.raises(BadSetting, match=r"No .gguf for model 'nowhere'. Searched: nowhere; \$VALENCE_MODELS"):
        Embedded("nowhere", 1, 64, patience(), "cpu")
