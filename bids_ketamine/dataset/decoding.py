"""Bytes of a text file -> text, within a bound, or the sentence that says why not."""

from __future__ import annotations

import codecs
import gzip
import unicodedata
import zlib
from pathlib import Path
from typing import BinaryIO

from bids_ketamine.dataset.content import content_error, reading_error
from bids_ketamine.errors import InputDataError

#: Largest table or sidecar, decompressed, bytes: several times the largest confounds tables. A
#: small file that unpacks to more than this is damaged or hostile.
LARGEST_TEXT = 64 * 2**20

#: Bytes read at a time, so that a file too large is refused before it fills the memory.
CHUNK = 2**20

#: Marks with which a file tells that it is UTF-16 (`Unicode text` of a spreadsheet program).
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def require_content(path: Path) -> None:
    """Refuse a file that is not there or has no content.

    Raises
    ------
    InputMissingError
        If the file, or the content of an annex link, is not there.
    ReadWriteError
        If permission to read it is missing.
    InputDataError
        If it is empty, or no file.
    """
    error = content_error(path)
    if error is not None:
        raise error


def read_text(path: Path, *, most_bytes: int | None = None) -> str:
    r"""Read a text file: UTF-8 with or without a byte order mark, or UTF-16 with one.

    Parameters
    ----------
    path : Path
        The file; it is decompressed if its name ends in ``.gz``.
    most_bytes : int or None, optional
        Largest size after decompression; ``LARGEST_TEXT`` where ``None``.

    Returns
    -------
    str
        Its text in Unicode's composed form (NFC), so that `é` is one character however the
        file spells it.

    Raises
    ------
    InputMissingError
        If the file, or the content of an annex link, is not there.
    ReadWriteError
        If the file system cannot read it, or permission is missing.
    InputDataError
        If the file is empty, too large, damaged, or is not text in these encodings.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "events.tsv"
    ...     _ = path.write_bytes("onset\tduration".encode("utf-16"))
    ...     read_text(path)
    'onset\tduration'
    """
    require_content(path)
    data = _bytes(path, LARGEST_TEXT if most_bytes is None else most_bytes)
    encoding = "utf-16" if data.startswith(UTF_16_MARKS) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _encoding_error(path, data, encoding, error.start) from None
    if "\0" in text:
        raise InputDataError(
            f"Line {_line(text[: text.index(chr(0))])} holds a zero byte: the file is not text.",
            path=path,
            cure="Copy it again, or save it as UTF-8 text.",
        )
    if not text.strip():
        raise InputDataError("The file holds nothing but white space.", path=path)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as raw:
            if not path.name.endswith(".gz"):
                return _bounded(raw, path, most)
            with gzip.open(raw) as unpacked:
                return _bounded(unpacked, path, most)  # type: ignore[arg-type]
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputDataError(
            "The file is cut off or is not gzip.", path=path, cure="Copy or make it again."
        ) from None
    except OSError as error:
        raise reading_error(path, error) from None


def _bounded(stream: BinaryIO, path: Path, most: int) -> bytes:
    data = bytearray()
    while chunk := stream.read(CHUNK):
        data += chunk
        if len(data) > most:
            raise InputDataError(
                f"The file holds more than {most // 2**20} MB of text, more than any table or "
                "sidecar needs.",
                path=path,
                cure="Make it again.",
            )
    return bytes(data)


def _encoding_error(path: Path, data: bytes, encoding: str, start: int) -> InputDataError:
    if encoding == "utf-16":
        return InputDataError(
            f"The file is not UTF-16 text, as its first bytes say (byte {start}).",
            path=path,
            cure="Save it as UTF-8.",
        )
    line = _line(data[:start].decode("utf-8", errors="replace"))
    character = data[start : start + 1].decode("cp1252", errors="replace")
    seems = f", which is `{character}` in Windows-1252" if character.isprintable() else ""
    return InputDataError(
        f"Line {line} is not UTF-8 text (byte {start}{seems}).",
        path=path,
        cure="Save the file as UTF-8.",
    )


def _line(before: str) -> int:
    """Return the line, from 1, on which text ends."""
    return before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
