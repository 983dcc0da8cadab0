"""Whatever a model says it saw, the evidence is on a page that was shown, in a box on that page."""

from types import SimpleNamespace

import pymupdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pagehop.agents.abilities import Abilities
from pagehop.agents.model.looking.pictures import Shown, first_pictures
from pagehop.agents.model.looking.seeing import ReplyCheck, as_evidence
from pagehop.agents.model.schemas import ImageFinding, ImageReply
from pagehop.agents.team import SubQuestion, Task
from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.corpus.records import Stage
from pagehop.tools.retrieval.channel import Hit

PAGES = (2, 3, 5, 7, 8)


@pytest.fixture(scope="module")
def looking(tmp_path_factory):
    """Overviews of five of eight pages, and two of the pages themselves."""
    folder = tmp_path_factory.mktemp("seeing")
    pdf = pymupdf.open()
    for number in range(1, 9):
        pdf.new_page(width=400, height=300).insert_text((20, 40), f"Slide {number} of 8: 45 %")
    (folder / "deck.pdf").write_bytes(pdf.tobytes())
    with Corpus(folder / "corpus") as corpus:
        corpus.add(folder / "deck.pdf", until=Stage.TEXT, workers=1)
        document = corpus.document("deck.pdf")
        hits = tuple(
            Hit(
                document="deck.pdf", document_id=document.id, page=page, page_label=None,
                bbox=None, modality="page", score=1.0, text="",
            )
            for page in PAGES
        )  # fmt: skip
        task = Task(
            question="?", sub_question=SubQuestion(id="q1", question="?"), hits=hits, whole=True
        )
        shown: Shown = first_pictures(task, corpus, Abilities(pixels=100_000), 2)
        for page in (3, 7):
            shown.views.show("deck.pdf", page)
        yield SimpleNamespace(corpus=corpus, shown=shown)


edges = st.one_of(st.floats(-1, 2), st.floats(0, 2000), st.sampled_from([float("nan"), 1e300]))
findings = st.builds(
    ImageFinding,
    view=st.sampled_from(["s1", "v1", "v2", "v3", "s2", ""]),
    page=st.integers(-1, 9),
    box=st.one_of(st.none(), st.lists(edges, max_size=5)),
    seen=st.sampled_from(["Slide 3 of 8: 45 %", "slide 7", "a bar", "45 %", ""]) | st.text(),
    value=st.sampled_from(["", "45 %", "46 %", "about 12"]),
    estimated=st.booleans(),
    confidence=st.floats(0, 1),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(findings)
def test_a_finding_is_refused_or_is_evidence_on_a_page_that_was_shown(looking, finding):
    try:
        ReplyCheck(looking.shown)(ImageReply(findings=[finding]))
    except ValueError:
        return
    entry = as_evidence(finding, looking.shown, "q1", looking.corpus)
    assert entry.page in (PAGES if finding.view.startswith("s") else (3, 7))
    for box in (*((entry.bbox,) if entry.bbox else ()), *entry.boxes):
        assert 0 <= box[0] < box[2] <= 1
        assert 0 <= box[1] < box[3] <= 1
    if entry.verbatim:
        text = looking.corpus.page("deck.pdf", entry.page).text
        assert " ".join(entry.quote.split()) in " ".join(text.split())
    else:
        assert entry.quote.startswith(finding.seen.strip())
