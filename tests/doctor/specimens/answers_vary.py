"""Dropout left on."""

import numpy as np

from doctor.building import model


def network(training):
    torch = __import__("torch")
    torch.manual_seed(0)
    layers = torch.nn.Sequential(torch.nn.Linear(26, 32), torch.nn.Dropout(0.5), torch.nn.Linear(32, 2), torch.nn.Softmax(dim=-1))
    layers.train(training)

    def predict(texts):
        counts = np.array([[t.lower().count(c) for c in "abcdefghijklmnopqrstuvwxyz"] for t in texts], dtype=np.float32)
        with torch.inference_mode():
            return layers(torch.from_numpy(counts)).double().numpy()

    return predict


def eval_never_called(folder):
    """`bert_native` of the original document."""
    return model(network(training=True))


def dropout_off(folder):
    return model(network(training=False))


DEFECTIVE = {"eval_never_called": eval_never_called}
SOUND = {"dropout_off": dropout_off}
