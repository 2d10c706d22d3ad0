"""An experiment says what is to be run: a method with its settings, the data, how much of it, the seed.

It is written flat everywhere: on the command line, in TOML and in Python a method's settings stand beside `data`,
`n_train` and `seed`.

    valence run cnn --data imdb --n-train 5000 --seed 3 --max-length 400
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, SerializeAsAny, ValidationError, field_serializer, field_validator, model_validator

from valence.data import DATASETS
from valence.errors import BadSetting, UnknownName
from valence.methods import METHODS
from valence.types import Method, Settings, Split

COLUMNS = ("text_column", "label_column", "id_column")


class Experiment(Settings):
    """All that decides the figures of a run."""

    method: SerializeAsAny[Method]
    """The method and its settings."""
    preset: str = ""
    """Name of the preset the settings came from; empty when there was none."""
    data: str = "imdb"
    """A data set's name, or the path of a CSV, TSV, JSONL or Parquet file."""
    n_train: PositiveInt | None = None
    """How many labelled training texts may be used, those kept for validation included; all when not given."""
    per_class: PositiveInt | None = None
    """The same number of labelled training texts of each class, as in few-shot studies, in place of `n_train`."""
    seed: NonNegativeInt = 0
    """Everything random follows from it: the sample, the held-out part, the weights, the order of training."""
    score_on: Literal["test", "dev"] = "test"
    """The split whose predictions are kept and scored."""
    valid_fraction: float = Field(default=0.1, gt=0, lt=1)
    """Share of the training texts held out for early stopping and every other choice."""
    text_column: str | None = None
    """Column of a table that holds the texts; found by its name when not given."""
    label_column: str | None = None
    """Column of a table that holds the labels; found by its name when not given."""
    id_column: str | None = None
    """Column of a table that holds the ids; found by its name when not given, else the row number."""

    @field_validator("method", mode="before")
    @classmethod
    def _method_by_name(cls, value: object) -> object:
        if isinstance(value, str):
            return METHODS.find(value)()
        if isinstance(value, dict):
            settings = dict(value)
            return METHODS.find(settings.pop("name"))(**settings)
        return value

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.n_train is not None and self.per_class is not None:
            raise BadSetting(f"n_train = {self.n_train} and per_class = {self.per_class} were both given. Give one of them.")
        return self

    @field_serializer("method")
    def _method_with_name(self, method: Method) -> dict[str, Any]:
        return {"name": method.name(), **method.model_dump(mode="json")}

    @property
    def title(self) -> str:
        """What the board calls it: the preset's name, else the method's."""
        return self.preset or self.method.name()

    @property
    def data_title(self) -> str:
        """The data set's name; of a path only the file's name without its ending."""
        return data_title(self.data)

    def differences(self) -> dict[str, Any]:
        """Return the settings that differ from the defaults, flat, without the seed and the preset's name."""
        outer = self.model_dump(mode="json", exclude_defaults=True, exclude={"method", "preset", "seed"})
        if is_path(self.data):
            outer["data"] = Path(self.data).resolve().as_posix()
        return {"method": self.method.name(), **outer, **self.method.model_dump(mode="json", exclude_defaults=True)}

    @property
    def group(self) -> str:
        """Eight hex digits shared by the runs that differ by their seed only."""
        return _digest(self.differences())

    @property
    def id(self) -> str:
        """The run's name: readable parts, then a hash of the settings that differ from the defaults.

        A field added later with a default leaves the ids of old runs as they are.
        """
        size = f"k{self.per_class}" if self.per_class is not None else f"n{'all' if self.n_train is None else self.n_train}"
        return f"{self.title}--{self.data_title}--{size}--s{self.seed}--{_digest({**self.differences(), 'seed': self.seed})}"

    def budget(self, train: Split) -> tuple[Split, Split]:
        """Return what may be trained on and what is held out to validate, out of the data set's training texts.

        Raises:
            BadSetting: there are fewer texts than asked for.
        """
        from valence.data.subsample import hold_out, sample_per_class, subsample

        if self.n_train is not None:
            train = subsample(train, self.n_train, seed=self.seed)
        elif self.per_class is not None:
            train = sample_per_class(train, self.per_class, seed=self.seed)
        return hold_out(train, self.valid_fraction, seed=self.seed)

    def command(self) -> str:
        """Return the command line that runs this experiment."""
        flags = {k: v for k, v in self.differences().items() if k != "method"}
        known = self.preset in preset_files()  # the title of a TOML file is no word of the command line
        if known:
            base = flat(self.preset)
            own = {**self.model_dump(mode="json"), **self.method.model_dump(mode="json")}
            back = {k: own[k] for k in base if k not in flags and k in own and k not in {"method", "preset", "seed"}}
            flags = {k: v for k, v in (flags | back).items() if base.get(k) != v}
        words = [word for k, v in flags.items() for word in _flag(k.replace("_", "-"), v)]
        name = self.preset if known else self.method.name()
        return shlex.join(["valence", "run", name or "", *words, *(["--seed", str(self.seed)] if self.seed else [])])


def _flag(name: str, value: object) -> list[str]:
    """Return the words of the command line that set `name`."""
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    return [f"--{name}", *map(str, value)] if isinstance(value, list) else [f"--{name}", str(value)]


def _digest(value: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=4).hexdigest()


def is_path(data: str) -> bool:
    """Tell a file from a data set's name: a name has neither dot nor slash."""
    return not re.fullmatch(r"[A-Za-z0-9_]+", data)


def data_title(data: str) -> str:
    """Return the name used in run ids and file names: letters, digits and underscores; a file never takes a data set's name."""
    if not is_path(data):
        return data
    stem = re.sub(r"\W+", "_", Path(data).name.split(".")[0]) or "data"
    return f"{stem}_file" if stem in DATASETS.names else stem


# ---------------------------------------------------------------- presets

PRESETS = Path(__file__).parent / "presets"
ABOUT = ("about", "seed_accuracy", "was_wrong", "measured_as")
"""Keys that set nothing: what a preset is; the original document's figure, what was wrong with it, and the board rows it is measured as."""


def preset_files() -> dict[str, Path]:
    """Return every preset by name; sweeps are not presets."""
    return {p.stem: p for p in sorted(PRESETS.rglob("*.toml")) if p.parent.name != "sweeps"}


def joined(shared: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sweep table's settings over those above all tables; a preset there gives way to a table's method too."""
    names = {"preset", "method"}
    return {k: v for k, v in shared.items() if not (k in names and names & table.keys())} | dict(table)


def spanned(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the settings of a sweep table, every value alone: a list spans a grid."""
    axes = [value if isinstance(value, list) else [value] for value in table.values()]
    for values in itertools.product(*axes):
        yield dict(zip(table, values, strict=True))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        BadSetting: it is not there or not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadSetting(f"No file {str(path)!r}. Give a preset, a method, or the path of a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} is not valid TOML: {error}.") from None


def flat(name: str) -> dict[str, Any]:
    """Return the flat settings behind a preset's name, a method's name or a TOML file, with `method` among them.

    Raises:
        UnknownName: no preset and no method is called so.
    """
    presets = preset_files()
    if name.endswith(".toml"):
        settings = read_toml(Path(name))
        settings.setdefault("preset", Path(name).stem)
    elif name in presets:
        settings = {"preset": name, **read_toml(presets[name])}
    elif name in METHODS.names:
        return {"method": name}
    else:
        raise UnknownName("preset or method", name, {*presets, *METHODS.names})
    if isinstance(settings.get("runs"), list):
        raise BadSetting(f"{name} holds tables [[runs]]: it is a sweep. Run it with: valence sweep {name}")
    if "method" not in settings:
        raise BadSetting(f'{name} names no method. Add a line such as: method = "cnn"')
    return settings


def about(name: str) -> dict[str, Any]:
    """Return what a preset says about itself, where it says it: the keys `ABOUT`."""
    if name not in preset_files():
        return {}
    settings = read_toml(preset_files()[name])
    return {k: settings[k] for k in ABOUT if k in settings}


def experiment(name: str, **settings: Any) -> Experiment:  # noqa: ANN401 - flat settings have each their own type
    """Build an experiment from a preset, a method or a TOML file, and flat settings that override it.

    Raises:
        UnknownName: no preset and no method is called so, or a setting belongs to neither; the nearest is named.
        BadSetting: a value outside its range.
    """
    merged = {k: v for k, v in {**flat(name), **settings}.items() if k not in ABOUT}
    method = METHODS.find(str(merged.pop("method")))
    outer = {k: merged.pop(k) for k in list(merged) if k in Experiment.model_fields}
    for key in merged:
        if key not in method.model_fields:
            raise UnknownName(f"setting of {method.name()}", key, {*method.model_fields, *Experiment.model_fields} - {"method", "preset"})
    return _validated(lambda: Experiment(method=method(**merged), **outer), name)


def _validated(build: Any, name: str) -> Experiment:  # noqa: ANN401
    try:
        return build()  # type: ignore[no-any-return]
    except ValidationError as error:
        first = error.errors()[0]
        said = first["msg"].removeprefix("Value error, ")
        # settings that do not go together: the words name them, and the input is all there are
        one = ".".join(str(part) for part in first["loc"])
        raise BadSetting(f"{name}: {one} = {first['input']!r} cannot be: {said}." if one else f"{name}: {said}.") from None
