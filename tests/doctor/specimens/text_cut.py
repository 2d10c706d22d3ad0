"""Reviews of two hundred words under a limit of fifty."""

from conftest import sentences
from doctor.building import one, write_csv


def plan(folder, *, words, limit, keep="head+tail"):
    rows = []
    for i, (text, label) in enumerate(zip(*sentences(80), strict=True)):
        long = " ".join([text] * (words // len(text.split()) + 1))
        rows.append({"id": i, "text": f"{i} {long}", "label": label, "split": "test" if i > 50 else "train"})
    path = write_csv(folder / "long.csv", rows)
    file = folder / "plan.toml"
    file.write_text(f'method = "cnn"\nmax_length = {limit}\nkeep = "{keep}"\ndata = "{path.as_posix()}"\n', encoding="utf-8")
    return one(file)


def a_quarter_is_read(folder):
    return plan(folder, words=200, limit=50)


def every_end_is_lost(folder):
    return plan(folder, words=100, limit=100, keep="head")


def whole(folder):
    return plan(folder, words=100, limit=400)


DEFECTIVE = {f.__name__: f for f in (a_quarter_is_read, every_end_is_lost)}
SOUND = {"whole": whole}
