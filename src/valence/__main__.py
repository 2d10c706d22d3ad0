"""`python -m valence` is `valence`, for launchers that start modules."""

import sys

from valence.cli import main

if __name__ == "__main__":
    sys.exit(main())
