"""The last digit anywhere in the text, taken for the answer."""

from doctor.building import one, write_csv


def rows(counted):
    said = ["0, since a 1 would need a better ending", "1. Not a 0 by any means"]
    return [{"id": i, "label": i % 2, "prediction": counted(i), "response": said[i % 2]} for i in range(100)]


def last_digit(folder):
    return one(write_csv(folder / "llm.csv", rows(lambda i: 1 - i % 2)))


def first_digit(folder):
    return one(write_csv(folder / "llm.csv", rows(lambda i: i % 2)))


def after_its_thoughts(folder):
    found = [{**row, "response": f"<think>0 or 1?</think> {row['prediction']}"} for row in rows(lambda i: i % 2)]
    return one(write_csv(folder / "llm.csv", found))


def stars(folder):
    """The labels are called 1 to 3: an answer "1" is the first of them, not the second."""
    return one(
        write_csv(
            folder / "llm.csv", [{"id": i, "label": i % 3 + 1, "prediction": i % 3 + 1, "response": f"{i % 3 + 1}."} for i in range(90)]
        )
    )


DEFECTIVE = {"last_digit": last_digit}
SOUND = {f.__name__: f for f in (first_digit, after_its_thoughts, stars)}
