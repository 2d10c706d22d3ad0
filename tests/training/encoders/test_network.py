import numpy as np
import pytest
import torch

from conftest import TINY_ENCODERS, sentences, tiny_encoder
from valence.training.encoders import layout as layout_module
from valence.training.encoders.backbone import Backbone
from valence.training.encoders.layout import Frame, Layout, room_for
from valence.training.encoders.network import EncoderNetwork, means_by_sums
from valence.training.encoders.prefix import Prefix
from valence.training.encoders.prompt import EncodedPrompt, Prompt
from valence.training.examples import Examples

CPU = torch.device("cpu")
LENGTHS = ("Fine.", "word " * 100, "")


@pytest.fixture(params=TINY_ENCODERS)
def origin(request):
    return Backbone.find(str(tiny_encoder(request.param)))


def model(origin, seed=0):
    torch.manual_seed(seed)
    return origin.model(("bad", "good")).eval()


def network(origin, pooling="first", padded=False):
    return EncoderNetwork(model(origin), pooling=pooling, padded=padded).eval()


def batch(origin, texts=None, max_length=120):
    texts = (*sentences(9)[0], *LENGTHS) if texts is None else texts
    tokens = origin.subwords().encode(texts, max_length)
    return Examples(tokens, None, CPU).batch(np.arange(len(texts)))


def stock(origin, b, pooling):
    """Return the logits of transformers' own class over the padded batch."""
    own = model(origin)
    if own.config._attn_implementation != "eager":
        own.set_attn_implementation("sdpa")
    mask = (torch.arange(b.tokens.shape[1]) < b.lengths[:, None]).long()
    ids = torch.where(mask.bool(), b.tokens, own.config.pad_token_id)
    assert pooling == "first"
    if hasattr(own.config, "classifier_pooling"):
        own.config.classifier_pooling = "cls"
    with torch.no_grad():
        return own(input_ids=ids, attention_mask=mask).logits


@torch.no_grad()
def test_packed_logits_equal_those_of_transformers_over_padding(origin):
    b = batch(origin)
    torch.testing.assert_close(network(origin)(b.tokens, b.lengths), stock(origin, b, "first"), atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_the_padded_way_gives_the_same_logits(origin, pooling):
    b = batch(origin)
    packed, padded = (network(origin, pooling, way)(b.tokens, b.lengths) for way in (False, True))
    torch.testing.assert_close(packed, padded, atol=1e-5, rtol=0)


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_texts_within_a_room_get_the_logits_and_gradients_they_get_alone(origin, pooling):
    b = batch(origin)
    alone, within = network(origin, pooling), network(origin, pooling)
    expected = alone(b.tokens, b.lengths)
    expected.logsumexp(1).sum().backward()
    room = room_for(b.lengths.numpy(), 120)
    assert room.tokens > b.lengths.sum()
    with within.within(room):
        logits = within(b.tokens, b.lengths)
    logits.logsumexp(1).sum().backward()
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=0)
    other = dict(alone.named_parameters())
    for name, parameter in within.named_parameters():
        if other[name].grad is not None:
            torch.testing.assert_close(parameter.grad, other[name].grad, atol=2e-5, rtol=1e-4, msg=name)


def test_texts_read_twice_within_a_room_get_the_same_logits_twice(origin):
    b = batch(origin)
    net = network(origin)
    with torch.no_grad(), net.within(room_for(b.lengths.numpy(), 120)):
        first, second = net(torch.cat([b.tokens] * 2), torch.cat([b.lengths] * 2)).chunk(2)
        torch.testing.assert_close(first, second, atol=1e-5, rtol=0)
        torch.testing.assert_close(first, net(b.tokens, b.lengths), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("lengths", "most", "room"),
    [((1,), 40, (1, 512, 40)), ((200, 312), 400, (2, 512, 384)), ((200, 313), 400, (2, 1024, 384)), ((128,), 512, (1, 512, 128))],
    ids=str,
)
def test_a_room_is_the_next_larger_one(lengths, most, room):
    assert room_for(np.array(lengths), most) == room


@pytest.mark.parametrize("lengths", [(1,), (40, 3), (500,), (512,), (100, 400, 12)], ids=str)
def test_texts_behind_those_of_a_frame_fill_it_and_are_no_longer_than_its_longest(lengths):
    room = room_for(np.array(lengths), 512)
    frame = Frame(torch.tensor(lengths), room)
    assert frame.offsets[-1] == room.tokens
    assert frame.lengths.max() <= room.longest
    assert torch.equal(frame.offsets[: len(lengths) + 1], Layout(np.array(lengths), CPU).offsets)
    assert torch.equal(frame.order[: sum(lengths)], Layout(np.array(lengths), CPU).order)


def test_packed_gradients_equal_padded_gradients(origin):
    b = batch(origin)
    packed, padded = network(origin), network(origin, padded=True)
    for way in (packed, padded):
        way(b.tokens, b.lengths).logsumexp(1).sum().backward()
    other = dict(padded.named_parameters())
    seen = 0
    for name, parameter in packed.named_parameters():
        if other[name].grad is None:
            assert parameter.grad is None or not parameter.grad.any(), name
            continue
        seen += 1
        torch.testing.assert_close(parameter.grad, other[name].grad, atol=2e-5, rtol=1e-4, msg=name)
    assert seen > 10


def learned(origin, what):
    net = network(origin, "mean")
    torch.manual_seed(1)
    table = net.kind.words.weight
    if what == "prefix":
        net.prefix = Prefix(net.kind.depth, 3, net.kind.heads, net.kind.width)
    elif what == "prompt":
        net.prompt = Prompt(table, 5)
    elif what == "encoded prompt":
        net.prompt = EncodedPrompt(table, 5, 8, "lstm")
    return net.eval()


@torch.no_grad()
@pytest.mark.parametrize("what", ["nothing", "prefix", "prompt", "encoded prompt"])
def test_neighbours_padding_and_batch_size_change_no_logit(origin, what):
    net = learned(origin, what)
    texts = sentences(6)[0]
    b, wide = batch(origin, texts), batch(origin, (*texts, "word " * 110))
    together = net(b.tokens, b.lengths)
    torch.testing.assert_close(net(wide.tokens, wide.lengths)[:6], together, atol=1e-5, rtol=0)
    for i, text in enumerate(texts):
        alone = batch(origin, (text,))
        torch.testing.assert_close(net(alone.tokens, alone.lengths)[0], together[i], atol=1e-5, rtol=0)


@pytest.mark.parametrize("what", ["prefix", "prompt", "encoded prompt"])
def test_what_is_learned_reaches_every_layer_and_gets_a_gradient(origin, what):
    net = learned(origin, what)
    b = batch(origin)
    net(b.tokens, b.lengths)[:, 0].sum().backward()
    added = {n: p for n, p in net.named_parameters() if n.startswith(("prefix", "prompt"))}
    assert added
    for name, parameter in added.items():
        assert parameter.grad is not None, name
        if what != "prefix":
            assert parameter.grad.abs().sum() > 0, name
    if what == "prefix":
        gradient = net.prefix.inputs.grad.view(3, net.kind.depth, 2, -1)
        assert (gradient.abs().sum(dim=(0, 3)) > 0).all(), "keys and values of each layer"


def test_the_first_token_pooled_is_the_texts_own_behind_virtual_ones(origin):
    net = network(origin)
    net.prompt = Prompt(net.kind.words.weight, 4)
    seen = []
    net.kind.represent = lambda pooled: seen.append(pooled) or pooled
    net.kind.classify = lambda features: features
    net.kind.layer = lambda index, hidden, *_: hidden
    b = batch(origin, ("Fine.", "A joy."))
    net(b.tokens, b.lengths)
    bare = network(origin)
    bare.kind.represent, bare.kind.classify, bare.kind.layer = net.kind.represent, net.kind.classify, net.kind.layer
    bare(b.tokens, b.lengths)
    # without layers a state is its own token's embedding: the pooled one is that of <s>, no virtual token's
    torch.testing.assert_close(seen[0], seen[1], atol=1e-6, rtol=0)


@torch.no_grad()
def test_the_mean_pooled_is_of_the_texts_own_tokens_behind_virtual_ones(origin):
    net, bare = network(origin, "mean"), network(origin, "mean")
    net.prompt = Prompt(net.kind.words.weight, 4)
    b = batch(origin, ("Fine.", "A joy, from the plot on."))
    for each in (net, bare):
        each.kind.layer = lambda index, hidden, *_: hidden
    torch.testing.assert_close(net.pooled(b.tokens, b.lengths), bare.pooled(b.tokens, b.lengths), atol=1e-6, rtol=0)


def test_an_adversary_sees_the_same_logits_through_word_vectors(origin):
    net, b = network(origin), batch(origin)
    through = net.classify(net.embed(b.tokens), b.tokens, b.lengths)
    torch.testing.assert_close(through, net(b.tokens, b.lengths), atol=1e-6, rtol=0)


def test_levels_rise_from_embeddings_to_head(origin):
    net = network(origin)
    levels = {name: net.kind.level_of(name.removeprefix("model.")) for name, _ in net.named_parameters()}
    assert min(levels.values()) == 0
    assert {n for n, level in levels.items() if level == net.kind.depth + 1} == {
        n for n in levels if n.removeprefix("model.").startswith(net.kind.head)
    }
    if net.model.config.model_type != "albert":
        assert set(levels.values()) == set(range(net.kind.depth + 2))


def test_checkpointing_layers_changes_no_gradient(origin):
    b = batch(origin)
    grads = []
    for recompute in (False, True):
        net = network(origin)
        net.recompute = recompute
        net.train()
        torch.manual_seed(3)
        net(b.tokens, b.lengths).sum().backward()
        grads.append([p.grad for p in net.parameters() if p.grad is not None])
    for first, second in zip(*grads, strict=True):
        torch.testing.assert_close(first, second)


def test_a_training_goes_on_over_texts_as_long_as_a_prediction_met_first(origin):
    b, net = batch(origin), network(origin)
    with torch.inference_mode():
        predicted = net(b.tokens, b.lengths)
    logits = net(b.tokens, b.lengths)
    logits.sum().backward()
    torch.testing.assert_close(logits.detach(), predicted.clone())


@torch.no_grad()
def test_rectangles_with_sides_of_whole_vectors_change_no_logit(origin, monkeypatch):
    b = batch(origin)
    plain = network(origin)(b.tokens, b.lengths)
    made = Layout.__init__

    def aligned(self, *args, **kwargs):
        made(self, *args, **kwargs)
        self.aligned = 8

    monkeypatch.setattr(Layout, "__init__", aligned)
    torch.testing.assert_close(network(origin)(b.tokens, b.lengths), plain, atol=1e-5, rtol=0)


@torch.no_grad()
def test_texts_cut_into_small_parts_change_no_logit(origin, monkeypatch):
    b = batch(origin)
    plain = network(origin)(b.tokens, b.lengths)
    monkeypatch.setattr(layout_module, "CPU_SCORES", 500)
    torch.testing.assert_close(network(origin)(b.tokens, b.lengths), plain, atol=1e-5, rtol=0)


def test_means_by_sums_are_those_of_segments():
    rows, lengths = torch.randn(9, 4), torch.tensor([2, 1, 6])
    expected = torch.stack([rows[:2].mean(0), rows[2], rows[3:].mean(0)])
    torch.testing.assert_close(means_by_sums(rows, lengths), expected)
    torch.testing.assert_close(torch.segment_reduce(rows, "mean", lengths=lengths), expected)
