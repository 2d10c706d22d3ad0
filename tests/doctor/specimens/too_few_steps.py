"""Three steps."""

from doctor.building import one, write_json

ARGUMENTS = {"num_train_epochs": 3, "per_device_train_batch_size": 16, "learning_rate": 2e-4, "warmup_ratio": 0.06}


def three(folder):
    return one(write_json(folder / "training_args.json", ARGUMENTS), n_train=16)


def thirty(folder):
    return one(write_json(folder / "training_args.json", {"max_steps": 30, "warmup_steps": 3}))


def thousand(folder):
    return one(write_json(folder / "training_args.json", ARGUMENTS), n_train=6920)


DEFECTIVE = {f.__name__: f for f in (three, thirty)}
SOUND = {"thousand": thousand}
