"""Data sets of passages: each passage becomes a page, and a question's gold passages its pages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pagehop.evals.passages import BOOK, Passage, PassageBook
from pagehop.evals.question import Question
from pagehop.evals.records import Record
from pagehop.tools.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageQuestion:
    """A question whose gold is passages, and the passages that its record brings along."""

    id: str
    text: str
    set: str
    gold: tuple[str, ...]  # ids of passages
    kind: str = ""
    answerable: bool = True
    passages: tuple[Passage, ...] = ()


PassageLoader: TypeAlias = Callable[[Record], Iterable[PassageQuestion]]


def pool(questions: Iterable[PassageQuestion]) -> PassageBook:
    """All passages of the questions, each once."""
    return PassageBook.of(
        list({one.id: one for question in questions for one in question.passages}.values())
    )


def paged(questions: Sequence[PassageQuestion], book: PassageBook) -> list[Question]:
    """The questions, their gold passages as pages of the book.

    Raises:
        InputError: a gold passage is not in the book.
    """
    pages = {passage.id: page for page, passage in enumerate(book.passages, 1)}
    for question in questions:
        lost = [one for one in question.gold if one not in pages]
        if lost:
            raise InputError(
                f"The question {question.id!r} has the gold passage {lost[0]!r}, which is not "
                f"among the {len(pages)} passages."
            )
    return [
        Question(
            id=question.id,
            text=question.text,
            set=question.set,
            documents=(BOOK,),
            pages=frozenset((BOOK, pages[one]) for one in question.gold),
            hops=len(question.gold),
            kind=question.kind,
            answerable=question.answerable and bool(question.gold),
        )
        for question in questions
    ]
