"""Reviews cut by characters."""

from conftest import sentences
from doctor.building import one, write_jsonl


def prompts(folder, cut):
    texts = [" ".join(sentences(20, seed=s)[0]) for s in range(12)]
    return one(write_jsonl(folder / "inference.jsonl", [{"prompt": f"Review: {cut(t)}\nAnswer:", "review": t} for t in texts]))


def by_characters(folder):
    return prompts(folder, lambda t: t[: int(0.45 * len(t))])


def whole(folder):
    return prompts(folder, lambda t: t)


DEFECTIVE = {"by_characters": by_characters}
SOUND = {"whole": whole}
