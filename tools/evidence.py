"""What is found, claimed and cited: plain data that every layer passes on unchanged."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pagehop.tools.boxes import BBox

if TYPE_CHECKING:
    from PIL.Image import Image

Modality: TypeAlias = Literal["text", "table", "figure", "page", "tool"]
Status: TypeAlias = Literal["answered", "unanswerable", "incomplete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One observation that bears on a question: where it stands and what it says.

    `bbox` encloses what was found and `boxes` are its lines or cells; both are empty where
    only the page is known. Evidence of modality `tool` comes from a custom tool and has no
    document and no page (`page` 0).
    """

    document: str  # the name a person knows; "" for a tool
    document_id: str
    page: int  # 1-based; 0 for a tool
    page_label: str | None = None
    bbox: BBox | None = None
    boxes: tuple[BBox, ...] = ()
    modality: Modality
    quote: str  # verbatim from the page (or the tool), or what was read off a picture
    verbatim: bool = True  # False: `quote` is a reading of a picture, not text on the page
    reading: str = ""  # what it says about the sub-question, in the agent's words
    sub_question: str  # id of the sub-question it serves
    agent: str  # who found it: text, image, or a tool's name
    confidence: float = 0.5  # 0 to 1, by the agent that found it

    def __post_init__(self) -> None:
        """Make boxes tuples again after a trip through JSON or msgpack."""
        object.__setattr__(self, "bbox", _box(self.bbox) if self.bbox is not None else None)
        object.__setattr__(self, "boxes", tuple(_box(box) for box in self.boxes))

    @property
    def id(self) -> str:
        """The same for the same observation, whoever made it and when: `e` and 8 hex digits."""
        spot = "" if self.bbox is None else ",".join(f"{edge:.3f}" for edge in self.bbox)
        seen = "\x1f".join((self.document_id, str(self.page), spot, self.modality, self.quote))
        return "e" + hashlib.blake2b(seen.encode(), digest_size=4).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One checkable statement of an answer, and the ids of the citations that carry it."""

    text: str
    citations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A place on a page that carries a claim; made once, from the ledger, and passed on."""

    id: str  # c1, c2, ... within the answer
    document: str
    document_id: str
    page: int
    page_label: str | None = None
    bbox: BBox | None = None
    boxes: tuple[BBox, ...] = ()
    modality: Modality
    quote: str
    verified: bool
    corpus: str = ""  # the corpus folder, so that `image` can open the page

    def __post_init__(self) -> None:
        """Make boxes tuples again after a trip through JSON or msgpack."""
        object.__setattr__(self, "bbox", _box(self.bbox) if self.bbox is not None else None)
        object.__setattr__(self, "boxes", tuple(_box(box) for box in self.boxes))

    @classmethod
    def of(cls, id_: str, found: Evidence, *, verified: bool, corpus: str) -> "Citation":
        """The place of a piece of evidence, cited under this id."""
        return cls(
            id=id_,
            document=found.document,
            document_id=found.document_id,
            page=found.page,
            page_label=found.page_label,
            bbox=found.bbox,
            boxes=found.boxes,
            modality=found.modality,
            quote=found.quote,
            verified=verified,
            corpus=corpus,
        )

    def image(self, dpi: int = 110) -> "Image":
        """The page with the cited box drawn on it.

        Raises:
            UnknownDocumentError: the document has left the corpus, or a tool is cited.
        """
        from pagehop.tools.vision import cited_page

        return cited_page(self, dpi=dpi)

    def as_dict(self) -> dict[str, Any]:
        """The JSON form of the contract."""
        record = asdict(self)
        del record["document_id"], record["corpus"]
        record["bbox"] = None if self.bbox is None else list(self.bbox)
        record["boxes"] = [list(box) for box in self.boxes] or None
        return record


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One sub-question of the plan, as the answer shows it."""

    question: str
    answer: str
    depends_on: tuple[int, ...] = ()  # positions in the plan, from 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleUsage:
    """What one role has cost so far."""

    role: str
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    images: int = 0
    money: float | None = 0.0  # as in `Usage`


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a question has cost so far, failed calls and streams that were cut off included."""

    rounds: int = 0
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    images: int = 0
    seconds: float = 0.0
    money: float | None = 0.0  # in the currency of the prices given; None: a price is unknown
    failed_calls: int = 0  # attempts that brought no reply; a call may take several
    cached_calls: int = 0  # answered from replies that were kept; they cost nothing
    estimated: bool = False  # some tokens are our estimate, as the provider did not count them
    roles: tuple[RoleUsage, ...] = ()  # sorted by role

    def as_dict(self) -> dict[str, Any]:
        """The JSON form of the contract."""
        return {**asdict(self), "roles": [asdict(role) for role in self.roles]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer whose every claim points at a box on a page, or says why there is none."""

    question: str
    text: str
    status: Status
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    plan: tuple[Hop, ...] = ()
    usage: Usage = field(default_factory=Usage)
    model: str = "extractive"
    notes: tuple[str, ...] = ()  # what a person should know: a claim dropped, a tool that failed

    def as_dict(self) -> dict[str, Any]:
        """The JSON form of the contract, valid by the schema that ships with the package."""
        return {
            "question": self.question,
            "answer": self.text,
            "status": self.status,
            "claims": [
                {"text": claim.text, "citations": list(claim.citations)} for claim in self.claims
            ],
            "citations": [citation.as_dict() for citation in self.citations],
            "plan": [
                {"question": hop.question, "answer": hop.answer, "depends_on": list(hop.depends_on)}
                for hop in self.plan
            ],
            "usage": self.usage.as_dict(),
            "model": self.model,
            "notes": list(self.notes),
        }


Ledger: TypeAlias = tuple[Evidence, ...]


def join_evidence(left: Iterable[Evidence], right: Iterable[Evidence]) -> Ledger:
    """The union of two ledgers: one entry an observation, the same in any order of joining.

    Of two entries with one id the more confident stays; the result is sorted by sub-question,
    then by falling confidence, then by place.
    """
    best: dict[str, Evidence] = {}
    for found in (*left, *right):
        kept = best.get(found.id)
        if kept is None or _precedence(found) < _precedence(kept):
            best[found.id] = found
    return tuple(sorted(best.values(), key=_precedence))


def _precedence(found: Evidence) -> tuple[Any, ...]:
    """A total order over all fields, so that ties never depend on who finished first."""
    return (
        found.sub_question,
        -found.confidence,
        found.document,
        found.page,
        found.bbox or (),
        *(str(value) for value in asdict(found).values()),
    )


def _box(box: Iterable[float]) -> BBox:
    x0, y0, x1, y1 = box
    return (float(x0), float(y0), float(x1), float(y1))
