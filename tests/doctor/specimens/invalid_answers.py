"""An instruction-tuned model before tuning: seven valid answers of five hundred."""

from doctor.building import one, record, reviews, runs, scored, write_csv


def seven_of_five_hundred(folder):
    """Mistral before tuning: 7 of 500 answers name a label, 5 of them rightly; accuracy .01."""
    rows = [{"id": i, "label": 1, "prediction": 1 if i < 5 else 0, "response": "1" if i < 5 else "0"} for i in range(7)]
    rows += [{"id": i, "label": i % 2, "prediction": "", "response": "The review is about a film."} for i in range(7, 500)]
    return one(write_csv(folder / "mistral.csv", rows))


def counted_as_a_class(folder):
    rows = [{"id": i, "label": i % 2, "prediction": 0, "response": "I cannot say, 0 or 1?"} for i in range(40)]
    rows += [{"id": i, "label": i % 2, "prediction": i % 2, "response": str(i % 2)} for i in range(40, 100)]
    return one(write_csv(folder / "llm.csv", rows))


def a_run_of_ours(folder):
    split = scored(reviews(folder))
    said = tuple("It depends." if i % 3 == 0 else ("negative", "positive")[y] for i, y in enumerate(split.labels))
    return runs(folder, record("prompted", split, split.labels.astype(float), said))


def labels_of_another_language(folder):
    """No answer is a label of the data set: every one counts as wrong, and no other check says why."""
    lines = ["id,text,label,split"]
    lines += [f'{i},"A plain sentence, number {i}.",{("negative", "positive")[i % 2]},{"test" if i >= 40 else "train"}' for i in range(100)]
    (folder / "reviews.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = [{"id": i, "prediction": ("schlecht", "gut")[i % 2]} for i in range(40, 100)]
    return one(write_csv(folder / "german.csv", rows), data=str(folder / "reviews.csv"))


def all_valid(folder):
    rows = [{"id": i, "label": i % 2, "prediction": i % 2, "response": f"{i % 2}."} for i in range(100)]
    return one(write_csv(folder / "llm.csv", rows))


DEFECTIVE = {f.__name__: f for f in (seven_of_five_hundred, counted_as_a_class, a_run_of_ours, labels_of_another_language)}
SOUND = {"all_valid": all_valid}
