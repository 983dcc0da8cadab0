"""Which files are meant by the paths a person names."""

import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pagehop.tools.corpus.records import Outcome
from pagehop.tools.errors import PathNotFoundError

PDF_SUFFIXES = frozenset({".pdf"})
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"})
SUFFIXES = PDF_SUFFIXES | IMAGE_SUFFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file to add; `refusal` says why it is not even tried."""

    path: Path
    refusal: tuple[Outcome, str] | None = None


def discover(paths: Sequence[str | Path], *, apart_from: Path) -> tuple[Source, ...]:
    """The files meant by `paths`, each once, folders walked in sorted order.

    A file that is named is always tried. In a folder hidden files and the corpus itself are left
    out; links that lead out of it, and files of other kinds, are refused.

    Args:
        paths: files and folders.
        apart_from: the corpus folder.

    Raises:
        PathNotFoundError: one of them does not exist; nothing has been done then.
    """
    named = [Path(path).expanduser() for path in paths]
    for path in named:
        if not os.path.exists(path):  # noqa: PTH110  raises for no name, however long
            raise PathNotFoundError(f"There is no file or folder {str(path)!r}.")
    found: dict[Path, Source] = {}
    for path in named:
        sources = _walk(path, apart_from.resolve()) if path.is_dir() else iter([Source(path=path)])
        for source in sources:
            found.setdefault(_real(source.path), source)
    return tuple(found.values())


def shown_name(path: Path) -> str:
    """A file's name as it can be stored and shown: no control characters, one spelling."""
    # Names that are no UTF-8 come as lone surrogates, which belong to category C too.
    name = unicodedata.normalize("NFC", path.name)
    return "".join("\ufffd" if unicodedata.category(sign)[0] == "C" else sign for sign in name)


def _walk(folder: Path, corpus: Path) -> Iterator[Source]:
    root = folder.resolve()
    closed: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=closed.append):
        here = Path(place)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and _real(here / name) != corpus
        )
        for name in sorted(names):
            path = here / name
            if not name.startswith("."):
                yield _in_folder(path, root)
    for error in closed:
        reason = f"It cannot be opened: {error.strerror}."
        yield Source(path=Path(error.filename), refusal=("damaged", reason))


def _real(path: Path) -> Path:
    """Where a path leads; unlike `Path.resolve`, it says so of a link to itself, too."""
    return Path(os.path.realpath(path))


def _in_folder(path: Path, root: Path) -> Source:
    if path.suffix.lower() not in SUFFIXES:
        reason = "Only PDFs and images (PNG, JPEG, TIFF, WebP) are read."
        return Source(path=path, refusal=("unsupported", reason))
    if not _real(path).is_relative_to(root):
        reason = "It is a link that leads out of the folder. Name it to add it."
        return Source(path=path, refusal=("unsupported", reason))
    return Source(path=path)
