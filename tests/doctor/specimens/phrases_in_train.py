"""A random split of phrases."""

from conftest import sentences
from doctor.building import answers, good, one, scored, sound_answers, write_csv


def random_split(folder):
    """As SST-2's train is: a sentence, and phrases of it, with the sentence's label."""
    pairs = list(zip(*sentences(60), strict=True))
    rows = [{"id": f"t{i}", "text": t, "label": y, "split": "test"} for i, (t, y) in enumerate(pairs)]
    rows += [{"id": f"p{i}", "text": " ".join(t.split()[:5]), "label": y, "split": "train"} for i, (t, y) in enumerate(pairs)]
    path = write_csv(folder / "phrases.csv", rows)
    split = scored(path)
    return one(answers(folder, split.ids, good(split.labels)), data=path)


DEFECTIVE = {"random_split": random_split}
SOUND = {"sentences_apart": sound_answers}
