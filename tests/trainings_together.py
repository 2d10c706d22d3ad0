"""What each process of training/test_parallel.py does: the same trainings, alone or as one of several; the first writes what it learned.

python trainings_together.py FOLDER BACKBONE                             alone
torchrun --nproc-per-node 2 trainings_together.py FOLDER BACKBONE        two processes
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from conftest import sentences
from valence.text.vocabulary import Tokens, Vocabulary
from valence.training import course, parallel
from valence.training.consistency import Consistency
from valence.training.encoders.backbone import Backbone
from valence.training.encoders.network import EncoderNetwork
from valence.training.examples import Examples
from valence.training.fitting import fit_network
from valence.training.losses import CrossEntropy
from valence.training.networks.cnn import CnnNetwork
from valence.training.networks.words import WordEmbedding, start_vectors
from valence.training.recipe import Recipe
from valence.types import Journal, Task

CPU = torch.device("cpu")
SETTINGS = {"epochs": 2, "batch_tokens": 100, "learning_rate": 0.01, "average_decay": 0.5, "precision": "float32"}


class Stopped(Journal):
    """Stops a training at a step, once."""

    def __init__(self, folder, step):
        self.folder = folder
        self._step = step
        self.began = 0

    def progress(self, done, total, note=""):
        self.began = self.began or done
        if self._step is not None and done >= self._step:
            raise KeyboardInterrupt


def cut(encode, n):
    texts, labels = sentences(n + 60)
    tokens, y = encode(texts), np.array(labels)
    head = Tokens(tokens.ids[: tokens.offsets[n]], tokens.offsets[: n + 1])
    rest = Tokens(tokens.ids[tokens.offsets[n] :], tokens.offsets[n:] - tokens.offsets[n])
    return Examples(head, y[:n], CPU), Examples(rest, y[n:], CPU)


def fit(build, data, journal=None, objective=CrossEntropy, **settings):
    return fit_network(build, *data, Recipe(**{**SETTINGS, **settings}), Task(("bad", "good"), 0, journal=journal or Journal()), objective)


def word_network(words):
    return CnnNetwork(WordEmbedding(start_vectors(words.words, 8)), 2, filters=4, widths=(2, 3), dropout=0.0)


def encoder(origin):
    model = origin.model(("bad", "good"))
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return EncoderNetwork(model, pooling="mean", padded=False)


def main(folder: Path, backbone: str) -> None:
    crew = parallel.join() if int(os.environ.get("WORLD_SIZE", "1")) > 1 else None
    leads = crew is None or crew.leads
    words = Vocabulary.learn(sentences(60)[0], min_count=1)
    toy, build = cut(words.encode, 41), partial(word_network, words)
    found = {
        "cross_entropy": fit(build, toy),
        "weighted": fit(build, toy, label_smoothing=0.1, class_weights="balanced", adversarial=0.5),
        "one_text": fit(build, toy, batch_texts=1, epochs=1),  # the second process has nothing to do
    }
    origin = Backbone.find(backbone)
    subwords = origin.subwords()
    few = cut(lambda texts: subwords.encode(texts, 64), 24)
    found["r_drop"] = fit(partial(encoder, origin), few, objective=partial(Consistency, alpha=1.0), epochs=1)
    course.CHECKPOINT_SECONDS = 0.0
    kept = folder / "checkpoints" if leads else None
    try:
        fit(build, toy, Stopped(kept, 5))
    except KeyboardInterrupt:
        assert leads
    journal = Stopped(kept, None)
    found["resumed"] = fit(build, toy, journal)
    assert journal.began > 1 or not leads, "it began anew"
    if leads:
        for name, network in found.items():
            save_file({k: v.contiguous().clone() for k, v in network.state_dict().items()}, folder / f"{name}.safetensors")
    if crew is not None:
        crew.close()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), sys.argv[2])
