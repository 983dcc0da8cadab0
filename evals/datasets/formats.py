"""Every format of questions by its name. A new data set is a new file and a line here."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from pagehop.evals.datasets import (
    devpack,
    financebench,
    hotpotqa,
    longdocurl,
    m3docvqa,
    mmdocir,
    mmlongbench,
    mpdocvqa,
    musique,
    slidevqa,
    vidoseek,
)
from pagehop.evals.datasets.passages import PassageLoader, paged, pool
from pagehop.evals.passages import PassageBook
from pagehop.evals.question import Question
from pagehop.evals.records import Record, read_records
from pagehop.tools.errors import InputError

Loader: TypeAlias = Callable[[Record], Iterable[Question]]

PAGES: Mapping[str, Loader] = {
    "devpack": devpack.read,
    "financebench": financebench.read,
    "longdocurl": longdocurl.read,
    "m3docvqa": m3docvqa.read,
    "mmdocir": mmdocir.read,
    "mmlongbench": mmlongbench.read,
    "mpdocvqa": mpdocvqa.read,
    "slidevqa": slidevqa.read,
    "vidoseek": vidoseek.read,
}
PASSAGES: Mapping[str, PassageLoader] = {"hotpotqa": hotpotqa.read, "musique": musique.read}
NAMES = tuple(sorted({*PAGES, *PASSAGES}))


def read_questions(path: Path, form: str) -> list[Question]:
    """The questions of a file about documents.

    Raises:
        PathNotFoundError: there is no such file.
        InputError: there is no such format, or a record is not of it.
    """
    if form not in PAGES:
        raise InputError(f"There is no format {form!r}. There are {', '.join(NAMES)}.")
    return _some([one for record in read_records(path) for one in PAGES[form](record)], path)


def read_passage_questions(path: Path, form: str) -> tuple[list[Question], PassageBook]:
    """The questions of a file of passages, and the book to search, which holds all of them.

    Raises:
        PathNotFoundError: there is no such file.
        InputError: there is no such format, or a record is not of it.
    """
    found = [one for record in read_records(path) for one in PASSAGES[form](record)]
    book = pool(found)
    return _some(paged(found, book), path), book


def _some(questions: list[Question], path: Path) -> list[Question]:
    if not questions:
        raise InputError(f"{path.name} holds no question.")
    twice = [one for one, times in Counter(one.id for one in questions).items() if times > 1]
    if twice:
        raise InputError(f"{path.name}: the id {twice[0]!r} is that of more than one question.")
    return questions
