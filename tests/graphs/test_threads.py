"""A thread: chats, checkpoints, what is resumed and what is not."""

import asyncio
import json
import shutil
import sqlite3
from dataclasses import replace

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from pagehop.agents import Budget
from pagehop.agents.budget import STANDARD
from pagehop.graphs import DocumentAgent, create_document_agent
from pagehop.graphs.lease import Lease
from pagehop.graphs.state import Told
from pagehop.tools import Corpus
from pagehop.tools.errors import (
    EmptyQuestionError,
    InputError,
    InvalidReplyError,
    ModelCallError,
    StorageError,
    ThreadBusyError,
)

QUOTES = {
    "headquarters": ("The headquarters of Alpha Corp are in Lisbon.", "Lisbon"),
    "mayor of Lisbon": ("The mayor of Lisbon is Carlos Moedas.", "Carlos Moedas"),
    "revenue": ("Revenue of Alpha Corp in 2023 was 412 million euros.", "412 million euros"),
}
WHERE = "Where are the headquarters of Alpha Corp?"


EVERY_ROLE = replace(STANDARD, planner="always", critic="always")


@pytest.fixture
def thread(request):
    return {"configurable": {"thread_id": request.node.name}}


@pytest.fixture
def agent_of(library):
    made = []

    def make(model, **options):
        agent = create_document_agent(
            library, model, **{"checkpointer": True, "effort": EVERY_ROLE, **options}
        )
        made.append(agent)
        return agent

    yield make
    for agent in made:
        agent.close()


def test_a_follow_up_is_understood_from_the_turns_before_it(agent_of, model, plan, thread):
    scripted = model(
        plan=[plan(("q1", WHERE)), plan(("q1", "Who is the mayor of Lisbon?"))],
        quotes=QUOTES,
        standalone={"question": "Who is the mayor of Lisbon?"},
    )
    agent = agent_of(scripted)
    agent.invoke({"question": WHERE}, thread)
    second = agent.invoke({"question": "And who is its mayor?"}, thread)
    told = next(c.prompt for c in scripted.calls if "Role: contextualizer" in c.prompt)
    assert WHERE in told
    assert second["answer"].question == "And who is its mayor?"
    assert second["answer"].plan[0].answer == "Carlos Moedas"
    assert [m.type for m in second["messages"]] == ["human", "ai", "human", "ai"]
    ledger = agent.get_state(thread).values["ledger"]
    assert {(e.sub_question, e.document) for e in ledger} == {
        ("t1:q1", "alpha.pdf"),
        ("q1", "cities.pdf"),
    }


def test_a_turn_starts_with_nothing_of_the_last_but_the_conversation(agent_of, model, plan, thread):
    scripted = model(
        plan=[plan(("q1", WHERE)), plan(("q1", "What is the colour of the moon?"))],
        quotes=QUOTES,
        standalone={"question": "What is the colour of the moon?"},
        critic=[{"ruling": "sufficient"}, {"ruling": "unanswerable"}],
        summary=None,
    )
    agent = agent_of(scripted)
    first = agent.invoke({"question": WHERE}, thread)["answer"]
    values = agent.get_state(thread).values
    second = agent.invoke({"question": "And the moon?"}, thread)["answer"]
    after = agent.get_state(thread).values
    assert first.usage.model_calls == 4
    assert second.usage.rounds == 1
    assert len(values["searches"]) == len(after["searches"]) == 1
    assert after["searches"][0].search.query == "What is the colour of the moon?"
    assert [report.sub_question for report in after["reports"]] == ["q1"]


def test_without_a_checkpointer_nothing_is_kept(library, model, plan):
    scripted = model(plan=plan(("q1", WHERE)), quotes=QUOTES)
    agent = create_document_agent(library, scripted, effort=EVERY_ROLE)
    agent.invoke({"question": WHERE}, {"configurable": {"thread_id": "memoryless"}})
    again = agent.invoke({"question": WHERE}, {"configurable": {"thread_id": "memoryless"}})
    assert len(again["messages"]) == 2


def test_a_chat_can_be_carried_in_the_messages_alone(library, model, plan):
    scripted = model(
        plan=plan(("q1", "Who is the mayor of Lisbon?")),
        quotes=QUOTES,
        standalone={"question": "Who is the mayor of Lisbon?"},
    )
    said = [("human", WHERE), ("ai", "Lisbon"), ("human", "Who is its mayor?")]
    result = create_document_agent(library, scripted, effort=EVERY_ROLE).invoke({"messages": said})
    assert result["answer"].plan[0].answer == "Carlos Moedas"


def test_any_checkpointer_will_do_and_is_read_strictly(agent_of, model, plan, thread):
    scripted = model(plan=plan(("q1", WHERE)), quotes=QUOTES)
    agent = agent_of(scripted, checkpointer=InMemorySaver())
    answer = agent.invoke({"question": WHERE}, thread)["answer"]
    kept = agent.get_state(thread).values
    assert kept["answer"] == answer
    assert kept["plan"].sub_questions[0].answer == "Lisbon"


def test_ainvoke_and_astream_work_with_the_corpus_checkpointer(agent_of, model, plan, thread):
    scripted = model(plan=plan(("q1", WHERE)), quotes=QUOTES, answer="Lisbon")
    agent = agent_of(scripted)

    async def both():
        result = await agent.ainvoke({"question": WHERE}, thread)
        parts = [part async for part in agent.astream({"question": WHERE}, thread)]
        return result, parts, await agent.aget_state(thread)

    scripted.rules = [("Role: contextualizer", {"question": WHERE}), *scripted.rules]
    result, parts, state = asyncio.run(both())
    assert result["answer"].text == "Lisbon"
    assert [name for part in parts for name in part][-1] == "finish"
    assert state.values["answer"].text == "Lisbon"


def test_a_finished_run_is_never_taken_for_an_unfinished_one(agent_of, model, plan, thread):
    scripted = model(plan=plan(("q1", WHERE)), quotes=QUOTES, answer="Lisbon")
    agent = agent_of(scripted)
    first = agent.invoke({"question": WHERE}, thread)
    calls = len(scripted.calls)
    assert agent.invoke(None, thread)["answer"] == first["answer"]
    assert len(scripted.calls) == calls
    scripted.rules = [("Role: contextualizer", {"question": WHERE}), *scripted.rules]
    second = agent.invoke({"question": WHERE}, thread)  # the same question, asked anew
    assert len(second["messages"]) == 4


def test_going_on_where_nothing_was_asked_is_refused(agent_of, model):
    with pytest.raises(EmptyQuestionError, match="Nothing has been asked"):
        agent_of(model(plan={})).invoke(None, {"configurable": {"thread_id": "never"}})


def test_a_run_that_failed_is_recorded_and_goes_on_from_its_checkpoint(
    agent_of, library, model, plan, thread
):
    scripted = model(plan=plan(("q1", WHERE)), quotes=QUOTES, answer="Lisbon")
    broken = ("Role: summarizer", ModelCallError("no route to host"))
    rules, scripted.rules = scripted.rules, [broken, *scripted.rules]
    agent = agent_of(scripted)
    with pytest.raises(ModelCallError):
        agent.invoke({"question": WHERE}, thread)
    run = agent.setup.runs().last(thread["configurable"]["thread_id"])
    assert run.status == "failed"
    assert "no route to host" in run.reason
    before = len(scripted.calls)
    scripted.rules = rules
    assert agent.invoke(None, thread)["answer"].text == "Lisbon"
    assert len(scripted.calls) == before + 1, "the summarizer alone was asked again"
    assert agent.setup.runs().last(run.thread).status == "answered"


def test_a_failed_question_that_is_asked_again_goes_on(agent_of, model, plan, thread):
    scripted = model(plan=plan(("q1", WHERE)), quotes=QUOTES, answer="Lisbon")
    rules, scripted.rules = scripted.rules, [("Role: summarizer", ModelCallError("no route"))]
    scripted.rules += rules
    agent = agent_of(scripted)
    with pytest.raises(ModelCallError):
        agent.invoke({"question": WHERE}, thread)
    before, scripted.rules = len(scripted.calls), rules
    again = agent.invoke({"question": WHERE}, thread)
    assert (again["answer"].text, len(again["messages"])) == ("Lisbon", 2)
    assert len(scripted.calls) == before + 1


def test_a_run_that_failed_at_a_reply_that_was_no_good_gets_another_one(
    agent_of, model, plan, thread
):
    scripted = model(plan=plan(("q1", WHERE)), quotes=QUOTES, answer="Lisbon")
    rules = scripted.rules
    scripted.rules = [("Role: summarizer", ["nonsense", "nonsense again"]), *rules]
    agent = agent_of(scripted)
    with pytest.raises(InvalidReplyError):
        agent.invoke({"question": WHERE}, thread)
    scripted.rules = rules
    assert agent.invoke(None, thread)["answer"].text == "Lisbon"


def test_a_run_that_was_left_in_the_middle_goes_on_and_asks_nobody_twice(
    agent_of, model, plan, thread
):
    scripted = model(plan=plan(("q1", WHERE)), quotes=QUOTES, answer="Lisbon")
    agent = agent_of(scripted)
    stream = agent.stream({"question": WHERE}, thread)
    for part in stream:
        if "read" in part:
            break
    stream.close()
    calls = len(scripted.calls)
    assert agent.setup.runs().last(thread["configurable"]["thread_id"]).status == "running"
    answer = agent.invoke({"question": WHERE}, thread)["answer"]
    assert answer.text == "Lisbon"
    assert len(scripted.calls) == calls + 2, "only critic and summarizer were left"
    assert answer.usage.model_calls == 4


def test_another_question_takes_the_place_of_an_unfinished_one(agent_of, model, plan, thread):
    scripted = model(
        plan=[plan(("q1", WHERE)), plan(("q1", "What was the revenue?"))], quotes=QUOTES
    )
    agent = agent_of(scripted)
    stream = agent.stream({"question": WHERE}, thread)
    next(stream)
    next(stream)
    stream.close()
    answer = agent.invoke({"question": "What was the revenue?"}, thread)["answer"]
    assert answer.question == "What was the revenue?"
    assert answer.status in ("answered", "unanswerable")


def test_a_killed_question_is_never_answered_with_the_answer_of_the_turn_before(
    agent_of, model, plan, thread
):
    scripted = model(
        plan=[plan(("q1", WHERE)), plan(("q1", "What was the revenue?"))],
        quotes=QUOTES,
        standalone={"question": "What was the revenue?"},
    )
    agent = agent_of(scripted)
    agent.invoke({"question": WHERE}, thread)
    runs = agent.setup.runs()  # stored, and killed before the first step
    from langchain_core.messages import HumanMessage

    runs.start(thread["configurable"]["thread_id"], "The revenue?", [HumanMessage("The revenue?")])
    answer = agent.invoke(None, thread)["answer"]
    assert answer.question == "The revenue?"
    assert answer.plan[0].answer == "412 million euros"


def test_a_thread_runs_once_at_a_time(agent_of, library, model, plan, thread):
    agent = agent_of(model(plan=plan(("q1", WHERE)), quotes=QUOTES))
    held = Lease(library.path / "locks", thread["configurable"]["thread_id"])
    try:
        with pytest.raises(ThreadBusyError):
            agent.invoke({"question": WHERE}, thread)
    finally:
        held.release()
    assert agent.invoke({"question": WHERE}, thread)["answer"].citations


def test_the_question_is_on_disk_before_the_first_step(agent_of, library, model, plan, thread):
    agent = agent_of(model(plan=plan(("q1", WHERE)), quotes=QUOTES))
    stream = agent.stream({"question": WHERE}, thread)
    next(stream)
    with sqlite3.connect(library.path / "runs.sqlite3") as file:
        rows = file.execute(
            "SELECT question, status FROM runs WHERE thread = ?",
            (thread["configurable"]["thread_id"],),
        ).fetchall()
    file.close()
    assert rows == [(WHERE, "running")]
    stream.close()


def test_the_end_of_a_run_is_a_row_with_its_answer(agent_of, model, plan, thread):
    agent = agent_of(model(plan=plan(("q1", WHERE)), quotes=QUOTES))
    answer = agent.invoke({"question": WHERE}, thread)["answer"]
    run = agent.setup.runs().last(thread["configurable"]["thread_id"])
    assert run.status == answer.status
    assert run.answer == json.loads(json.dumps(answer.as_dict()))
    assert agent.setup.runs().row("SELECT count(*) FROM journal WHERE run = ?", (run.id,)) == (0,)


def test_no_picture_is_ever_in_a_checkpoint(agent_of, library, model, plan, thread):
    scripted = model(
        plan=plan(("q1", "What does the figure of shipments show?"), modalities=("figure",)),
        image={
            "findings": [{"view": "v1", "seen": "Q3: 918 units", "confidence": 0.8}],
            "answer": "918 units",
            "confidence": 0.8,
        },
    )
    agent = agent_of(scripted)
    answer = agent.invoke({"question": "What does the figure show?"}, thread)["answer"]
    assert answer.usage.images > 0
    with sqlite3.connect(library.path / "runs.sqlite3") as file:
        id_ = (thread["configurable"]["thread_id"],)
        saved = file.execute("SELECT checkpoint FROM checkpoints WHERE thread_id = ?", id_)
        blobs = [row[0] for row in saved]
        blobs += [r[0] for r in file.execute("SELECT value FROM writes WHERE thread_id = ?", id_)]
    file.close()
    everything = b"".join(blobs)
    assert everything
    for sign in (b"iVBORw0KGgo", b"\x89PNG", b"/9j/", b"\xff\xd8\xff", b"base64", b"image_url"):
        assert sign not in everything
    assert len(everything) < 400_000


def test_the_agent_is_a_node_like_any_other(library, model, plan):
    scripted = model(plan=plan(("q1", WHERE)), quotes=QUOTES, answer="Lisbon")
    agent = create_document_agent(library, scripted, effort=EVERY_ROLE)
    outer = StateGraph(Told)
    outer.add_node("documents", agent)
    outer.add_edge(START, "documents")
    outer.add_edge("documents", END)
    graph = outer.compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "outer"}}
    told = graph.invoke({"messages": [("human", WHERE)]}, config)
    assert told["answer"].text == "Lisbon"
    assert told["messages"][-1].text == "Lisbon"


def test_with_config_keeps_the_agent_what_it_is(library, model, plan):
    scripted = model(plan=plan(("q1", WHERE)), quotes=QUOTES, answer="Lisbon")
    bound = create_document_agent(library, scripted, effort=EVERY_ROLE).with_config(tags=["mine"])
    assert isinstance(bound, DocumentAgent)
    assert bound.invoke({"question": WHERE})["answer"].text == "Lisbon"


def test_v2_results_and_streams_work(library, model, plan):
    scripted = model(plan=plan(("q1", WHERE)), quotes=QUOTES, answer="Lisbon")
    agent = create_document_agent(library, scripted, effort=EVERY_ROLE, budget=Budget())
    assert agent.invoke({"question": WHERE}, version="v2").value["answer"].text == "Lisbon"
    parts = list(agent.stream({"question": WHERE}, stream_mode="values", version="v2"))
    assert parts[-1]["data"]["answer"].text == "Lisbon"


def test_a_document_removed_while_it_is_asked_about_leaves_nothing(library, model, plan, tmp_path):
    shutil.copytree(library.path, tmp_path / "corpus")
    with Corpus(tmp_path / "corpus") as corpus:
        reader = model(plan=plan(("q1", WHERE)), quotes=QUOTES)
        with create_document_agent(corpus, reader, effort=EVERY_ROLE, checkpointer=True) as agent:
            stream = agent.stream({"question": WHERE}, {"configurable": {"thread_id": "t"}})
            for part in stream:
                if "read" in part:
                    corpus.remove("alpha.pdf")
            assert agent.setup.runs().last("t") is None
        left = [path for path in corpus.path.rglob("*") if path.is_file()]
        assert [path for path in left if b"Alpha Corp are in Lisbon" in path.read_bytes()] == []


def test_a_document_whose_chats_cannot_be_erased_is_not_removed(library, tmp_path):
    shutil.copytree(library.path, tmp_path / "corpus")
    for file in (tmp_path / "corpus").glob("runs.sqlite3*"):
        file.unlink()
    (tmp_path / "corpus" / "runs.sqlite3").write_bytes(b"torn " * 2000)
    with Corpus(tmp_path / "corpus") as corpus:
        with pytest.raises(StorageError, match="move it away"):
            corpus.remove("alpha.pdf")
        assert corpus.document("alpha.pdf")


def test_a_question_of_bytes_that_are_no_text_is_asked_and_a_thread_of_them_refused(
    agent_of, model, plan, thread
):
    agent = agent_of(model(plan=plan(("q1", WHERE)), quotes=QUOTES, answer="Lisbon"))
    assert agent.invoke({"question": f"{WHERE} \udcff"}, thread)["answer"].text == "Lisbon"
    with pytest.raises(InputError, match="thread id"):
        agent.invoke({"question": WHERE}, {"configurable": {"thread_id": "\udcff"}})
