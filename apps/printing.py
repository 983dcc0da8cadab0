"""The one door to the terminal: everything that is printed is cleaned here first.

Names, quotes and answers come from documents. A document may hold escape sequences that
would retitle the window, hide lines or reverse text; none of them reaches the terminal.
"""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from pagehop.tools.evidence import Answer, Citation

QUOTE = 160  # characters of a quote that are shown
ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC and other strings: titles, links
    r"|[ -/]*[0-~])"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)


def clean(text: str) -> str:
    r"""The text without anything that steers a terminal; line breaks and tabs stay.

    >>> clean("a\x1b[31mred\x1b[0m \x1b]0;title\x07b\u202ec\r")
    'ared bc'
    """
    return "".join(mark for mark in ESCAPE.sub("", text) if mark in "\n\t" or not _steers(mark))


def say(text: str = "") -> None:
    """Print a line of the result on stdout."""
    typer.echo(clean(text))


def tell(text: str) -> None:
    """Print a line about the work on stderr."""
    typer.echo(clean(text), err=True)


def say_json(record: object) -> None:
    """Print one JSON document; characters that steer a terminal are escaped, not removed."""
    text = json.dumps(record, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    typer.echo("".join(_escaped(mark) if _steers(mark) and mark != "\n" else mark for mark in text))


def write_json(record: object, path: "Path") -> None:
    """Write one JSON document into a file, and say so.

    Raises:
        StorageError: it cannot be written.
    """
    from pagehop.tools.errors import StorageError

    try:
        path.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"The numbers cannot be written to {str(path)!r}: {error}.") from error
    tell(f"wrote {path}")


def shorten(text: str, limit: int = QUOTE) -> str:
    """The text on one line, cut at a word when it is longer than `limit`."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return line[:limit].rsplit(" ", 1)[0] + " …"


def place(document: str, page: int, label: str | None) -> str:
    """Where something stands, as a person says it.

    >>> place("deck.pdf", 12, "10")
    'deck.pdf, page 12 (printed "10")'
    """
    printed = f' (printed "{label}")' if label and label != str(page) else ""
    return f"{document}, page {page}{printed}"


def pages(count: int) -> str:
    """So many pages, in words."""
    return f"{count} page" if count == 1 else f"{count} pages"


def say_answer(answer: "Answer") -> None:
    """Print an answer for a person: the text, its citations, what to know about it."""
    say(answer.text)
    if answer.citations:
        say()
    for citation in answer.citations:
        say(citation_line(citation))
    for note in answer.notes:
        tell(f"Note: {shorten(note, 400)}")
    if answer.status != "answered":
        tell(f"Status: {answer.status}.")
    used = answer.usage
    tell(
        f"{answer.model}: rounds {used.rounds}, model calls {used.model_calls}, "
        f"tokens {used.input_tokens + used.output_tokens}, pictures {used.images}, "
        f"seconds {used.seconds:.1f}"
    )


def citation_line(citation: "Citation") -> str:
    """One citation: its id, where it is, what kind of thing is cited, and its words."""
    if citation.modality == "tool":
        where = citation.document_id.replace("tool:", "tool ", 1)
    else:
        where = f"{place(citation.document, citation.page, citation.page_label)}, "
        where += citation.modality if citation.bbox else f"{citation.modality}, page only"
    unsure = "" if citation.verified else " (not verified)"
    return f'[{citation.id}] {where}{unsure}: "{shorten(citation.quote)}"'


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> Iterable[str]:
    """Lines of left-aligned columns; numbers are aligned right."""
    cells = [[shorten(str(cell), 70) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    yield "  ".join(name.ljust(width) for name, width in zip(head, widths, strict=True)).rstrip()
    for row, raw in zip(cells, rows, strict=True):
        aligned = (
            cell.rjust(width) if isinstance(value, int | float) else cell.ljust(width)
            for cell, value, width in zip(row, raw, widths, strict=True)
        )
        yield "  ".join(aligned).rstrip()


def fields(record: Mapping[str, object]) -> Iterable[str]:
    """Lines `name  value`, the values below each other; what is empty is left out."""
    told = {name: value for name, value in record.items() if value not in ("", None, False, [])}
    width = max(map(len, told), default=0)
    for name, value in told.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        yield f"{name.ljust(width)}  {shown}"


def _steers(mark: str) -> bool:
    """Whether the character is a control, a direction mark, a lone surrogate or unassigned."""
    return unicodedata.category(mark) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escaped(mark: str) -> str:
    return json.dumps(mark)[1:-1] if mark > "\x7e" else f"\\u{ord(mark):04x}"
