"""Prompts formatted again in one process, the answer in them."""

from conftest import sentences
from doctor.building import one, write_jsonl

TEMPLATE = "Return 0 for negative and 1 for positive.\n### Input:\n{}\n### Response:\n"


def rows(end, **more):
    texts, labels = sentences(40)
    return [{"prompt": TEMPLATE.format(t) + end(y), "review": t, "label": y, **more} for t, y in zip(texts, labels, strict=True)]


def formatted_twice(folder):
    return one(write_jsonl(folder / "inference.jsonl", rows(lambda y: f"{y}</s>")))


def without_true_labels(folder):
    found = [{"prompt": row["prompt"]} for row in rows(lambda y: f"{y}<eos>")]
    return one(write_jsonl(folder / "inference.jsonl", found))


def chat(folder):
    texts, labels = sentences(40)
    found = [
        {"messages": [{"role": "user", "content": t}, {"role": "assistant", "content": ("negative", "positive")[y]}]}
        for t, y in zip(texts, labels, strict=True)
    ]
    return one(write_jsonl(folder / "test_prompts.jsonl", found))


def scored_text_among_the_examples(folder):
    found = [{**row, "prompt": f"{row['review']} => {row['label']}\n{row['prompt']}"} for row in rows(lambda y: "")]
    return one(write_jsonl(folder / "inference.jsonl", found))


def no_answer(folder):
    return one(write_jsonl(folder / "inference.jsonl", rows(lambda y: "")))


def the_template_ends_in_a_label(folder):
    return one(write_jsonl(folder / "inference.jsonl", rows(lambda y: "Answer 0 or 1: ")))


DEFECTIVE = {f.__name__: f for f in (formatted_twice, without_true_labels, chat, scored_text_among_the_examples)}
SOUND = {f.__name__: f for f in (no_answer, the_template_ends_in_a_label)}
