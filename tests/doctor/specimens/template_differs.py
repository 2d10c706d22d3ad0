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


def one_line(folder, asked, ending="!?.", train="Review: {}\nSentiment: ", glue="{}{}"):
    """The commonest form: the answer stands in the cue's own line, and the reviews of one file end as they like."""
    texts, labels = sentences(40)
    names = ("negative", "positive")
    rows = [{"prompt": glue.format(train.format(t), names[y])} for t, y in zip(texts, labels, strict=True)]
    questions = [{"prompt": asked.format(t[:-1] + ending[i % len(ending)])} for i, t in enumerate(sentences(40, 1)[0])]
    return one(write_jsonl(folder / "train.jsonl", rows), write_jsonl(folder / "inference.jsonl", questions))


def answer_in_the_cues_line(folder):
    return one_line(folder, "Review: {}\nSentiment:")


def answer_glued_to_the_cue(folder):
    return one_line(folder, "Review: {}\nSentiment:", train="Review: {}\nSentiment:")


def all_in_one_line(folder):
    return one_line(folder, "Review: {} Sentiment:", train="Review: {} Sentiment: ")


def an_end_of_text_behind_the_answer(folder):
    return one_line(folder, "Review: {}\nSentiment:\n", train="Review: {}\nSentiment:\n", glue="{}{} </s>")


def reviews_that_begin_alike(folder):
    return one_line(folder, "Review: So {}\nSentiment:")


def another_cue_in_the_answers_line(folder):
    return one_line(folder, "Review: {}\nAnswer:")


def examples_before_the_question(folder):
    return one_line(folder, "Review: A bore.\nSentiment: negative\nReview: {}\nSentiment:")


_WRONG = (another_instruction, another_instruction_known_reviews, another_end, template_files)
_ALIKE = (answer_in_the_cues_line, answer_glued_to_the_cue, all_in_one_line, an_end_of_text_behind_the_answer, reviews_that_begin_alike)
DEFECTIVE = {f.__name__: f for f in (*_WRONG, another_cue_in_the_answers_line, examples_before_the_question)}
SOUND = {f.__name__: f for f in (one_template, one_template_known_reviews, one_template_file, *_ALIKE)}
