"""Networks that also read n-grams."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from valence.errors import BadSetting
from valence.methods.cnn import TINY, Cnn
from valence.methods.cnnlstm import CnnLstm
from valence.methods.gru import Gru
from valence.methods.lstm import TINY as TINY_LSTM
from valence.methods.lstm import Lstm
from valence.methods.transformer import TINY as TINY_TRANSFORMER
from valence.methods.transformer import Transformer
from valence.text.vocabulary import Vocabulary
from valence.training.networks.words import WordEmbedding
from valence.types import Split, Task

GOOD = ("not bad at all", "really not bad", "not bad , good fun", "a good film", "such fun , not bad")
BAD = ("not good at all", "really not good", "not good , bad plot", "a bad film", "such a bore , not good")
TRAIN = Split(tuple(map(str, range(20))), (GOOD + BAD) * 2, np.array(([1] * 5 + [0] * 5) * 2))
TASK = Task(("negative", "positive"), seed=1, device="cpu")


@pytest.mark.parametrize(("method", "tiny"), [(Cnn, TINY), (Lstm, TINY_LSTM), (Transformer, TINY_TRANSFORMER)])
def test_what_is_saved_answers_as_before(method, tiny, tmp_path):
    settings = method(**tiny, ngrams=3, ngram_texts=2, ratio_start=0.1)
    fitted = settings.fit(TRAIN, TRAIN, TASK)
    fitted.save(tmp_path)
    texts = [*GOOD, *BAD, "unseen words , not bad"]
    np.testing.assert_array_equal(settings.load(tmp_path, TASK).predict(texts).probabilities, fitted.predict(texts).probabilities)


def test_a_text_s_answer_does_not_depend_on_its_neighbours():
    fitted = Cnn(**TINY, ngrams=2, ngram_texts=2).fit(TRAIN, TRAIN, TASK)
    together = fitted.predict([*GOOD, *BAD]).probabilities
    alone = np.concatenate([fitted.predict([text]).probabilities for text in (*GOOD, *BAD)])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def started(labels=2, answers=TRAIN.labels, **settings):
    method = Cnn(**TINY, **settings)
    vocabulary = Vocabulary.learn(TRAIN.texts, min_count=1)
    torch.manual_seed(0)
    return vocabulary.words, method._starter(vocabulary, Split(TRAIN.ids, TRAIN.texts, answers), labels)().embedding


def test_the_last_number_starts_at_the_log_count_ratio():
    words, embedding = started(ngrams=2, ngram_texts=2, ratio_start=0.5)
    held = {"good": (4, 8), "fun": (4, 0)}  # texts of each label, positive first, of the 10 and 10
    totals = np.zeros(2)
    for label in (0, 1):
        texts = [words_and_pairs(t) for t, y in zip(TRAIN.texts, TRAIN.labels, strict=True) if y == label]
        totals[1 - label] = sum(map(len, texts)) + len(words) + len(embedding.phrases[0].keys)
    for word, (positive, negative) in held.items():
        expected = 0.5 * np.log((positive + 1) / totals[0] / ((negative + 1) / totals[1]))
        assert embedding.table.weight[words.index(word), -1].item() == pytest.approx(expected, abs=1e-5)


def words_and_pairs(text):
    words = text.split()
    return {*words, *pairwise(words)}


def test_n_grams_start_at_their_ratio_too_and_it_tells_what_single_words_cannot():
    words, embedding = started(ngrams=2, ngram_texts=2, ratio_start=0.5)
    phrases = embedding.phrases[0]
    place = phrases.keys.tolist().index(words.index("not") * len(words) + words.index("bad"))
    assert phrases.table.weight[place + 1, -1] > abs(embedding.table.weight[words.index("not"), -1]) + 0.5
    assert not phrases.table.weight[0].any()


def test_three_labels_have_a_ratio_each():
    _, embedding = started(labels=3, answers=np.arange(20) % 3, ratio_start=100.0)
    assert (embedding.table.weight[2:, -3:].abs().amax(dim=0) > 10).all()
    assert (embedding.table.weight[2:, :-3].abs() < 10).all()


def test_vectors_too_short_for_a_ratio_per_label_are_refused():
    with pytest.raises(BadSetting, match="each of 20 labels, --dimension is 16"):
        started(labels=20, ratio_start=1.0)


def test_the_defaults_read_words_alone():
    _, embedding = started()
    assert not hasattr(embedding, "phrases")


@pytest.mark.parametrize("method", [Lstm, Gru, CnnLstm, Transformer, Cnn])
def test_the_pooling_asked_for_reaches_the_network(method):
    embedding = WordEmbedding(torch.randn(9, 16))
    tiny = TINY_TRANSFORMER if method is Transformer else {**TINY, "filters": 4} if method in (Cnn, CnnLstm) else TINY_LSTM
    built = {pooling: method(**tiny, pooling=pooling).build(embedding, 2)._beside for pooling in ("max+mean", "max+sum")}
    assert built == {"max+mean": "mean", "max+sum": "sum"}
