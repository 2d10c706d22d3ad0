"""The command `valence`: a dict of verbs, each a module of `valence.verbs` with a function `main(words)`.

Only the verb that was asked for is imported, so that `valence --help` answers at once.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence

VERBS = {
    "list": "what there is: methods, presets, datasets, sweeps, runs",
    "run": "run one preset, method or TOML file",
    "sweep": "run many; skips the finished ones, goes on after a failure",
    "board": "rank the runs; writes Markdown, CSV, HTML and figures",
    "compare": "paired tests between runs",
    "curve": "accuracy against the number of labelled texts",
    "combine": "make one run of several: vote, stacking, cascade",
    "calibrate": "how far a run's confidence can be trusted, and what makes it honest",
    "add": "put predictions made elsewhere on the board",
    "predict": "classify texts with a finished run",
    "serve": "a finished run behind HTTP, with a page to try it",
    "export": "a finished run for plain transformers, ONNX Runtime or Ollama",
    "audit": "duplicates, leaks and labels of a data set",
    "doctor": "known ways to a wrong number, in runs and in any script's outputs",
    "stress": "how a run holds up when texts are changed, or come from elsewhere",
    "explain": "which words decided, coloured on screen or as a page",
}

HELP = """Valence: train, compare and serve sentiment classifiers on one honest leaderboard.

usage: valence VERB ...

{verbs}

valence VERB --help tells more.      Try first: valence sweep quick --data movie_reviews && valence board
"""


def main(words: Sequence[str] | None = None) -> int:
    """Carry out a command line and return its exit code: 0 done, 1 a run failed, 2 a wrong request, 130 Ctrl-C."""
    # threads that spin while they wait take the core from the one they wait for, where another process runs too: on two cores,
    # one of them busy, `valence run cnn --data movie_reviews --n-train 4000 --epochs 3` fits in 30 s so, in 21 s asleep (idle: 12 s both)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = list(sys.argv[1:] if words is None else words)
    if not words or words[0] in {"-h", "--help", "help"}:
        print(HELP.format(verbs="\n".join(f"  {verb:9} {what}" for verb, what in VERBS.items())))
        return 0
    if words[0] in {"-V", "--version"}:
        from valence import __version__

        print(__version__)
        return 0
    from valence.errors import BadSetting, UnknownName, ValenceError
    from valence.machine import processes
    from valence.verbs._together import speaks

    try:
        if words[0] not in VERBS:
            raise UnknownName("verb", words[0], VERBS)
        if processes() > 1 and words[0] != "run":
            raise BadSetting(f"{processes()} processes were started together, and valence {words[0]} works in one. Start it by itself.")
        return int(importlib.import_module(f"valence.verbs.{words[0]}").main(words[1:]) or 0)
    except ValenceError as error:
        if speaks():
            print(f"valence: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        if speaks():
            print("\nvalence: stopped. What was finished is kept; the same command goes on from there.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `valence list | head`
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise  # not about a file of the user's
        where = f"{error.filename}: " if error.filename is not None else ""
        print(f"valence: {where}{error.strerror}. Check the path, its rights and the room on its disk.", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
