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


def all_valid(folder):
    rows = [{"id": i, "label": i % 2, "prediction": i % 2, "response": f"{i % 2}."} for i in range(100)]
    return one(write_csv(folder / "llm.csv", rows))


DEFECTIVE = {f.__name__: f for f in (seven_of_five_hundred, counted_as_a_class, a_run_of_ours)}
SOUND = {"all_valid": all_valid}
