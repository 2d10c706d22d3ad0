"""The head for hidden words: transformers' own loss without padding, over every architecture; what goes on to the classifier."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from transformers import AutoModelForMaskedLM

from conftest import TINY_ENCODERS, sentences, tiny_encoder
from valence.training.encoders.backbone import Backbone
from valence.training.encoders.kinds import KINDS
from valence.training.encoders.layout import Layout
from valence.training.encoders.masked_words import FRESH_RATE, HEADS, Masker, take_over
from valence.training.encoders.network import EncoderNetwork
from valence.training.optimisation import build_optimizer
from valence.training.recipe import Recipe
from valence.training.trainer import quiet_transformers

CPU = torch.device("cpu")


@pytest.fixture(params=TINY_ENCODERS)
def origin(request):
    return Backbone.find(str(tiny_encoder(request.param)))


def masker(origin, **settings):
    torch.manual_seed(0)
    return Masker.over(origin, **settings).eval()


def packed(origin):
    """Return (tokens,) ids of texts of several lengths, their layout, and every fifth place."""
    tokens = origin.subwords().encode((*sentences(7)[0], "Fine.", "word " * 60, ""), 64)
    ids = torch.from_numpy(tokens.ids).long()
    return ids, Layout(tokens.lengths, CPU), torch.arange(2, len(ids), 5)


def stock_loss(network, ids, layout, places):
    """Return the loss that transformers' own class takes over the padded texts, its labels -100 wherever nothing is asked."""
    model = network.model
    if model.config._attn_implementation != "eager":
        model.set_attn_implementation("sdpa")
    inside = torch.arange(layout.longest) < torch.from_numpy(layout.lengths)[:, None]
    tokens = torch.full(inside.shape, model.config.pad_token_id).masked_scatter(inside, ids)
    asked = torch.full_like(ids, -100).scatter(0, places, ids[places])
    labels = torch.full(inside.shape, -100).masked_scatter(inside, asked)
    return model(input_ids=tokens, attention_mask=inside.long(), labels=labels).loss


def test_every_architecture_has_a_head():
    assert {name.replace("-", "_") for name in HEADS} == set(KINDS.names)


@torch.no_grad()
def test_the_loss_without_padding_is_that_of_transformers(origin):
    ids, layout, places = packed(origin)
    network = masker(origin)
    loss = F.cross_entropy(network(ids, layout, places), ids[places])
    torch.testing.assert_close(loss, stock_loss(network, ids, layout, places), atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_fresh_head_is_a_dense_layer_gelu_a_norm_the_word_vectors_and_a_bias():
    origin = Backbone.find(str(tiny_encoder("tiny-mpnet")))
    ids, layout, places = packed(origin)
    network = masker(origin).double()
    head, body = network.model.lm_head, network.model.mpnet
    head.bias.normal_()
    inside = torch.arange(layout.longest) < torch.from_numpy(layout.lengths)[:, None]
    padded = torch.ones(inside.shape, dtype=torch.long).masked_scatter(inside, ids)
    states = body(padded, attention_mask=inside.long()).last_hidden_state[inside][places]
    x = states @ head.dense.weight.T + head.dense.bias
    x = 0.5 * x * (1 + torch.erf(x / 2**0.5))
    x = (x - x.mean(1, keepdim=True)) / (x.var(1, correction=0, keepdim=True) + network.model.config.layer_norm_eps).sqrt()
    logits = (x * head.layer_norm.weight + head.layer_norm.bias) @ body.embeddings.word_embeddings.weight.T + head.bias
    torch.testing.assert_close(network(ids, layout, places), logits, atol=1e-9, rtol=0)


def test_no_text_sees_another(origin):
    ids, layout, _ = packed(origin)
    own = torch.arange(int(layout.lengths[0]))
    alone = masker(origin)(ids[own], Layout(layout.lengths[:1], CPU), own)
    torch.testing.assert_close(masker(origin)(ids, layout, own), alone, atol=1e-5, rtol=0)


def test_every_weight_gets_a_gradient(origin):
    ids, layout, places = packed(origin)
    network = masker(origin)
    F.cross_entropy(network(ids, layout, places), ids[places]).backward()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not still


def test_layers_computed_again_have_the_same_gradients():
    origin = Backbone.find(str(tiny_encoder("tiny-deberta")))
    ids, layout, places = packed(origin)
    gradients = []
    for recompute in (False, True):
        network = masker(origin, recompute=recompute).train()
        torch.manual_seed(3)
        network(ids, layout, places).logsumexp(1).sum().backward()
        gradients.append({name: p.grad for name, p in network.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, msg=name)


def test_a_head_in_the_file_is_read_and_a_missing_one_learns_faster(origin, tmp_path):
    bare = masker(origin)
    with quiet_transformers():
        bare.model.save_pretrained(tmp_path)
        whole = Masker.over(Backbone(str(tmp_path), str(tmp_path)))
    assert bare.fresh
    assert not whole.fresh
    assert all(torch.equal(weight, whole.state_dict()[name]) for name, weight in bare.state_dict().items())
    rates = {name: bare.rate_of(name) for name, _ in bare.named_parameters()}
    body = {name for name in rates if name.startswith(f"model.{bare.model.base_model_prefix}.")}
    assert {rates[name] for name in body} == {1.0}
    assert {rates[name] for name in rates.keys() - body} == {FRESH_RATE}
    assert {whole.rate_of(name) for name in rates} == {1.0}
    optimizer, _ = build_optimizer(bare, Recipe(learning_rate=1e-3, warmup_ratio=0), 10)
    assert sorted({round(group["initial_lr"], 9) for group in optimizer.param_groups}) == [0.001, 0.01]


def test_the_body_goes_into_the_classifier_and_its_head_stays_as_it_was(origin):
    network = EncoderNetwork(origin.model(("bad", "good")), pooling="first")
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    source = masker(origin)
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.add_(1.0)
    weights = source.state_dict()
    take_over(network, weights)
    for name, weight in network.state_dict().items():
        assert torch.equal(weight, weights.get(name, before[name])), name
    own = {name for name in before if name.removeprefix("model.").startswith(network.kind.head)}
    shared = weights.keys() & before.keys()
    parameters = {name for name, _ in network.named_parameters()}
    assert parameters - own <= shared, "all below the head is pretrained"
    assert own - shared, "the last layer is new"


def test_a_body_that_lacks_a_part_is_refused():
    origin = Backbone.find(str(tiny_encoder("tiny-bert")))
    weights = masker(origin).state_dict()
    del weights["model.bert.encoder.layer.1.output.dense.weight"]
    with pytest.raises(KeyError, match=r"layer\.1\.output\.dense\.weight"):
        take_over(EncoderNetwork(origin.model(("bad", "good")), pooling="first"), weights)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # the compiler looks at it
@pytest.mark.parametrize("compiled", [False, True])
def test_a_gpu_takes_the_loss_and_the_gradients_of_a_cpu(origin, compiled):
    ids, layout, places = packed(origin)
    one, other = masker(origin), masker(origin).cuda()
    expected = F.cross_entropy(one(ids, layout, places), ids[places])
    expected.backward()
    if compiled:
        other.compile()
    with torch.autocast("cuda", torch.bfloat16):
        logits = other(ids.cuda(), Layout(layout.lengths, torch.device("cuda")), places.cuda())
    loss = F.cross_entropy(logits.float(), ids[places].cuda())
    loss.backward()
    assert abs(loss.item() - expected.item()) < 0.05
    gradients = [torch.cat([p.grad.cpu().flatten() for p in network.parameters()]) for network in (one, other)]
    assert F.cosine_similarity(*gradients, dim=0) > 0.99


def test_plain_transformers_reads_the_same_words(origin):
    with quiet_transformers():
        stock = AutoModelForMaskedLM.from_pretrained(origin.place)
    names = [name for name in stock.state_dict() if name.startswith(stock.base_model_prefix + ".")]
    ours = masker(origin).state_dict()
    assert names
    assert all(np.array_equal(stock.state_dict()[name], ours[f"model.{name}"]) for name in names)
