"""Which words are hidden, how often, and that guessing them is learned and survives a kill."""

import numpy as np
import pytest
import torch

from conftest import sentences, tiny_encoder
from valence.errors import BadSetting
from valence.text.subwords import Subwords
from valence.text.vocabulary import Tokens
from valence.training import pretraining_state
from valence.training.encoders.backbone import Backbone
from valence.training.encoders.hiding import MASKED, SWAPPED, HiddenWords, Hiding, Rows
from valence.training.encoders.masked_words import Masker
from valence.training.pretraining import FOLDER, pretrain
from valence.training.recipe import Recipe

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def no_shelf(monkeypatch):
    monkeypatch.delenv(FOLDER, raising=False)


@pytest.fixture
def origin():
    return Backbone.find(str(tiny_encoder("tiny-bert")))


@pytest.fixture
def hiding(origin):
    return Hiding.by(origin.subwords(), "tiny", CPU)


def texts(origin, n=40):
    return origin.subwords().encode(sentences(n)[0], 64)


def test_special_tokens_are_known_and_the_rest_are_words(origin, hiding):
    vocabulary = origin.subwords().tokenizer.get_vocab()
    assert hiding.mask == vocabulary["<mask>"]
    assert hiding.special.nonzero().flatten().tolist() == [vocabulary[t] for t in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")]
    assert len(hiding.words) + 5 == len(hiding.special) == len(vocabulary)


def test_of_the_hidden_words_eight_tenths_are_masked_one_tenth_is_swapped_one_tenth_is_shown(hiding):
    torch.manual_seed(0)
    ids = hiding.words[torch.arange(200_000) % len(hiding.words)]
    places, shown = hiding.hide(ids, 30_000)
    assert len(places.unique()) == 30_000
    others = torch.ones(len(ids), dtype=torch.bool).index_fill(0, places, False)
    assert torch.equal(shown[others], ids[others])
    seen, true = shown[places], ids[places]
    masked, same = (seen == hiding.mask).float().mean().item(), (seen == true).float().mean().item()
    assert masked == pytest.approx(MASKED, abs=0.01)
    # a swapped word is the true one once in as many times as there are words
    assert same == pytest.approx(1 - MASKED - SWAPPED + SWAPPED / len(hiding.words), abs=0.01)
    swapped = seen[(seen != hiding.mask) & (seen != true)]
    assert not hiding.special[swapped].any()
    assert len(swapped.unique()) == len(hiding.words)


def test_special_tokens_are_never_hidden_while_there_are_words(origin, hiding):
    ids = torch.from_numpy(texts(origin).ids).long()
    words = int((~hiding.special[ids]).sum())
    places, _ = hiding.hide(ids, words)
    assert not hiding.special[ids[places]].any()


def test_each_time_other_words_are_hidden(hiding):
    ids = hiding.words.repeat(20)
    first, second = (hiding.hide(ids, 150)[0].sort().values for _ in range(2))
    assert not torch.equal(first, second)


def test_a_backbone_without_a_mask_token_is_refused_with_the_way_out(origin):
    found = origin.subwords()
    bare = Subwords(found.tokenizer, {k: v for k, v in found.names.items() if k != "mask_token"})
    with pytest.raises(BadSetting, match=r"'some-encoder' has no mask token.*--pretraining-epochs 0"):
        Hiding.by(bare, "some-encoder", CPU)


def test_an_epoch_reads_every_text_once_in_rows_within_the_budget(origin):
    tokens = texts(origin)
    rows = Rows(tokens, budget=10**6, seed=0, device=CPU)
    orders = []
    for epoch in range(2):
        cut = [rows.texts(epoch, place) for place in range(rows.per_epoch)]
        orders.append(np.concatenate(cut))
        assert sorted(orders[-1].tolist()) == list(range(40))
        assert max(int(tokens.lengths[c].sum()) for c in cut) < 2 * max(int(tokens.lengths.max()), int(tokens.lengths.sum()) // 32)
    assert not np.array_equal(*orders)
    assert 16 <= rows.per_epoch <= 40, "a small set is cut into about 32 rows"


def test_a_large_set_is_cut_by_the_budget():
    lengths = np.random.default_rng(0).integers(5, 50, 5000)
    tokens = Tokens(np.zeros(lengths.sum(), np.int32), np.concatenate([[0], np.cumsum(lengths)]))
    rows = Rows(tokens, budget=1000, seed=0, device=CPU)
    sums = [int(lengths[rows.texts(0, place)].sum()) for place in range(rows.per_epoch)]
    assert sum(sums) == lengths.sum()
    assert rows.per_epoch == -(-lengths.sum() // 1000)
    assert all(950 <= s <= 1050 for s in sums[:-1])


def test_a_row_holds_its_texts_one_behind_the_other(origin):
    tokens = texts(origin)
    ids, layout = Rows(tokens, budget=100, seed=0, device=CPU).read(np.array([7, 3, 31]))
    expected = [tokens.ids[tokens.offsets[i] : tokens.offsets[i + 1]] for i in (7, 3, 31)]
    assert ids.tolist() == np.concatenate(expected).tolist()
    assert layout.lengths.tolist() == [len(e) for e in expected]


def objective(origin, hiding, tokens=None, epochs=4, share=0.15):
    network = Masker.over(origin)
    tokens = texts(origin) if tokens is None else tokens
    return HiddenWords(network, tokens, hiding, share=share, epochs=epochs, budget=200, seed=0)


@pytest.mark.parametrize("share", [0.15, 0.4])
def test_the_asked_share_of_the_words_of_a_row_is_hidden(origin, hiding, share, monkeypatch):
    asked = []
    hide = Hiding.hide
    monkeypatch.setattr(Hiding, "hide", lambda self, ids, n: asked.append((n, int((~self.special[ids]).sum()))) or hide(self, ids, n))
    found = objective(origin, hiding, share=share)
    assert all(found.loss(step).isfinite() for step in range(5))
    assert [n for n, _ in asked] == [round(share * words) for _, words in asked]


def test_the_loss_is_the_cross_entropy_of_the_hidden_words_given_what_is_shown(origin, hiding):
    found = objective(origin, hiding)
    found.network.eval()
    rows = found._rows.texts(0, 0)
    ids, layout = found._rows.read(rows)
    torch.manual_seed(1)
    loss = found.loss(0)
    torch.manual_seed(1)
    places, shown = hiding.hide(ids, round(0.15 * int((~hiding.special[ids]).sum())))
    guesses = found.network(shown, layout, places).log_softmax(1)
    torch.testing.assert_close(loss, -guesses[torch.arange(len(places)), ids[places]].mean())


def test_a_row_without_a_word_has_a_finite_loss(origin, hiding):
    assert objective(origin, hiding, origin.subwords().encode(("", ""), 64)).loss(0).isfinite()


def run(origin, hiding, journal, epochs=4):
    return pretrain(
        lambda: objective(origin, hiding, epochs=epochs), Recipe(learning_rate=3e-3), seed=0, mark="m", device=CPU, journal=journal
    )


def test_the_loss_falls(origin, hiding, notes):
    journal = notes()
    run(origin, hiding, journal, epochs=8)
    losses = [row["pretraining_loss"] for row in journal.rows]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_a_killed_pretraining_ends_with_the_same_weights(origin, hiding, notes, tmp_path, monkeypatch):
    whole = run(origin, hiding, notes()).weights
    monkeypatch.setattr(pretraining_state, "CHECKPOINT_SECONDS", -1.0)
    with pytest.raises(KeyboardInterrupt):
        run(origin, hiding, notes(tmp_path, stop_at=30))
    journal = notes(tmp_path)
    again = run(origin, hiding, journal).weights
    assert journal.rows[0]["step"] >= 30
    assert whole.keys() == again.keys()
    assert all(torch.equal(weight, again[name]) for name, weight in whole.items())
