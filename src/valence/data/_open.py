"""Open a user's file: compression by its ending, encoding by its byte order mark, and every way to fail told in one line."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from valence.errors import BadData

# UTF-32 goes before UTF-16: its little-endian mark begins with the other's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
PACKED = (".gz", ".zst")
"""Endings of compressed files that are read as they are."""
_HEAD = 4096


def ending(path: Path) -> str:
    """Return the ending that tells the format, in small letters: `.csv` for reviews.csv.gz."""
    bare = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return bare.suffix.lower()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what can go wrong with a file into BadData: missing, a folder, not allowed, cut short, not UTF-8."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise BadData(_wrong_encoding(path, error)) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadData(f"{path.name} is damaged or cut short ({error}). Copy or download it again.") from error
    except FileNotFoundError:
        raise BadData(f"There is no file {path} (looked in {Path.cwd()}). Check the path.") from None
    except OSError as error:
        what = "is a folder, not a file" if path.is_dir() else f"cannot be read ({error.strerror or error})"
        raise BadData(f"{path} {what}.") from error


def open_text(path: Path) -> TextIO:
    """Open for reading with line ends as they are; decoding fails late, at the first bad byte, so wrap the use in `reading`.

    Raises:
        BadData: the file is empty, or is UTF-16 without a byte order mark.
    """
    with _open_bytes(path) as stream:
        head = stream.read(_HEAD)
    if not head:
        raise BadData(f"{path.name} is empty. Expected a header and at least one row.")
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
    if encoding == "utf-8" and head.count(0) > len(head) // 4:
        raise BadData(f"{path.name} looks like UTF-16 without a byte order mark. {_convert(path, 'UTF-16LE')}")
    return io.TextIOWrapper(_open_bytes(path), encoding=encoding, newline="")


def _open_bytes(path: Path) -> BinaryIO:
    kind = path.suffix.lower()
    if kind == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if kind == ".zst":
        import pyarrow as pa

        return io.BufferedReader(pa.input_stream(str(path), compression="zstd"))
    return path.open("rb")


def _wrong_encoding(path: Path, error: UnicodeDecodeError) -> str:
    if error.encoding not in {"utf-8", "utf-8-sig"}:
        return f"{path.name} starts like {error.encoding} and is not: {error.reason}. Save it as UTF-8."
    with _open_bytes(path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as found:
                byte = f"byte 0x{line[found.start]:02x} at line {number}, position {found.start + 1}"
                return f"{path.name} is not UTF-8: {byte}. {_convert(path, 'WINDOWS-1252')}"
    return f"{path.name} is not UTF-8. {_convert(path, 'WINDOWS-1252')}"


def _convert(path: Path, encoding: str) -> str:
    """A guess at the true encoding would show as wrong letters in some texts and nowhere else, so the choice is the user's."""
    return f"Save it as UTF-8, or, if it is {encoding}, convert it: iconv -f {encoding} -t UTF-8 {path.name} > utf8{ending(path)}"
