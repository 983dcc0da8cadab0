"""Questions made ready for a corpus: names become ids, and what cannot be asked is counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pagehop.evals.question import Question
from pagehop.tools import BBox, Corpus, Document
from pagehop.tools.errors import InputError, UnknownDocumentError
from pagehop.tools.retrieval.fusion import Place

# Why a question cannot be measured; empty where it can. The documents by name; whether pooled.
Unfit: TypeAlias = Callable[[Question, Mapping[str, Document], bool], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question with its gold as places of the corpus."""

    question: Question
    documents: frozenset[str]  # ids of those with the evidence
    gold: frozenset[Place]
    regions: Mapping[Place, tuple[BBox, ...]]
    scanned: bool = False  # no gold page has a text layer: its words were read off a picture

    @property
    def group(self) -> str:
        """What stands and falls together: the document, or the documents, it is about."""
        return " ".join(self.question.documents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The cases, and why other questions are not among them."""

    cases: tuple[Case, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Left:
    """Questions left out, by reason, with the documents they name."""

    reasons: Counter[str] = field(default_factory=Counter)
    named: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, reason: str, document: str = "") -> None:
        self.reasons[reason] += 1
        if document:
            self.named.setdefault(reason, Counter())[document] += 1

    def told(self) -> tuple[str, ...]:
        return tuple(
            f"Not asked: {count} {'question' if count == 1 else 'questions'}, {reason}"
            f"{self._which(reason)}."
            for reason, count in self.reasons.items()
        )

    def _which(self, reason: str) -> str:
        named = self.named.get(reason, Counter[str]())
        shown = [f"{name} ({count})" for name, count in named.most_common(5)]
        more = [f"and {len(named) - 5} more"] if len(named) > 5 else []
        return ": " + ", ".join([*shown, *more]) if shown else ""


def unsearchable(question: Question, documents: Mapping[str, Document], pooled: bool) -> str:
    """Why what is found for a question cannot be measured; empty where it can."""
    if not question.answerable:
        return "to which the documents have no answer"
    if not question.pages and not pooled:
        return "whose pages nobody labelled, only their documents"
    return unaskable(question, documents, pooled)


def unaskable(question: Question, documents: Mapping[str, Document], pooled: bool) -> str:
    """Why a question cannot be asked; empty where it can."""
    if pooled and not question.alone:
        return "that cannot be understood without their document"
    if any(not 1 <= page <= documents[name].page_count for name, page in question.pages):
        return "with a gold page that the document does not have"
    return ""


def prepare(
    questions: Iterable[Question],
    corpus: Corpus,
    *,
    pooled: bool,
    limit: int | None = None,
    unfit: Unfit = unsearchable,
) -> Prepared:
    """The questions that can be asked of a corpus.

    Args:
        questions: of a data set.
        corpus: the documents.
        pooled: whether all documents are searched at once; then those questions are left out
            that cannot be understood without their document.
        limit: at most so many cases.
        unfit: why a question cannot be measured.

    Raises:
        InputError: none is left; the message says why.
    """
    left, found = _Left(), Found(corpus)
    cases: list[Case] = []
    for question in questions:
        if limit is not None and len(cases) >= limit:
            left.add("beyond the limit")
            continue
        documents = _documents(question, found, left)
        if documents is None:
            continue
        reason = unfit(question, documents, pooled)
        if reason:
            left.add(reason)
            continue
        cases.append(_case(question, documents, found))
    if not cases:
        raise InputError(
            f"No question is left to ask of the corpus in {str(corpus.path)!r}. "
            + " ".join(left.told())
        )
    return Prepared(cases=tuple(cases), notes=left.told())


class Found:
    """The documents of a corpus by the names that a data set gives them; each looked up once."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._known: dict[str, Document | None] = {}

    def document(self, name: str) -> Document | None:
        """The document of that name; None where there is none, or more than one is meant."""
        if name not in self._known:
            try:
                self._known[name] = self._corpus.document(name)
            except UnknownDocumentError:
                self._known[name] = None
        return self._known[name]

    def scanned(self, place: Place) -> bool:
        """Whether the words of a page were read off its picture."""
        return self._corpus.catalogue.page(*place).ocr


def _documents(question: Question, found: Found, left: _Left) -> dict[str, Document] | None:
    """The documents of a question by name; None, and counted, where the corpus lacks one."""
    documents: dict[str, Document] = {}
    for name in question.documents:
        document = found.document(name)
        if document is None:
            left.add("about documents that the corpus does not have", name)
            return None
        documents[name] = document
    return documents


def _case(question: Question, documents: Mapping[str, Document], found: Found) -> Case:
    gold = frozenset((documents[name].id, page) for name, page in question.pages)
    return Case(
        question=question,
        documents=frozenset(document.id for document in documents.values()),
        gold=gold,
        regions=_regions(question, documents),
        scanned=bool(gold) and all(found.scanned(place) for place in gold),
    )


def _regions(
    question: Question, documents: Mapping[str, Document]
) -> dict[Place, tuple[BBox, ...]]:
    regions: dict[Place, tuple[BBox, ...]] = {}
    for one in question.regions:
        if one.document in documents:
            place = (documents[one.document].id, one.page)
            regions[place] = (*regions.get(place, ()), one.bbox)
    return regions


def documents_of(cases: Sequence[Case]) -> int:
    """How many documents the cases are about."""
    return len({document for case in cases for document in case.documents})
