"""GLUE's test labels, all -1."""

from doctor.building import one, reviews, sound_answers, write_csv


def glue_test(folder):
    rows = [{"id": i, "label": -1, "prediction": i % 2} for i in range(100)]
    return one(write_csv(folder / "glue.csv", rows))


def a_plan_on_them(folder):
    table = [{"id": i, "text": f"sentence number {i} of many", "label": i % 2, "split": "train"} for i in range(40)]
    table += [{"id": i, "text": f"withheld sentence number {i}", "label": -1, "split": "test"} for i in range(40, 60)]
    path = write_csv(folder / "glue.csv", table)
    plan = folder / "plan.toml"
    plan.write_text(f'method = "tfidf_linear"\ndata = "{path.as_posix()}"\n', encoding="utf-8")
    return one(plan)


def a_plan_on_labels(folder):
    path = reviews(folder)
    plan = folder / "plan.toml"
    plan.write_text(f'method = "tfidf_linear"\ndata = "{path.as_posix()}"\n', encoding="utf-8")
    return one(plan)


DEFECTIVE = {f.__name__: f for f in (glue_test, a_plan_on_them)}
SOUND = {f.__name__: f for f in (sound_answers, a_plan_on_labels)}
