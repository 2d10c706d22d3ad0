"""NaN from epoch 5."""

from doctor.building import one, record, reviews, runs, scored, write_json


def own_log(folder):
    """`lstm` of the original document: Adam at 0.05, NaN from epoch 5."""
    lines = [f"epoch {e}: train loss {'nan' if e > 4 else 0.69 + e / 10} val_acc 0.5" for e in range(10)]
    path = folder / "lstm.log"
    path.write_text("\n".join(lines), encoding="utf-8")
    return one(path)


def trainer(folder):
    log = [{"step": s, "loss": float("nan") if s > 40 else 0.6, "epoch": s / 10} for s in range(10, 100, 10)]
    return one(write_json(folder / "trainer_state.json", {"max_steps": 100, "log_history": log}))


def printed_dictionaries(folder):
    path = folder / "out.log"
    path.write_text("{'loss': 0.69, 'epoch': 1.0}\n{'loss': nan, 'epoch': 2.0}\n", encoding="utf-8")
    return one(path)


def finite(folder):
    log = [{"step": s, "loss": 0.7 - s / 200} for s in range(10, 100, 10)]
    return one(write_json(folder / "trainer_state.json", {"max_steps": 100, "log_history": log}))


def a_run_of_ours(folder):
    split = scored(reviews(folder))
    history = [{"step": s, "loss": 0.7 - s / 200, "valid_accuracy": 0.8 + s / 1000, "valid_loss": 0.3} for s in range(10, 100, 10)]
    return runs(folder, record("cnn", split, split.labels * 0.8 + 0.1), histories={"cnn": history})


DEFECTIVE = {f.__name__: f for f in (own_log, trainer, printed_dictionaries)}
SOUND = {f.__name__: f for f in (finite, a_run_of_ours)}
