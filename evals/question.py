"""A question with its gold: where the answer stands, by whoever labelled the data set."""

from dataclasses import dataclass

from pagehop.tools.boxes import BBox
from pagehop.tools.evidence import Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldRegion:
    """A rectangle on a page that holds a part of the answer."""

    document: str
    page: int  # 1-based physical page
    bbox: BBox


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a data set takes for a right answer."""

    answers: tuple[tuple[str, ...], ...]  # any of them; each is its items, mostly one
    form: str = ""  # in the data set's own word: Int, Float, List, Short Answer, ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a data set, with all that is known of where its answer stands.

    Documents are named as in the data set: a file name, with or without its extension. Pages
    are counted from 1, whatever the data set does.
    """

    id: str
    text: str
    set: str  # the data set it comes from
    documents: tuple[str, ...]  # those with the evidence; it is asked of these
    pages: frozenset[tuple[str, int]] = frozenset()  # document, page; empty where none is known
    regions: tuple[GoldRegion, ...] = ()
    modalities: frozenset[Modality] = frozenset()  # of the evidence; empty where nobody said
    labels: tuple[str, ...] = ()  # the same in the data set's own words: Chart, Table, ...
    hops: int = 1  # pieces of evidence to be brought together
    kind: str = ""  # of the document: slides, manual, 10-K, ...
    answerable: bool = True
    alone: bool = True  # it can be understood without knowing which document is meant
    expected: Expected | None = None  # None: the data set gives no answer
