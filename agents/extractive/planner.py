"""Plans a question by rule: into as few sub-questions as its words call for."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pagehop.agents.extractive.answer_form import form_of, looks_of
from pagehop.agents.extractive.clauses import Hop, conjunction, dependent, sides
from pagehop.agents.extractive.naming import Mention, mentions
from pagehop.agents.team import Plan, SubQuestion

MAX_DOCUMENTS = 4  # of which "both" or "each" may speak
_GREETING = re.compile(
    r"(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|greetings)"
    r"(?: there| all| everyone)?[\s!.,]*",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"(?:ok(?:ay)?[,.! ]*)?"
    r"(?:thanks?(?: you)?|thank you|thx|cheers|great|perfect|got it|bye|goodbye)"
    r"(?: (?:very much|a lot|so much|again|then|for (?:the|your) (?:help|answer)))?[\s!.,]*",
    re.IGNORECASE,
)
_ALL_OF_THEM = re.compile(
    r"\b(?:both|each(?: of the(?: two)?)?|the two|all(?: of)?(?: the)?|either)(?: of the)? "
    r"(papers?|documents?|reports?|files?|articles?|decks?|manuals?|filings?|studies|pdfs?)\b",
    re.IGNORECASE,
)
_JOINS = re.compile(
    r"(?:['\u2019]s)?\s*(?:,\s*|,?\s*(?:and|or|versus|vs\.?|with|to|than|compared (?:to|with))\s+)"
    r"(?:(?:in|for|of|on|by|the|that of)\s+)*",
    re.IGNORECASE,
)


def plan(question: str, documents: Sequence[str], openings: Mapping[str, str]) -> Plan:
    """Sub-questions in the order in which they can be asked.

    Args:
        question: standalone.
        documents: names in the corpus.
        openings: per name its title and the text of its first page, where known.
    """
    text = " ".join(question.split())
    if _GREETING.fullmatch(text):
        return Plan(sub_questions=(), reply="Hello. Ask me something about your documents.")
    if _THANKS.fullmatch(text):
        return Plan(sub_questions=(), reply="You are welcome.")
    named = mentions(text, documents, openings)
    hops = conjunction(text)
    if hops:
        return _numbered(hops, documents, openings)
    parts = _per_document(text, documents, named)
    if parts:
        return Plan(
            sub_questions=tuple(_sub(i, q, (name,)) for i, (q, name) in enumerate(parts, 1))
        )
    split = sides(text)
    hops = tuple(Hop(side) for side in split) or dependent(text) or (Hop(text),)
    return _numbered(hops, documents, openings)


def _numbered(hops: Sequence[Hop], documents: Sequence[str], openings: Mapping[str, str]) -> Plan:
    """The hops as sub-questions; a part that names several documents is asked once for each."""
    asked: list[tuple[Hop, tuple[Mention, ...]]] = []
    for hop in hops:
        named = mentions(hop.question, documents, openings)
        parts = () if hop.needs_first else _per_document(hop.question, documents, named)
        for question, name in parts:
            asked.append((Hop(question), tuple(m for m in named if m.document == name)))
        if not parts:
            asked.append((hop, named))
    across = len({named[0].document for _, named in asked if len(named) == 1}) > 1
    return Plan(
        sub_questions=tuple(
            _sub(number, hop.question, _hint(named, across), needs=hop.needs_first)
            for number, (hop, named) in enumerate(asked, 1)
        )
    )


def _hint(named: Sequence[Mention], across: bool) -> tuple[str, ...]:
    """The document a part is about: named outright, or told apart from the other part's.

    One name alone that one document happens to open with is no ground to search it only.
    """
    if len(named) != 1 or not (across or named[0].outright):
        return ()
    return (named[0].document,)


def _per_document(
    question: str, documents: Sequence[str], named: Sequence[Mention]
) -> tuple[tuple[str, str], ...]:
    """The question once a document with that document's name, when it is about several."""
    about = [mention.document for mention in named] or list(documents)
    if _ALL_OF_THEM.search(question) and 2 <= len(about) <= MAX_DOCUMENTS:
        return tuple((f"{question} ({document})", document) for document in about)
    if not 2 <= len(named) <= MAX_DOCUMENTS:
        return ()
    between = [question[a.end : b.start] for a, b in pairwise(named)]
    if not all(_JOINS.fullmatch(gap) for gap in between):
        return tuple((f"{question} ({mention.text})", mention.document) for mention in named)
    head = re.sub(r"\b(?:both|between)\s+$", "", question[: named[0].start], flags=re.IGNORECASE)
    tail = re.sub(r"^(?:,?\s*(?:each|both|respectively))", "", question[named[-1].end :])
    return tuple((f"{head}{mention.text}{tail}", mention.document) for mention in named)


def _sub(
    number: int, question: str, documents: tuple[str, ...], needs: bool = False
) -> SubQuestion:
    return SubQuestion(
        id=f"q{number}",
        question=question,
        depends_on=("q1",) if needs else (),
        form=form_of(question),
        modalities=looks_of(question),
        documents=documents,
    )
