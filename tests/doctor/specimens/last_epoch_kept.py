"""Ten epochs, the third was the best."""

from doctor.building import one, write_json

BEST_THIRD = [0.80, 0.86, 0.91, 0.90, 0.87, 0.85]


def state(folder, accuracies, **more):
    log = [{"step": 100 * i, "eval_accuracy": a, "epoch": i} for i, a in enumerate(accuracies, start=1)]
    losses = [{"step": 100 * i - 50, "loss": 0.7 / i} for i in range(1, len(accuracies) + 1)]
    return write_json(folder / "trainer_state.json", {"max_steps": 600, "log_history": [*losses, *log], **more})


def last_of_ten(folder):
    return one(state(folder, BEST_THIRD))


def by_loss(folder):
    log = [{"step": i, "eval_loss": v} for i, v in enumerate([0.5, 0.3, 0.4, 0.8], start=1)]
    return one(write_json(folder / "trainer_state.json", {"max_steps": 4, "log_history": log}))


def own_log(folder):
    path = folder / "gru.log"
    path.write_text("\n".join(f"epoch {i} loss {0.7 / i:.3f} valid acc {a}" for i, a in enumerate(BEST_THIRD, start=1)), encoding="utf-8")
    return one(path)


def best_loaded(folder):
    arguments = {"load_best_model_at_end": True, "warmup_ratio": 0.06, "max_steps": 600}
    return one(state(folder, BEST_THIRD, best_model_checkpoint="checkpoint-300"), write_json(folder / "args.json", arguments))


def last_was_best(folder):
    return one(state(folder, sorted(BEST_THIRD)))


DEFECTIVE = {f.__name__: f for f in (last_of_ten, by_loss, own_log)}
SOUND = {f.__name__: f for f in (best_loaded, last_was_best)}
