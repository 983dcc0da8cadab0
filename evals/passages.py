"""Passages as pages: data sets of passages go the same way as a person's own files.

HotpotQA, MuSiQue and their like are lists of passages with titles. Each becomes one page of a
PDF, its title the heading, so that reading, indexing and searching are those of the product.
"""

# mypy: allow-untyped-calls

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import pymupdf

from pagehop.tools import Corpus, Progress, Stage
from pagehop.tools.errors import InputError, PathNotFoundError

BOOK = "passages.pdf"
_A4 = (595.0, 842.0)  # points
_MARGIN = 54.0  # points
_TALLEST = 16  # A4 heights that the longest passage may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One passage of a data set."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class PassageBook:
    """Passages in the order of their pages. The order is that of a hash of their ids.

    In the files of data sets the passages of one question stand side by side; no search may
    gain by that.
    """

    passages: tuple[Passage, ...]

    @classmethod
    def of(cls, passages: Sequence[Passage]) -> "PassageBook":
        """The book of these passages."""
        return cls(tuple(sorted(passages, key=lambda one: _digest(one.id))))

    @cached_property
    def digest(self) -> str:
        """The same for the same passages: 16 hex digits."""
        told = json.dumps([[one.id, one.title, one.text] for one in self.passages])
        return _digest(told)

    def write(self, path: Path) -> None:
        """Make the PDF: a page a passage, as tall as it needs."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        writer = pymupdf.DocumentWriter(str(unfinished))
        for passage in self.passages:
            _write_page(writer, passage)
        writer.close()
        unfinished.replace(path)

    def corpus(self, folder: Path, progress: Progress | None = None) -> Corpus:
        """The passages as a corpus under a folder; made once, found again by their content."""
        home = folder / self.digest
        if not (home / BOOK).exists():
            self.write(home / BOOK)
        corpus = Corpus(home / "corpus")
        corpus.add(home / BOOK, until=Stage.TEXT, link=True, progress=progress)
        return corpus


def read_passages(path: Path) -> tuple[Passage, ...]:
    """The passages of a JSONL file with `id`, `title` and `text` a line.

    Raises:
        PathNotFoundError: there is no such file.
        InputError: a line is no passage, or two have one id.
    """
    if not path.is_file():
        raise PathNotFoundError(f"There is no file {str(path)!r} with the passages.")
    found: dict[str, Passage] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            passage = _passage(line, f"{path.name}, line {number}")
            if passage.id in found:
                raise InputError(f"{path.name}, line {number}: the id {passage.id!r} comes twice.")
            found[passage.id] = passage
    return tuple(found.values())


def _passage(line: str, where: str) -> Passage:
    try:
        row = json.loads(line)
        fields = {name: row[name] for name in ("id", "title", "text")}
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{where} is no passage ({type(error).__name__}: {error}). "
            "A passage is a JSON object with id, title and text."
        ) from error
    return Passage(**{name: str(value) for name, value in fields.items()})


def _write_page(writer: pymupdf.DocumentWriter, passage: Passage) -> None:
    told = f"<h2>{html.escape(passage.title)}</h2><p>{html.escape(passage.text)}</p>"
    width, height = _A4
    for times in range(1, _TALLEST + 1):
        page = pymupdf.Rect(0, 0, width, height * times)
        story = pymupdf.Story(told)
        inside = pymupdf.Rect(_MARGIN, _MARGIN, width - _MARGIN, page.y1 - _MARGIN)
        more, _ = story.place(inside)
        if not more:
            story.draw(writer.begin_page(page))
            writer.end_page()
            return
    raise InputError(
        f"The passage {passage.id!r} has {len(passage.text)} characters: too long for one page."
    )


def _digest(text: str) -> str:
    return blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()
