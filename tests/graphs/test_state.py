"""The joins of the state are laws: any order, any grouping, any repetition, one result."""

from dataclasses import replace
from fractions import Fraction

import ormsgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from pagehop.agents import team
from pagehop.graphs.saver import RecordSerializer
from pagehop.graphs.state import (
    Assignment,
    Errand,
    Report,
    Searched,
    join_assignments,
    join_failures,
    join_reports,
    join_searches,
    join_usage,
)
from pagehop.tools.evidence import Answer, Citation, Claim, Evidence, Hop, RoleUsage, Usage
from pagehop.tools.retrieval.channel import Hit

settings.register_profile("quick", max_examples=40, deadline=None)
settings.load_profile("quick")

words = st.text("ab{}é\n", max_size=4)
ids = st.sampled_from(["q1", "q2", "q3"])
waves = st.integers(1, 3)
roles = st.sampled_from(["read", "look"])
places = st.tuples(words, st.integers(1, 3))
searches = st.builds(
    team.Search,
    sub_question=ids,
    query=words,
    route=st.tuples(words),
    pages=st.lists(places, max_size=2).map(tuple),
)
subs = st.builds(team.SubQuestion, id=ids, question=words, depends_on=st.just(()))
edges = st.floats(0, 1, width=32)
hits = st.builds(
    Hit,
    document=words,
    document_id=words,
    page=st.integers(1, 3),
    page_label=st.none() | words,
    bbox=st.none() | st.tuples(edges, edges, edges, edges),
    boxes=st.just(()),
    modality=st.sampled_from(["text", "table", "figure", "page"]),
    score=edges,
    channels=st.just({}),
    text=words,
)
tasks = st.builds(
    team.Task,
    question=words,
    sub_question=subs,
    hits=st.lists(hits, max_size=1).map(tuple),
    ledger=st.just(()),
    closer=st.none(),
)
money = st.none() | st.floats(0, 9)
role_usages = st.builds(
    RoleUsage,
    role=st.sampled_from(["planner", "text agent"]),
    model_calls=st.integers(0, 9),
    input_tokens=st.integers(0, 9),
    output_tokens=st.integers(0, 9),
    images=st.integers(0, 9),
    money=money,
)
usages = st.builds(
    Usage,
    rounds=st.integers(0, 9),
    model_calls=st.integers(0, 9),
    input_tokens=st.integers(0, 9),
    output_tokens=st.integers(0, 9),
    images=st.integers(0, 9),
    seconds=st.floats(0, 9),
    money=money,
    failed_calls=st.integers(0, 9),
    cached_calls=st.integers(0, 9),
    estimated=st.booleans(),
    roles=st.lists(role_usages, max_size=2, unique_by=lambda one: one.role).map(
        lambda roles: tuple(sorted(roles, key=lambda one: one.role))
    ),
)


def piles(entries):
    return st.lists(entries, max_size=3).map(tuple)


JOINS = [
    (join_searches, piles(st.builds(Searched, wave=waves, search=searches))),
    (
        join_reports,
        piles(
            st.builds(
                Report,
                wave=waves,
                role=roles,
                sub_question=ids,
                answer=words,
                confidence=edges,
                evidence=st.lists(words, max_size=2).map(tuple),
            )
        ),
    ),
    (join_assignments, piles(st.builds(Assignment, wave=waves, role=roles, task=tasks))),
    (join_failures, piles(words)),
    (join_usage, usages),
]


@pytest.mark.parametrize(("join", "values"), JOINS, ids=lambda part: getattr(part, "__name__", ""))
@given(data=st.data())
def test_a_join_gives_the_same_in_any_order_and_however_often(join, values, data):
    a, b, c = data.draw(values), data.draw(values), data.draw(values)
    assert join(a, join(b, c)) == join(join(a, b), c)
    assert join(a, b) == join(b, a)
    assert join(join(a, b), b) == join(a, b)


def test_searches_stay_in_the_order_of_their_waves():
    late = Searched(wave=2, search=team.Search(sub_question="q1", query="a", route=(), pages=()))
    early = replace(late, wave=1, search=replace(late.search, query="z"))
    assert join_searches((late,), (early,)) == (early, late)


BOX = (0.1, 0.2, 0.3, 0.4)
EVIDENCE = Evidence(
    document="a.pdf",
    document_id="d1",
    page=3,
    bbox=BOX,
    boxes=(BOX, BOX),
    modality="text",
    quote="so",
    sub_question="q1",
    agent="text",
)
SUB = team.SubQuestion(id="q1", question="so?", depends_on=("q0",), modalities=("table",))
HIT = Hit(
    document="a.pdf",
    document_id="d1",
    page=3,
    page_label=None,
    bbox=BOX,
    boxes=(BOX,),
    modality="text",
    score=1.0,
    channels={"lexical": 1},
    text="so",
)
ANSWER = Answer(
    question="?",
    text="!",
    status="answered",
    claims=(Claim(text="so", citations=("c1",)),),
    citations=(
        Citation(
            id="c1",
            document="a.pdf",
            document_id="d1",
            page=3,
            bbox=BOX,
            boxes=(BOX,),
            modality="text",
            quote="so",
            verified=True,
        ),
    ),
    plan=(Hop(question="so?", answer="so", depends_on=(0,)),),
)
TASK = team.Task(question="?", sub_question=SUB, hits=(HIT,), ledger=(EVIDENCE,), closer=BOX)
RECORDS = [
    EVIDENCE,
    ANSWER,
    team.Plan(sub_questions=(SUB, SUB)),
    team.Verdict(
        ruling="gaps", gaps=(team.Gap(kind="depth", sub_question="q1", query="", reason=""),)
    ),
    team.Draft(text="", claims=(Claim(text="so", citations=("e1", "e2")),), notes=("n",)),
    Errand(
        wave=1,
        kind="depth",
        question="?",
        sub_question=SUB,
        query="",
        without=(("a.pdf", 1),),
        pages=(("a.pdf", 3),),
        closer=BOX,
        known=(EVIDENCE,),
    ),
    Assignment(wave=1, role="look", task=TASK),
    Searched(
        wave=1,
        search=team.Search(sub_question="q1", query="", route=("r",), pages=(("a.pdf", 3),)),
    ),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_comes_back_from_a_checkpoint_as_it_was(record):
    serde = RecordSerializer()
    assert serde.loads_typed(serde.dumps_typed(record)) == record
    again = serde.loads_typed(serde.dumps_typed({"channel_values": {"x": (record,)}}))
    assert again["channel_values"]["x"] == [record]


def test_a_type_that_is_not_ours_is_never_made_from_a_checkpoint():
    planted = ormsgpack.packb(ormsgpack.Ext(0, ormsgpack.packb(("fractions", "Fraction", "1/2"))))
    loose = JsonPlusSerializer(allowed_msgpack_modules=True)
    assert loose.loads_typed(("msgpack", planted)) == Fraction(1, 2)
    assert not isinstance(RecordSerializer().loads_typed(("msgpack", planted)), Fraction)
