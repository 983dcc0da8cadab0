"""Who is sent what: text to those who read, pictures to those who see."""

from dataclasses import replace

import pytest

from pagehop.agents.team import SubQuestion
from pagehop.graphs.investigate import assign
from pagehop.graphs.state import Errand
from pagehop.tools.evidence import Evidence
from pagehop.tools.retrieval.channel import Hit

HIT = Hit(
    document="deck.pdf", document_id="d", page=3, page_label=None, bbox=None, modality="page",
    score=1.0, text="",
)  # fmt: skip
SEEN = Evidence(
    document="deck.pdf", document_id="d", page=3, modality="figure", quote="a tall bar",
    verbatim=False, sub_question="q1", agent="image",
)  # fmt: skip
SEARCH = Errand(
    wave=1, kind="search", question="How tall?", query="How tall?",
    sub_question=SubQuestion(id="q1", question="How tall?"),
)  # fmt: skip


def roles(errand, hit=HIT):
    return [assignment.role for assignment in assign(errand, (hit,))]


def test_a_search_sends_for_both_unless_words_alone_are_wanted_and_found():
    words = replace(SEARCH, sub_question=replace(SEARCH.sub_question, modalities=("text",)))
    assert roles(SEARCH) == ["read", "look"]
    assert roles(words, replace(HIT, modality="text")) == ["read"]
    assert roles(words, replace(HIT, modality="figure")) == ["read", "look"]


@pytest.mark.parametrize("kind", ["depth", "conflict"])
def test_what_was_read_off_a_picture_is_read_again_by_those_who_see(kind):
    again = replace(SEARCH, kind=kind, pages=(("deck.pdf", 3),), known=(SEEN,))
    assert roles(again) == ["look"]


@pytest.mark.parametrize(
    "known",
    [
        (),
        (SEEN, replace(SEEN, agent="text", quote="7 m", verbatim=True)),
        (replace(SEEN, verbatim=True),),
        (replace(SEEN, page=4),),
    ],
)
def test_a_place_with_words_is_read_again_by_both(known):
    again = replace(SEARCH, kind="conflict", pages=(("deck.pdf", 3),), known=known)
    assert roles(again) == ["read", "look"]
