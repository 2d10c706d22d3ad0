"""Vectors of n-grams."""

import pytest
import torch
from torch.nn import functional as F

from valence.text.phrases import learn_phrases
from valence.text.vocabulary import PAD, Vocabulary
from valence.training.networks.cnn import CnnNetwork
from valence.training.networks.phrases import PhraseEmbedding, start_phrases
from valence.training.networks.words import WordEmbedding

WORDS = Vocabulary(("[PAD]", "[UNK]", "not", "good", "at", "all"))
TEXTS = ("not good at all", "not good at all")


def embedding(longest=3, **dropout):
    torch.manual_seed(0)
    keys = learn_phrases(WORDS.encode(TEXTS), len(WORDS), longest=longest, min_texts=2).keys
    return PhraseEmbedding(torch.randn(len(WORDS), 4), [start_phrases(torch.from_numpy(k), 4) for k in keys], **dropout)


def rows(*texts):
    ids = [torch.tensor(WORDS.encode([text])[0], dtype=torch.int64) for text in texts]
    return torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=PAD)


def test_a_word_gets_the_vectors_of_the_n_grams_that_end_at_it():
    e = embedding()
    found = e(rows("not good at"))[0]
    words = e.table.weight
    # keys are sorted by their first word's id: not=2, good=3, at=4; trigrams: "not good at" before "good at all"
    pairs, triples = (phrases.table.weight[1:] for phrases in e.phrases)
    torch.testing.assert_close(found[0], words[2])
    torch.testing.assert_close(found[1], words[3] + pairs[0])
    torch.testing.assert_close(found[2], words[4] + pairs[1] + triples[0])


def test_without_known_n_grams_it_is_the_word_vectors():
    e = embedding()
    tokens = rows("all at good not", "good good")
    torch.testing.assert_close(e(tokens), WordEmbedding(e.table.weight.detach())(tokens))


def test_padding_and_unknown_words_end_every_n_gram_and_padding_stays_zero():
    e = embedding()
    tokens = rows("not strange good", "not good")
    found = e(tokens)
    torch.testing.assert_close(found[0, 2], e.table.weight[3])
    assert not found[1, 2].any()
    torch.testing.assert_close(found[1, :2], e(tokens[1:, :2])[0])


def test_the_row_of_no_n_gram_is_not_trained():
    e = embedding()
    optimizer = torch.optim.AdamW(e.parameters(), lr=0.1)
    e(rows("not good at all", "all all")).sum().backward()
    optimizer.step()
    for phrases in e.phrases:
        assert not phrases.table.weight[0].any()


def test_word_dropout_hides_n_grams_apart_from_their_words_and_in_training_only():
    e = embedding(longest=2, word_dropout=0.5)
    tokens = rows("not good").expand(4000, -1)
    word, pair = e.table.weight[3], e.phrases[0].table.weight[1]
    seen = e(tokens)[:, 1]
    for value in (word + pair, word, pair, torch.zeros(4)):
        share = torch.isclose(seen, value).all(dim=1).float().mean().item()
        assert share == pytest.approx(0.25, abs=0.03)
    assert torch.isclose(e.eval()(tokens)[:, 1], word + pair).all()


def test_a_network_that_is_read_back_makes_room_for_its_n_grams():
    e = embedding()
    unread = PhraseEmbedding(torch.zeros(len(WORDS), 4), [start_phrases(torch.zeros(0, dtype=torch.int64), 4)] * 2)
    unread.load_state_dict(e.state_dict())
    torch.testing.assert_close(unread(rows("not good at all")), e(rows("not good at all")))


def test_loading_weights_of_the_same_n_grams_keeps_the_parameters_that_an_optimiser_holds():
    e = embedding()
    before = list(e.parameters())
    e.load_state_dict(e.state_dict())
    assert all(a is b for a, b in zip(before, e.parameters(), strict=True))


def test_extra_padding_and_neighbours_change_no_logit():
    torch.manual_seed(0)
    network = CnnNetwork(embedding(), 2, filters=3, widths=(2, 3), dropout=0.5, beside="mean").eval()
    tokens, lengths = rows("not good at all", "not good"), torch.tensor([4, 2])
    alone = network(tokens[1:, :2], lengths[1:])
    torch.testing.assert_close(network(tokens, lengths)[1:], alone)
    torch.testing.assert_close(network(F.pad(tokens, (0, 5)), lengths)[1:], alone)
