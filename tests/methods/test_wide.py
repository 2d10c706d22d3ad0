"""Networks beside a linear model of the same n-grams."""

import importlib

import numpy as np
import pytest
import torch

from valence.explain.reading import read_words
from valence.methods import METHODS
from valence.methods._phrases import PhraseNetwork
from valence.text.phrases import learn_phrases
from valence.text.vocabulary import PAD, UNK, Vocabulary
from valence.types import Split, Task

NAMES = [name for name in METHODS.names if issubclass(METHODS.find(name), PhraseNetwork)]
GOOD = ("not bad at all", "really not bad", "not bad , good fun", "a good film", "such fun , not bad")
BAD = ("not good at all", "really not good", "not good , bad plot", "a bad film", "such a bore , not good")
TRAIN = Split(tuple(map(str, range(20))), (GOOD + BAD) * 2, np.array(([1] * 5 + [0] * 5) * 2))
TASK = Task(("negative", "positive"), seed=1, device="cpu")
WIDE = {"ngrams": 2, "ngram_texts": 2, "ratio_start": 0.1, "wide": 10.0}


def method(name="gru", **settings):
    module = importlib.import_module(f"valence.methods.{name}")
    return METHODS.find(name)(**{**module.TINY, **WIDE, **settings})


def started(labels=2, answers=TRAIN.labels, **settings):
    made = method(**settings)
    torch.manual_seed(0)
    words = Vocabulary.learn(TRAIN.texts, min_count=1)
    return words, made._starter(words, Split(TRAIN.ids, TRAIN.texts, answers), labels)().eval()


def encoded(words, texts):
    ids = [torch.from_numpy(words.encode([text]).ids.astype(np.int64)) for text in texts]
    return torch.nn.utils.rnn.pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids])


@pytest.mark.parametrize("name", NAMES)
def test_padding_and_neighbours_change_no_logit(name):
    words, network = started(name=name)
    tokens, lengths = encoded(words, [*GOOD, *BAD])
    whole = network(tokens, lengths)
    padded = network(torch.nn.functional.pad(tokens, (0, 9), value=PAD), lengths)
    alone = torch.cat([network(*encoded(words, [text])) for text in (*GOOD, *BAD)])
    torch.testing.assert_close(padded, whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(alone, whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_saved_answers_as_before(name, tmp_path):
    fitted = method(name).fit(TRAIN, TRAIN, TASK)
    fitted.save(tmp_path)
    texts = [*GOOD, *BAD, "unseen words , not bad"]
    loaded = method(name).load(tmp_path, TASK)
    np.testing.assert_array_equal(loaded.predict(texts).probabilities, fitted.predict(texts).probabilities)


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_the_weighted_mean_of_network_and_linear_model(name):
    words, network = started(name=name, wide_share=0.25)
    tokens, lengths = encoded(words, GOOD)
    both = network(tokens, lengths)
    vectors = network.embed(tokens)
    linear = network.linear(vectors[..., network.embedding.dimension :], tokens != PAD)
    network.linear = None
    torch.testing.assert_close(both, 0.75 * network(tokens, lengths) + 0.25 * linear)


def test_in_training_one_of_the_two_answers_each_text_alone():
    words, network = started(dropout=0.0, word_dropout=0.0)
    tokens, lengths = encoded(words, GOOD)
    network.train()
    seen = torch.stack([network(tokens, lengths) for _ in range(30)])
    assert [len({round(v, 5) for v in seen[:, text, 1].tolist()}) for text in range(5)] == [2] * 5


def test_the_linear_model_starts_at_the_optimum_of_nb_svm():
    """The gradient of ½‖v‖² + C * log loss over ratio-scaled counts by the root of the length is zero in v = vote / ratio."""
    words, network = started(wide=3.0)
    tokens = words.encode(TRAIN.texts)
    found = learn_phrases(tokens, len(words), longest=2, min_texts=2)
    ratios = method()._ratios(found, TRAIN.labels, 2)[:, 0]
    votes = torch.cat([network.embedding.votes.weight[:, 0], network.embedding.phrases[0].votes.weight[1:, 0]]).detach().numpy()
    values = found.counts.toarray() / np.sqrt(tokens.lengths)[:, None]
    assert (((values @ votes) > np.median(values @ votes)) == (TRAIN.labels == 1)).mean() >= 0.9
    v = np.divide(votes, ratios, out=np.zeros_like(votes), where=np.abs(ratios) > 1e-6)
    # the intercept is left to the network's bias; it is found from the condition that errors cancel
    shifts = np.linspace(-3, 3, 6001)
    errors = [np.abs((1 / (1 + np.exp(-(values @ votes + b))) - TRAIN.labels).sum()) for b in shifts]
    wrong = 1 / (1 + np.exp(-(values @ votes + shifts[int(np.argmin(errors))]))) - TRAIN.labels
    np.testing.assert_allclose(v + 3.0 * (values * ratios).T @ wrong, 0, atol=0.05)


def test_three_labels_have_a_vote_each_and_padding_and_unknown_words_have_none():
    words, network = started(labels=3, answers=np.arange(20) % 3)
    assert network.embedding.columns == 3
    assert network(*encoded(words, GOOD)).shape == (5, 3)
    assert not network.embedding.votes.weight[[PAD, UNK]].any()


def test_without_n_grams_words_alone_vote():
    words, network = started(ngrams=1, ratio_start=0.0)
    assert network.embedding.votes.weight.abs().sum() > 0
    assert network(*encoded(words, GOOD)).isfinite().all()


def test_an_explanation_sees_votes_and_vectors():
    reading = read_words(method().fit(TRAIN, TRAIN, TASK), "not bad at all")
    vectors = reading.vectors.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(reading.logits(vectors)[0, 1], vectors)
    assert gradient[..., -1].abs().min() > 0
    assert gradient[..., :-1].abs().sum() > 0


def test_votes_learn_more_slowly_than_vectors():
    _, network = started()
    assert network.rate_of("embedding.votes.weight") == network.rate_of("embedding.phrases.0.votes.weight") == 0.1
    assert network.rate_of("embedding.table.weight") == network.rate_of("votes.weight") == 1.0
