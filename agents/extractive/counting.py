"""How many figures or tables a document has, counted by their captions."""

import re

from pagehop.agents.extractive.material import Source
from pagehop.agents.extractive.scoring import about
from pagehop.agents.team import Findings, Task
from pagehop.tools.corpus.records import Region
from pagehop.tools.evidence import Evidence

_ASKED = re.compile(
    r"\bhow many (?:numbered )?(?P<kind>tables|figures)\b "
    r"(?:(?:are|is|does|do|in|there|this|the|whole|entire|paper|document|report|article|it|have|has|contain|contains|include|includes|of|"
    r"included|provided|shown|main|text|total|appear|altogether)\s?)*[?.]?$",
    re.IGNORECASE,
)


def counted(source: Source, task: Task) -> Findings | None:
    """The number of the last caption, when the captions count from 1 without a gap.

    Only for one document, and only when nothing else narrows what is to be counted.
    """
    asked = _ASKED.search(" ".join(about(task.sub_question).split()))
    documents = {hit.document_id: hit.document for hit in task.hits}
    if not asked or (len(documents) != 1 and not task.sub_question.documents):
        return None
    document_id, name = next(iter(documents.items()))
    kind = asked["kind"].lower().removesuffix("s")
    last = _last_label(source, document_id, kind)
    if last is None:
        return None
    number, region = last
    found = Evidence(
        document=name,
        document_id=document_id,
        page=region.page,
        page_label=source.page(document_id, region.page).label,
        bbox=region.bbox,
        boxes=(region.bbox,),
        modality="table" if kind == "table" else "figure",
        quote=region.caption,
        reading=f"The captions count from {kind} 1 to {kind} {number} without a gap.",
        sub_question=task.sub_question.id,
        agent="text",
        confidence=0.5,
    )
    return Findings(evidence=(found,), answer=str(number), confidence=0.5)


def _last_label(source: Source, document: str, kind: str) -> tuple[int, Region] | None:
    labelled: dict[int, Region] = {}
    for region in source.regions(document):
        found = re.fullmatch(rf"{kind}\s*(\d{{1,3}})[a-z]?", region.label.strip(), re.IGNORECASE)
        if found and region.caption:
            labelled.setdefault(int(found[1]), region)
    if not labelled or set(labelled) != set(range(1, max(labelled) + 1)):
        return None
    return max(labelled), labelled[max(labelled)]
