"""One template to train, another to ask."""

from conftest import sentences
from doctor.building import one, write_jsonl

TEMPLATE = "### Instruction:\nIs the review positive (1) or negative (0)?\n### Input:\n{}\n### Response:\n"
OTHER = "Answer with 0 or 1.\n\nReview: {}\nAnswer:"


def prompts(folder, name, template, *, answered, reviews=False):
    texts, labels = sentences(40)
    rows = [{"prompt": template.format(t) + (f"{y}</s>" if answered else "")} for t, y in zip(texts, labels, strict=True)]
    if reviews:
        rows = [{**row, "review": t} for row, t in zip(rows, texts, strict=True)]
    return write_jsonl(folder / name, rows)


def jsonl(folder, asked, reviews=False):
    train = prompts(folder, "train.jsonl", TEMPLATE, answered=True, reviews=reviews)
    return one(train, prompts(folder, "inference.jsonl", asked, answered=False, reviews=reviews))


def another_instruction(folder):
    return jsonl(folder, OTHER)


def another_instruction_known_reviews(folder):
    return jsonl(folder, OTHER, reviews=True)


def another_end(folder):
    return jsonl(folder, TEMPLATE.replace("### Response:\n", "### Response:\n<think>\n"))


def template_files(folder):
    (folder / "train_template.txt").write_text(TEMPLATE, encoding="utf-8")
    (folder / "inference_template.txt").write_text(OTHER, encoding="utf-8")
    return one(folder / "train_template.txt", folder / "inference_template.txt")


def one_template(folder):
    return jsonl(folder, TEMPLATE)


def one_template_known_reviews(folder):
    return jsonl(folder, TEMPLATE, reviews=True)


def one_template_file(folder):
    (folder / "train_template.txt").write_text(TEMPLATE.replace("{}", "{review}"), encoding="utf-8")
    (folder / "inference_template.txt").write_text(TEMPLATE, encoding="utf-8")
    return one(folder / "train_template.txt", folder / "inference_template.txt")


DEFECTIVE = {f.__name__: f for f in (another_instruction, another_instruction_known_reviews, another_end, template_files)}
SOUND = {f.__name__: f for f in (one_template, one_template_known_reviews, one_template_file)}
