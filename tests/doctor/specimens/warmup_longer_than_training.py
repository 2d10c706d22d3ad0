"""500 steps of warm-up, 3 steps of training."""

from doctor.building import one, write_json

ARGUMENTS = {"num_train_epochs": 3, "per_device_train_batch_size": 2, "gradient_accumulation_steps": 8, "learning_rate": 2e-4}


def three_steps(folder):
    """The SST-2 curve at N = 16: 16 texts in batches of 2 times 8, 3 epochs."""
    return one(write_json(folder / "training_args.json", {**ARGUMENTS, "warmup_steps": 500}), n_train=16)


def toml(folder):
    path = folder / "arguments.toml"
    path.write_text("warmup_steps = 500\nmax_steps = 300\nlearning_rate = 2e-5\n", encoding="utf-8")
    return one(path)


def rose_to_the_end(folder):
    log = [{"step": s, "loss": 0.69 - s / 1e4, "learning_rate": s * 4e-8} for s in range(10, 300, 10)]
    return one(write_json(folder / "trainer_state.json", {"max_steps": 300, "log_history": log}))


def most_of_it(folder):
    return one(write_json(folder / "training_args.json", {"warmup_steps": 500, "max_steps": 800}))


def a_tenth(folder):
    return one(write_json(folder / "training_args.json", {**ARGUMENTS, "warmup_ratio": 0.1}), n_train=6920)


def rose_and_fell(folder):
    rates = [min(s / 30, (300 - s) / 270) * 2e-5 for s in range(10, 300, 10)]
    log = [{"step": 10 * i, "loss": 0.69 - i / 60, "learning_rate": r} for i, r in enumerate(rates, start=1)]
    return one(write_json(folder / "trainer_state.json", {"max_steps": 300, "log_history": log}))


DEFECTIVE = {f.__name__: f for f in (three_steps, toml, rose_to_the_end, most_of_it)}
SOUND = {f.__name__: f for f in (a_tenth, rose_and_fell)}
