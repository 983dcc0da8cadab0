"""Models that fail, lie, loop or babble: every run ends in an answer that says what it is."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from pagehop.agents import Budget, ScriptedChatModel
from pagehop.agents.budget import STANDARD
from pagehop.graphs import create_document_agent
from pagehop.graphs.outcome import NOT_LOOKED_UP
from pagehop.tools.corpus.quotes import locate
from pagehop.tools.errors import PagehopError, RequestRefusedError

QUESTION = "What was the revenue of Alpha Corp in 2023, and where are its headquarters?"
TRUE = "Revenue of Alpha Corp in 2023 was 412 million euros."
SMALL = Budget(rounds=2, model_calls=12, tokens=60_000, seconds=30)
CAREFUL = replace(STANDARD, planner="always", critic="always", budget=SMALL)

ONE = {"sub_questions": [{"id": "q1", "question": QUESTION}], "reply": ""}
NOTHING = {"findings": [], "answer": "", "confidence": 0}
ENOUGH = {"ruling": "sufficient", "gaps": [], "reason": ""}


def found(quote=TRUE, hit=1, answer="412 million euros"):
    finding = {"hit": hit, "quote": quote, "reading": answer, "confidence": 0.9}
    return {"findings": [finding], "answer": answer, "confidence": 0.9}


def cite_all(messages):
    import re

    ids = re.findall(r"^(e[0-9a-f]{8}) ", messages[1].text, re.MULTILINE)
    claims = [{"text": TRUE, "evidence": [id_]} for id_ in ids]
    return {"answerable": True, "answer": "412 million euros", "claims": claims}


def team(**replies):
    told = {
        "planner": ONE, "text agent": NOTHING, "image agent": NOTHING, "critic": ENOUGH,
        "summarizer": cite_all, **{name.replace("_", " "): r for name, r in replies.items()},
    }  # fmt: skip
    return ScriptedChatModel(rules=[(f"# Role: {role}", reply) for role, reply in told.items()])


def run(library, model, effort=CAREFUL):
    """The last state of a run, with its answer."""
    agent = create_document_agent(library, model, effort=effort)
    *_, last = agent.stream({"question": QUESTION}, stream_mode="values")
    return last["answer"], last


def holds(library, model, answer, budget=SMALL):
    """What must be true of every answer, whatever the model said."""
    assert answer.usage.model_calls <= budget.model_calls
    assert answer.usage.rounds <= budget.rounds
    cited = {id_ for claim in answer.claims for id_ in claim.citations}
    assert cited <= {citation.id for citation in answer.citations}
    assert all(claim.citations for claim in answer.claims)
    shown = "\n".join(call.prompt for call in model.calls)
    for citation in answer.citations:
        assert f"{citation.document}, page {citation.page}" in shown, "cited but never shown"
        assert citation.bbox is None or all(0 <= edge <= 1 for edge in citation.bbox)
        words = library.words(citation.document_id, citation.page)
        if citation.verified:
            assert locate(citation.quote, words) or citation.modality in ("table", "figure")
    if answer.status == "answered" and NOT_LOOKED_UP not in answer.notes:
        assert answer.claims
        assert answer.citations


def test_a_model_that_always_errs_ends_in_a_named_error(library):
    model = ScriptedChatModel(rules=[("", ValueError("broken"))])
    with pytest.raises(PagehopError, match="broken"):
        run(library, model)


@pytest.mark.parametrize("role", ["text agent", "image agent", "critic"])
def test_a_role_that_always_errs_leaves_an_answer_that_says_so(library, role):
    replies = {"text_agent": found(), role.replace(" ", "_"): ValueError("broken")}
    model = team(**replies)
    answer, _ = run(library, model)
    holds(library, model, answer)
    assert any("broken" in note for note in answer.notes)
    assert answer.status == ("incomplete" if role != "image agent" else "answered")


@pytest.mark.parametrize("role", ["planner", "summarizer"])
def test_a_role_without_which_nothing_goes_ends_in_a_named_error(library, role):
    model = team(**{"text_agent": found(), role: ValueError("broken")})
    with pytest.raises(PagehopError, match=f"{role} could not ask"):
        run(library, model)


def test_a_planner_that_answers_from_memory_is_not_believed(library):
    model = team(planner={"sub_questions": [], "reply": "412 million"}, text_agent=found())
    answer, _ = run(library, model)
    holds(library, model, answer)
    assert answer.citations


def test_a_critic_that_always_asks_for_more_is_stopped(library):
    asked = iter(range(1000))

    def more(_):
        gap = {"kind": "breadth", "sub_question": "q1", "query": f"more {next(asked)}"}
        return {"ruling": "gaps", "gaps": [gap], "reason": "never enough"}

    model = team(text_agent=found(), critic=more)
    answer, _ = run(library, model)
    holds(library, model, answer)
    assert answer.status == "incomplete"
    assert answer.claims


def test_a_model_that_only_calls_tools_is_made_to_reply(library):
    crop = AIMessage("", tool_calls=[{"name": "crop", "args": {"view": "v1", "box": [0, 0, 1, 1]},
                                      "id": "1"}])  # fmt: skip
    model = team(text_agent=found(), image_agent=crop)
    answer, _ = run(library, model, replace(CAREFUL, budget=replace(SMALL, model_calls=30)))
    holds(library, model, answer, replace(SMALL, model_calls=30))
    assert answer.citations


def test_unknown_tools_are_told_and_do_no_harm(library):
    steps = [
        AIMessage("", tool_calls=[{"name": "rm", "args": {"path": "/"}, "id": "1"}]),
        NOTHING,
    ]
    model = team(text_agent=found(), image_agent=steps)
    answer, _ = run(library, model)
    holds(library, model, answer)
    assert any("There is no tool 'rm'" in call.prompt for call in model.calls)


@pytest.mark.parametrize("box", [[2, 2, 3, 3], [-1, -1, 0.5, 0.5], [0.5, 0.5, 0.1, 0.1], [1e9] * 4])
def test_boxes_outside_the_page_are_not_cited(library, box):
    seen = {"findings": [{"view": "v1", "box": box, "seen": "a drawing", "confidence": 1}],
            "answer": "a drawing", "confidence": 1}  # fmt: skip
    model = team(image_agent=seen)
    answer, _ = run(library, model, replace(CAREFUL, second_looks=0))
    holds(library, model, answer)
    assert not any(citation.verified for citation in answer.citations)


def test_a_quote_that_is_not_there_is_dropped_and_told(library):
    model = team(text_agent=found("Revenue was 999 million euros."))
    answer, _ = run(library, model)
    holds(library, model, answer)
    assert answer.status != "answered"
    assert any("stand on none of the pages" in note for note in answer.notes)


def test_a_dropped_quote_does_not_keep_a_question_from_being_declined(library):
    declined = {"answerable": False, "answer": "Not in the documents.", "claims": []}
    quotes = [{"hit": 1, "quote": q, "confidence": 0.9} for q in (TRUE, "Revenue was 999.")]
    both = {"findings": quotes, "answer": "", "confidence": 0}
    model = team(text_agent=both, critic={"ruling": "unanswerable"}, summarizer=declined)
    answer, _ = run(library, model)
    assert answer.status == "unanswerable"
    assert any("stand on none of the pages" in note for note in answer.notes)


def test_a_refused_request_is_told_not_repeated(library):
    refused = RequestRefusedError("too long")
    model = team(text_agent=refused, image_agent=NOTHING)
    answer, _ = run(library, model)
    assert answer.status == "incomplete"
    assert any("too long" in note for note in answer.notes)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
WORDS = st.sampled_from([TRUE, "Lisbon", "The headquarters of Alpha Corp are in Lisbon.", "", "42"])
IDS = st.sampled_from(["q1", "q2", "q9", "", "e00000000"])
SHARE = st.floats(-1, 2) | st.none()
FINDING = st.fixed_dictionaries({"hit": st.integers(-1, 12), "quote": WORDS, "confidence": SHARE})
SEEN = st.fixed_dictionaries(
    {
        "view": st.sampled_from(["v1", "v2", "v99", ""]),
        "box": st.none() | st.lists(st.floats(-2, 2000), min_size=3, max_size=5),
        "seen": WORDS,
        "confidence": SHARE,
    }
)
GAP = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["breadth", "depth", "conflict", "plan", "whatever"]),
        "sub_question": IDS,
        "query": WORDS,
        "document": st.sampled_from(["alpha.pdf", "nowhere.pdf", "../../etc/passwd"]),
        "page": st.integers(-1, 99),
    }
)
HOP = st.fixed_dictionaries(
    {
        "id": IDS,
        "question": WORDS | st.just("Who is the mayor of {q1}?"),
        "depends_on": st.lists(IDS, max_size=2),
        "whole": st.booleans(),
    }
)
CLAIM = st.fixed_dictionaries({"text": WORDS, "evidence": st.lists(IDS, max_size=2)})
REPLIES = {
    "planner": st.fixed_dictionaries({"sub_questions": st.lists(HOP, max_size=3), "reply": WORDS}),
    "text agent": st.fixed_dictionaries(
        {"findings": st.lists(FINDING, max_size=3), "answer": WORDS, "confidence": SHARE}
    ),
    "image agent": st.fixed_dictionaries(
        {"findings": st.lists(SEEN, max_size=3), "answer": WORDS, "confidence": SHARE}
    ),
    "critic": st.fixed_dictionaries(
        {
            "ruling": st.sampled_from(["sufficient", "gaps", "unanswerable", "maybe"]),
            "gaps": st.lists(GAP, max_size=3),
            "reason": WORDS,
        }
    ),
    "summarizer": st.fixed_dictionaries(
        {"answerable": st.booleans(), "answer": WORDS, "claims": st.lists(CLAIM, max_size=3)}
    )
    | st.just(cite_all),
}
CALL = st.builds(
    lambda name, args: AIMessage("", tool_calls=[{"name": name, "args": args, "id": "1"}]),
    st.sampled_from(["crop", "read_text", "rm", "TextReply", "ImageReply"]),
    st.dictionaries(st.sampled_from(["view", "box", "x"]), JUNK, max_size=3),
)
ODD = JUNK.filter(lambda value: isinstance(value, str | dict)) | CALL | st.just(ValueError("odd"))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_whatever_a_model_says_the_answer_holds_or_the_error_has_a_name(library, data, seed):
    chance = random.Random(seed)
    drawn = {role: data.draw(st.lists(fit | ODD, min_size=4, max_size=4), label=role)
             for role, fit in REPLIES.items()}  # fmt: skip

    def reply(role):
        return lambda messages: _made(chance.choice(drawn[role]), messages)

    model = ScriptedChatModel(rules=[(f"# Role: {role}", reply(role)) for role in REPLIES])
    try:
        answer, last = run(library, model, replace(CAREFUL, second_looks=0))
    except PagehopError:
        return
    holds(library, model, answer)
    places = {page for done in last["searches"] for page in done.search.pages}
    assert {(c.document, c.page) for c in answer.citations} <= places


def _made(reply, messages):
    return reply(messages) if callable(reply) else reply
