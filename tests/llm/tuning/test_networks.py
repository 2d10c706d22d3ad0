"""Scores are those of transformers' own model read one word at a time; no text sees another; only the answer is learned."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from transformers import AttentionInterface, AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, Gemma3Config

from valence.llm.tuning import attention
from valence.llm.tuning.attention import Past
from valence.llm.tuning.networks import AnswerNetwork, HeadNetwork
from valence.llm.tuning.updates import Updates, add_updates, projection_names
from valence.llm.tuning.weights import Weights
from valence.training.encoders.layout import Layout
from valence.training.trainer import quiet_transformers

from tiny_language_models import save_language_model  # isort: skip

CPU = torch.device("cpu")
KINDS = ("mistral", "qwen3", "llama", "gemma3_text", "phi3", "qwen2")
WORDS = ((5, 6, 7), (5, 9), (11,))
"""Label words of three, two and one token; two share their first."""
END = 257
LENGTHS = torch.tensor([40, 7, 23, 1])
PROMPTS = torch.randint(0, 250, (4, 40), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def model(folder_of):
    return lambda kind: Weights.find(str(folder_of(kind))).model(CPU, torch.float32, 16).eval()


def test_a_model_that_flattens_large_scores_keeps_its_own_attention(tmp_path):
    shape = {"head_dim": 8, "query_pre_attn_scalar": 8, "sliding_window": 16, "attn_logit_softcapping": 0.5}
    folder = save_language_model(tmp_path / "gemma2", "gemma2", **shape)
    network = AnswerNetwork(Weights.find(str(folder)).model(CPU, torch.float32, 16).eval(), WORDS, END)
    assert network.padded
    with torch.no_grad():
        torch.testing.assert_close(network(PROMPTS, LENGTHS), by_hand(folder, WORDS), atol=1e-4, rtol=0)
        with network.generating():
            assert network.model.config._attn_implementation == "eager"


def test_labels_that_bfloat16_would_round_to_one_score_are_told_apart_and_said(folder_of):
    llm = Weights.find(str(folder_of("llama"))).model(CPU, torch.bfloat16, 16).eval()
    with torch.no_grad():
        head = llm.get_output_embeddings().weight
        head *= 40.0  # logits of some tens, as real models have
        head[104] = head[103] * (1 + 2**-6)
        network = AnswerNetwork(llm, ((103,), (104,)), END)
        prompts = torch.randint(0, 250, (32, 40), generator=torch.Generator().manual_seed(2))
        logits = network(prompts, torch.full((32,), 40))
    gaps = logits[:, 0] - logits[:, 1]
    assert gaps.abs().min() > 1e-4
    assert len(gaps.unique()) == 32


@torch.no_grad()
def test_a_tie_between_rounded_logits_is_the_draft_said(model, monkeypatch):
    network = AnswerNetwork(model("llama"), ((103,), (104,)), END)
    told = torch.zeros(260)
    monkeypatch.setattr(network, "logits", lambda states: told.expand(*states.shape[:-1], -1))
    drafts = torch.tensor([0, 1, 0, 1])
    assert network.says(PROMPTS, LENGTHS, drafts).tolist() == [1, 1, 1, 1]
    told[103] = -1
    assert network.says(PROMPTS, LENGTHS, drafts).tolist() == [0, 1, 0, 1]


def by_hand(folder: Path, answers) -> torch.Tensor:
    """Log-probability of each answer behind each prompt, read alone by eager attention."""
    with quiet_transformers():
        reference = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    found = torch.zeros(len(PROMPTS), len(answers))
    for i, length in enumerate(LENGTHS.tolist()):
        for j, answer in enumerate(answers):
            ids = torch.tensor([[*PROMPTS[i, :length].tolist(), *answer]])
            logs = reference(input_ids=ids).logits[0].log_softmax(-1)
            found[i, j] = sum(logs[length - 1 + at, token] for at, token in enumerate(answer))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_each_prompt_and_word_read_alone(kind, folder_of, model):
    with torch.inference_mode():
        expected = by_hand(folder_of(kind), WORDS)
        packed = AnswerNetwork(model(kind), WORDS, END)
        assert not packed.padded
        torch.testing.assert_close(packed(PROMPTS, LENGTHS), expected, atol=1e-4, rtol=0)
        torch.testing.assert_close(AnswerNetwork(model(kind), WORDS, END, padded=True)(PROMPTS, LENGTHS), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_that_of_the_answer_and_its_end_and_nothing_else(kind, folder_of, model):
    labels = torch.tensor([0, 1, 2, 0])
    with torch.inference_mode():
        expected = -by_hand(folder_of(kind), [(*word, END) for word in WORDS])[torch.arange(4), labels]
        torch.testing.assert_close(
            AnswerNetwork(model(kind), WORDS, END).answer_losses(PROMPTS, LENGTHS, labels), expected, atol=1e-4, rtol=0
        )


def test_the_attention_that_was_asked_for_is_the_one_that_runs(model, monkeypatch):
    windows = []

    def watched(*inputs, **settings):
        assert inputs[4] is None, "a mask would hold tokens x tokens numbers"
        windows.append(settings.get("sliding_window"))
        return attention.causal_attention(*inputs, **settings)

    monkeypatch.setitem(AttentionInterface._global_mapping, attention.NAME, watched)
    AnswerNetwork(model("gemma3_text"), WORDS, END)(PROMPTS, LENGTHS)
    assert windows == [16, None]


@pytest.mark.parametrize("make", [lambda m: AnswerNetwork(m, WORDS, END), lambda m: HeadNetwork(m, 3)], ids=["answer", "head"])
def test_neighbours_and_what_stands_behind_a_prompt_change_nothing(model, make):
    network = make(model("gemma3_text"))
    with torch.inference_mode():
        together = network(PROMPTS, LENGTHS)
        other = PROMPTS.where(torch.arange(40) < LENGTHS[:, None], 3)
        torch.testing.assert_close(network(F.pad(other, (0, 9), value=77), LENGTHS), together, atol=1e-4, rtol=0)
        for i, length in enumerate(LENGTHS.tolist()):
            torch.testing.assert_close(network(PROMPTS[i : i + 1, :length], LENGTHS[i : i + 1])[0], together[i], atol=1e-4, rtol=0)


def test_the_head_reads_the_last_own_token(model):
    network = HeadNetwork(model("llama"), 2)
    with torch.inference_mode():
        states = network.model.model(input_ids=PROMPTS[1:2, :7], use_cache=False, layout=attention.Layout(LENGTHS[1:2].numpy(), CPU))
        torch.testing.assert_close(network(PROMPTS, LENGTHS)[1], network.head(states.last_hidden_state[0, -1]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_updates_start_at_zero_and_only_they_are_learned_and_saved(kind, model):
    plain, tuned = model(kind), model(kind)
    add_updates(tuned, Updates(4, 8, 0.0, "all"))
    network = AnswerNetwork(tuned, WORDS, END)
    with torch.inference_mode():
        torch.testing.assert_close(network(PROMPTS, LENGTHS), AnswerNetwork(plain, WORDS, END)(PROMPTS, LENGTHS), atol=0, rtol=0)
    network.answer_losses(PROMPTS, LENGTHS, torch.tensor([0, 1, 2, 0])).sum().backward()
    learned = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert learned == set(network.state_dict())
    assert len(learned) == 2 * len(projection_names(plain, "all"))
    assert not any("lm_head" in name or "embed" in name for name in learned)


def test_attention_alone_is_adapted_if_asked(model):
    names = projection_names(model("phi3"), "attention")
    assert sorted(name.rpartition(".")[2] for name in names) == ["o_proj", "o_proj", "qkv_proj", "qkv_proj"]


def test_recomputed_layers_give_the_same_gradients(model):
    grads = []
    for again in (False, True):
        tuned = model("gemma3_text")
        with torch.random.fork_rng():
            torch.manual_seed(0)
            add_updates(tuned, Updates(4, 8, 0.0, "all"))
        if again:
            tuned.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        network = AnswerNetwork(tuned, WORDS, END).train()
        network.answer_losses(PROMPTS, LENGTHS, torch.tensor([0, 1, 2, 0])).sum().backward()
        grads.append({n: p.grad for n, p in network.named_parameters() if p.requires_grad})
    for name, grad in grads[0].items():
        torch.testing.assert_close(grads[1][name], grad)


def test_a_gemma_that_also_sees_gives_its_language_model_alone(tmp_path, folder_of):
    language = AutoConfig.from_pretrained(folder_of("gemma3_text")).to_dict()
    sight = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 16,
    }
    marks = {"image_token_index": 259, "boi_token_index": 258, "eoi_token_index": 255, "mm_tokens_per_image": 4}
    with torch.random.fork_rng(), quiet_transformers():
        torch.manual_seed(0)
        whole = AutoModelForImageTextToText.from_config(Gemma3Config(text_config=language, vision_config=sight, **marks)).eval()
        whole.save_pretrained(tmp_path)
    alone = Weights.find(str(tmp_path)).model(CPU, torch.float32, 16).eval()
    assert type(alone).__name__ == "Gemma3ForCausalLM"
    with torch.inference_mode():
        expected = whole(input_ids=PROMPTS[:1], token_type_ids=torch.zeros_like(PROMPTS[:1])).logits
        torch.testing.assert_close(alone(input_ids=PROMPTS[:1]).logits, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_what_all_prompts_begin_with_is_read_once_and_changes_no_score(kind, model):
    opening = (7, 8, 9, 200, 31, 5, 5, 5, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25)
    whole = torch.cat([torch.tensor([opening] * 4), PROMPTS], 1)
    network = AnswerNetwork(model(kind), WORDS, END)
    with torch.inference_mode():
        expected = network(whole, LENGTHS + len(opening))
        with network.behind(opening):
            torch.testing.assert_close(network(PROMPTS, LENGTHS), expected, atol=1e-4, rtol=0)
        torch.testing.assert_close(network(whole, LENGTHS + len(opening)), expected, atol=0, rtol=0)


def test_a_draft_is_the_greedy_answer_or_it_is_not(model):
    prompt, said = PROMPTS[1, :7].tolist(), []
    alone = model("llama")
    with torch.inference_mode():
        for _ in range(3):
            said.append(int(alone(input_ids=torch.tensor([prompt + said])).logits[0, -1].argmax()))
        first, then, last = said
        found = AnswerNetwork(alone, [(first,), (first + 1,), (first, then)], then)
        three = PROMPTS[1:2, :7].repeat(3, 1)
        says = found.says(three, torch.tensor([7, 7, 7]), torch.tensor([0, 1, 2]))
    assert says.tolist() == [1, 0, float(last == then)]


@pytest.mark.parametrize("opening", [(), (7, 8, 9, 200, 31, 5, 5, 5, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25)], ids=["whole", "behind"])
@pytest.mark.parametrize("kind", KINDS)
def test_scores_and_greedy_answers_told_together_are_those_told_apart_and_the_prompts_are_read_once(kind, opening, model, monkeypatch):
    alone, said = model(kind), list(opening) + PROMPTS[1, :7].tolist()
    with torch.inference_mode():
        for _ in range(2):
            said.append(int(alone(input_ids=torch.tensor([said])).logits[0, -1].argmax()))
        first, end = said[-2:]
        network = AnswerNetwork(alone, [(first,), ((first + 1) % 250,), ((first + 2) % 250,)], end)
        read = []
        states = network._states
        monkeypatch.setattr(
            network, "_states", lambda tokens, layout, past: (read.append(layout.lengths.sum()), states(tokens, layout, past))[1]
        )
        with network.behind(opening):
            scores = network(PROMPTS, LENGTHS)
            says = network.says(PROMPTS, LENGTHS, scores.argmax(1))
            read.clear()
            told = network.told(PROMPTS, LENGTHS)
    torch.testing.assert_close(told[:, :-1], scores, atol=1e-5, rtol=0)
    assert told[:, -1].tolist() == says.tolist()
    assert told[1, -1] == 1
    assert read == [LENGTHS.sum(), len(LENGTHS)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_kept_texts_has_the_states_it_has_behind_them(kind, model):
    network, lengths, more = AnswerNetwork(model(kind), WORDS, END), LENGTHS.numpy() - 1 + (LENGTHS.numpy() == 1), np.array([2, 1, 3, 1])
    whole, read, after = (Layout(n, CPU) for n in (lengths + more, lengths, more))
    texts = F.pad(PROMPTS, (0, 3), value=9)
    rest = torch.stack([row[n : n + 3] for row, n in zip(texts, lengths, strict=True)])
    past = Past()
    with torch.inference_mode(), network.behind((7, 8, 9)):
        expected = network.states(texts, whole)
        torch.testing.assert_close(network.states(texts, read, past), expected[read_places(whole, lengths)], atol=1e-5, rtol=0)
        past.follow(read, after)
        found = network.states(rest, after, past)
    behind = ~torch.isin(torch.arange(len(expected)), read_places(whole, lengths))
    torch.testing.assert_close(found, expected[behind], atol=1e-4, rtol=0)


def read_places(whole, lengths):
    return torch.cat([torch.arange(first, first + n) for first, n in zip(whole.first.tolist(), lengths, strict=True)])


def test_label_words_of_several_tokens_are_told_together_too(model):
    network = AnswerNetwork(model("llama"), WORDS, END)
    with torch.inference_mode():
        scores, told = network(PROMPTS, LENGTHS), network.told(PROMPTS, LENGTHS)
        says = network.says(PROMPTS, LENGTHS, scores.argmax(1))
    torch.testing.assert_close(told, torch.cat([scores, says[:, None]], 1), atol=0, rtol=0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("kind", ["llama", "gemma3_text"])
def test_on_a_gpu_what_follows_kept_texts_has_the_states_it_has_behind_them(kind, folder_of):
    gpu = torch.device("cuda")
    network = AnswerNetwork(Weights.find(str(folder_of(kind))).model(gpu, torch.bfloat16, 16).eval(), [(5,), (6,)], END)
    lengths, more = LENGTHS.numpy(), np.ones(4, np.int64)
    whole, read, after, past = Layout(lengths + more, gpu), Layout(lengths, gpu), Layout(more, gpu), Past()
    texts = F.pad(PROMPTS, (0, 1), value=9).to(gpu)
    with torch.inference_mode(), network.behind((7, 8, 9)):
        expected = network.states(texts, whole)[whole.first + read.counts].float()
        network.states(texts, read, past)
        past.follow(read, after)
        found = network.states(texts.gather(1, read.counts[:, None]), after, past).float()
    assert ((found - expected).norm() / expected.norm()).item() < 2e-2
