"""One question asked of one graph, and how it ended: a line of JSON, from which all is computed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pagehop.evals.records import Record
from pagehop.tools.boxes import BBox
from pagehop.tools.evidence import Answer, Citation

FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What was asked: trials of different settings are never mixed in one file."""

    graph: str = "pagehop"
    model: str = "none"
    effort: str = "standard"
    pooled: bool = False  # all documents at once, not those of the question

    @property
    def told(self) -> str:
        """It in words."""
        where = "all documents" if self.pooled else "the question's documents"
        return f"graph {self.graph}, model {self.model}, effort {self.effort}, {where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A place that the answer cites."""

    id: str
    document: str
    document_id: str
    page: int  # 1-based; 0 for a tool
    bbox: BBox | None  # None: the page as a whole
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a judge said of the answer."""

    judge: str  # its prompt's version and its model
    verdict: str
    right: bool
    reason: str
    usage: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A question, and the answer or the error it ended with."""

    id: str  # of the question
    question: str
    setting: Setting
    status: str  # of the answer: answered, unanswerable, incomplete; else failed
    text: str = ""
    claims: tuple[tuple[str, ...], ...] = ()  # ids of the citations of each claim
    citations: tuple[Cited, ...] = ()
    notes: tuple[str, ...] = ()
    usage: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0  # on the wall
    failure: str = ""  # name and message of the error
    extracted: tuple[str, ...] | None = None  # the short answer, where a model was asked for it
    judgements: tuple[Judgement, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it ended in an error, so that there is no answer to score."""
        return self.status == FAILED

    @property
    def declined(self) -> bool:
        """Whether the answer is that the documents do not answer the question."""
        return self.status == "unanswerable"

    def judged(self, judge: str) -> Judgement | None:
        """The judgement of that judge."""
        return next((one for one in self.judgements if one.judge == judge), None)

    def as_dict(self) -> dict[str, Any]:
        """The line that is kept."""
        return asdict(self)


def answered(id_: str, question: str, setting: Setting, answer: Answer, seconds: float) -> Trial:
    """The trial of a question that got an answer."""
    kept = answer.as_dict()
    return Trial(
        id=id_,
        question=question,
        setting=setting,
        status=answer.status,
        text=answer.text,
        claims=tuple(claim.citations for claim in answer.claims),
        citations=tuple(_cited(one) for one in answer.citations),
        notes=answer.notes,
        usage=kept["usage"],
        seconds=round(seconds, 3),
    )


def failed(id_: str, question: str, setting: Setting, error: Exception, seconds: float) -> Trial:
    """The trial of a question that ended in an error."""
    told = " ".join(str(error).split())[:500]
    return Trial(
        id=id_,
        question=question,
        setting=setting,
        status=FAILED,
        failure=f"{type(error).__name__}: {told}",
        seconds=round(seconds, 3),
    )


def _cited(citation: Citation) -> Cited:
    return Cited(
        id=citation.id,
        document=citation.document,
        document_id=citation.document_id,
        page=citation.page,
        bbox=citation.bbox,
        verified=citation.verified,
    )


def from_record(record: Record) -> Trial:
    """The trial of a line.

    Raises:
        InputError: the line is no trial.
    """
    return Trial(
        id=record.text("id"),
        question=record.text("question"),
        setting=_setting(record.record("setting")),
        status=record.text("status"),
        text=record.text("text", ""),
        claims=tuple(tuple(map(str, one)) for one in _lists(record, "claims")),
        citations=tuple(_citation(one) for one in record.records("citations")),
        notes=tuple(record.texts("notes")),
        usage=record.record("usage").fields,
        seconds=record.number("seconds"),
        failure=record.text("failure", ""),
        extracted=tuple(record.texts("extracted")) if record.has("extracted") else None,
        judgements=tuple(_judgement(one) for one in record.records("judgements")),
    )


def _setting(record: Record) -> Setting:
    return Setting(
        graph=record.text("graph"),
        model=record.text("model"),
        effort=record.text("effort"),
        pooled=record.flag("pooled"),
    )


def _citation(record: Record) -> Cited:
    x0, y0, x1, y1 = record.numbers("bbox", 4) if record.has("bbox") else (0.0,) * 4
    return Cited(
        id=record.text("id"),
        document=record.text("document"),
        document_id=record.text("document_id"),
        page=record.whole("page"),
        bbox=(x0, y0, x1, y1) if record.has("bbox") else None,
        verified=record.flag("verified"),
    )


def _judgement(record: Record) -> Judgement:
    return Judgement(
        judge=record.text("judge"),
        verdict=record.text("verdict"),
        right=record.flag("right"),
        reason=record.text("reason", ""),
        usage=record.record("usage").fields,
    )


def _lists(record: Record, name: str) -> list[list[object]]:
    found = record.fields.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, list) for one in found):
        record.wrong(name, "a list of lists")
    return found
