import numpy as np
import pytest

from valence.errors import BadSetting
from valence.explain import explain

torch = pytest.importorskip("torch", reason="needs valence[torch]")
from valence.text.vocabulary import Vocabulary  # noqa: E402
from valence.training.classifier import NetworkClassifier  # noqa: E402
from valence.training.networks.pooling import Attention  # noqa: E402
from valence.training.networks.words import WordEmbedding, WordNetwork  # noqa: E402

LABELS = ("negative", "positive")


class Attending(WordNetwork):
    """Looks at the word whose vector's first number is large."""

    def __init__(self, embedding):
        super().__init__(embedding, embedding.dimension, 2, dropout=0.5)
        self.attention = Attention(embedding.dimension, 1)
        with torch.no_grad():
            self.attention.key.weight[:] = torch.tensor([[1.0, 0.0]])
            self.attention.key.bias.zero_()
            self.attention.query.weight[:] = 5.0

    def read(self, vectors, inside, lengths):
        return self.attention(vectors, inside)


def classifier():
    words = Vocabulary(("[PAD]", "[UNK]", "the", "wonderful", "film"))
    vectors = torch.tensor([[0.0, 0.0], [0.0, 1.0], [0.0, 1.0], [9.0, 1.0], [0.0, 1.0]])
    network = Attending(WordEmbedding(vectors))
    return NetworkClassifier(network, words, max_length=6, keep="head", device=torch.device("cpu"))


def test_weights_are_the_network_s_own_and_sum_to_one_over_the_words():
    found = explain(classifier(), "The WONDERFUL film", LABELS, method="attention")
    # scores 0, 5 tanh(9), 0: softmax gives e^5 / (e^5 + 2) = 0.98670 to the middle word
    np.testing.assert_allclose(found.scores, [0.00665, 0.9867, 0.00665], atol=1e-4)
    assert found.total == pytest.approx(1, abs=1e-6)
    assert not found.signed
    assert found.delta is None


def test_a_network_without_attention_refuses(cnn):
    with pytest.raises(BadSetting, match="no attention over the words"):
        explain(cnn, "A film", LABELS, method="attention")


def test_attention_is_never_taken_unasked():
    pytest.importorskip("captum", reason="needs valence[explain]")
    assert explain(classifier(), "The wonderful film", LABELS).method == "integrated_gradients"


def test_it_is_what_attention_lstm_says_itself():
    from valence.methods.attention_lstm import TINY, AttentionLstm

    torch.manual_seed(0)
    words = Vocabulary(("[PAD]", "[UNK]", "the", "wonderful", "film"))
    network = AttentionLstm(**TINY).build(WordEmbedding(torch.randn(5, 16)), 2).eval()
    fitted = NetworkClassifier(network, words, max_length=6, keep="head", device=torch.device("cpu"))
    found = explain(fitted, "The WONDERFUL film", LABELS, method="attention")
    with torch.no_grad():
        own = network.weights(torch.tensor([[2, 3, 4]]), torch.tensor([3]))[0]
    np.testing.assert_allclose(found.scores, own.numpy(), atol=1e-6)
