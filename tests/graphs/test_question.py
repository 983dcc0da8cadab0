"""The way of a question through the graph, with a model that says what it is told to say."""

import threading
import time
from dataclasses import replace

import jsonschema
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool

from pagehop.agents import Budget, ScriptedChatModel
from pagehop.agents.budget import STANDARD
from pagehop.graphs import answer_schema, create_document_agent
from pagehop.tools.errors import (
    EmptyQuestionError,
    ModelCallError,
    UnknownDocumentError,
)

MAYOR = "Who is the mayor of the city where Alpha Corp has its headquarters?"
QUOTES = {
    "headquarters": ("The headquarters of Alpha Corp are in Lisbon.", "Lisbon"),
    "mayor of Lisbon": ("The mayor of Lisbon is Carlos Moedas.", "Carlos Moedas"),
    "mayor of Oslo": ("The mayor of Oslo is Anne Lindboe.", "Anne Lindboe"),
    "evenue": ("Revenue of Alpha Corp in 2023 was 412 million euros.", "412 million euros"),
    "urnover": ("Net sales came to 77 million pounds.", "77 million pounds"),
}


EVERY_ROLE = replace(STANDARD, planner="always", critic="always")


def ask(corpus, model, question, **options):
    agent = create_document_agent(corpus, model, **{"effort": EVERY_ROLE, **options})
    return agent.invoke({"question": question})["answer"]


def prompts(model, role):
    return [call.prompt for call in model.calls if f"Role: {role}" in call.prompt]


def test_a_dependent_sub_question_gets_the_answer_of_the_first(library, model, plan):
    two = plan(
        ("q1", "Where are the headquarters of Alpha Corp?"),
        ("q2", "Who is the mayor of {q1}?", "q1"),
    )
    scripted = model(plan=two, quotes=QUOTES, answer="Carlos Moedas")
    answer = ask(library, scripted, MAYOR)
    assert (answer.text, answer.status) == ("Carlos Moedas", "answered")
    assert [hop.question for hop in answer.plan][1] == "Who is the mayor of Lisbon?"
    assert [hop.answer for hop in answer.plan] == ["Lisbon", "Carlos Moedas"]
    assert answer.plan[1].depends_on == (0,)
    assert {(c.document, c.page) for c in answer.citations} == {("alpha.pdf", 1), ("cities.pdf", 1)}
    assert answer.usage.rounds == 1


def test_a_first_search_that_misses_is_followed_by_the_critics_second(library, model, plan):
    gap = {
        "kind": "breadth",
        "sub_question": "q1",
        "query": "net sales statement of income",
        "reason": "no figure yet",
    }
    scripted = model(
        plan=plan(("q1", "What was the turnover of Beta Ltd?")),
        quotes=QUOTES,
        critic=[
            {"ruling": "gaps", "gaps": [gap], "reason": "no figure"},
            {"ruling": "sufficient", "gaps": [], "reason": ""},
        ],
        answer="77 million pounds",
    )
    answer = ask(library, scripted, "What was the turnover of Beta Ltd?", documents=["beta.pdf"])
    assert (answer.text, answer.status) == ("77 million pounds", "answered")
    assert [(c.document, c.page) for c in answer.citations] == [("beta.pdf", 13)]
    assert answer.usage.rounds == 2
    assert len(prompts(scripted, "planner")) == 1, "a search that missed is no wrong plan"
    first, second = prompts(scripted, "text agent")
    assert "Net sales came to" not in first
    assert "page 1\n" not in second, "a page that was seen is not read again"


UNASKED = [
    {
        "ruling": "gaps",
        "reason": "half of it",
        "gaps": [
            {
                "kind": "plan",
                "sub_question": "",
                "query": "the mayor of Lisbon",
                "reason": "unasked",
            }
        ],
    },
    {"ruling": "sufficient", "gaps": [], "reason": ""},
]
HALF = ("q1", "Where are the headquarters of Alpha Corp?")


def test_a_plan_that_was_wrong_is_mended_by_the_planner_who_sees_what_was_found(
    library, model, plan
):
    scripted = model(
        plan=[plan(HALF), plan(("new", "Who is the mayor of {q1}?", "q1"))],
        quotes=QUOTES,
        critic=UNASKED,
        answer="Carlos Moedas",
    )
    answer = ask(library, scripted, MAYOR)
    assert (answer.text, answer.status) == ("Carlos Moedas", "answered")
    assert [(hop.question, hop.depends_on) for hop in answer.plan] == [
        (HALF[1], ()),
        ("Who is the mayor of Lisbon?", (0,)),
    ]
    _, again = prompts(scripted, "planner")
    assert "q1 [free] Where are the headquarters of Alpha Corp? -> Lisbon" in again
    assert "the mayor of Lisbon (unasked)" in again


def test_where_the_planner_fails_the_critics_words_are_the_sub_question(library, model, plan):
    scripted = model(
        plan=[plan(HALF), "no plan", "none"], quotes=QUOTES, critic=UNASKED, answer="Carlos Moedas"
    )
    answer = ask(library, scripted, MAYOR)
    assert [hop.question for hop in answer.plan] == [HALF[1], "the mayor of Lisbon"]
    assert answer.plan[1].answer == "Carlos Moedas"
    assert any("planning again failed: InvalidReplyError" in note for note in answer.notes)


def test_a_new_plan_adds_nothing_that_was_asked_and_a_last_round_asks_nobody(library, model, plan):
    scripted = model(plan=[plan(HALF), plan(("x", HALF[1]))], quotes=QUOTES, critic=UNASKED)
    answer = ask(library, scripted, MAYOR)
    assert [hop.question for hop in answer.plan] == [HALF[1]]
    assert answer.status == "incomplete"
    scripted = model(plan=plan(HALF), quotes=QUOTES, critic=UNASKED)
    ask(library, scripted, MAYOR, budget=Budget(rounds=1))
    assert len(prompts(scripted, "planner")) == 1


def test_one_round_with_an_open_gap_is_incomplete(library, model, plan):
    gap = {"kind": "breadth", "sub_question": "q1", "query": "something else", "reason": "more"}
    scripted = model(
        plan=plan(("q1", "What was the revenue of Alpha Corp?")),
        quotes=QUOTES,
        critic={"ruling": "gaps", "gaps": [gap], "reason": "no figure"},
        answer="412 million euros",
    )
    answer = ask(library, scripted, "What was the revenue?", budget=Budget(rounds=1))
    assert (answer.status, answer.usage.rounds) == ("incomplete", 1)
    assert answer.citations


def test_a_round_that_adds_nothing_ends_the_loop(library, model, plan):
    gaps = [
        {
            "ruling": "gaps",
            "reason": "more",
            "gaps": [
                {
                    "kind": "depth",
                    "sub_question": "q1",
                    "query": f"look {n}",
                    "reason": "small",
                    "document": "alpha.pdf",
                    "page": 2,
                }
            ],
        }
        for n in range(9)
    ]
    scripted = model(
        plan=plan(("q1", "What was the revenue of Alpha Corp?")), quotes=QUOTES, critic=gaps
    )
    answer = ask(library, scripted, "What was the revenue?", budget=Budget(rounds=9))
    assert answer.usage.rounds == 2
    assert answer.status == "answered"  # what the critic still wants has an answer


def test_independent_sub_questions_run_in_parallel(library, plan):
    together = threading.Barrier(8, timeout=60)
    times = []

    def slow(messages):
        together.wait()  # passes only when all eight agents are at work at once
        times.append(time.monotonic())
        time.sleep(0.2)
        times.append(time.monotonic())
        return {"findings": [], "answer": "", "confidence": 0}

    eight = plan(*((f"q{n}", f"Who is the mayor of city {n}?") for n in range(1, 9)))
    scripted = ScriptedChatModel(
        rules=[
            ("Role: planner", eight),
            ("Role: text agent", slow),
            ("Role: critic", {"ruling": "unanswerable", "reason": ""}),
        ]
    )
    answer = ask(library, scripted, "Who are the mayors?")
    assert not together.broken
    assert max(times) - min(times) < 4 * 0.2
    assert answer.status == "unanswerable"


def test_a_claim_with_a_wrong_quote_is_caught_and_does_not_reach_the_answer(library, model, plan):
    from_prompt = []

    def lie(messages):
        from_prompt.append(messages[1].text)
        id_ = next(
            line.split()[0] for line in messages[1].text.splitlines() if line.startswith("e")
        )
        return {
            "answerable": True,
            "answer": "999 million euros",
            "claims": [{"text": "Revenue was 999 million euros.", "evidence": [id_]}],
            "calculations": [],
        }

    scripted = model(
        plan=plan(("q1", "What was the revenue of Alpha Corp?")), quotes=QUOTES, summary=lie
    )
    answer = ask(library, scripted, "What was the revenue?")
    assert "999" not in answer.text
    assert answer.status == "incomplete"
    assert (answer.claims, answer.citations) == ((), ())
    assert any("999" in note for note in answer.notes)
    assert len(from_prompt) == 2, "the summarizer may mend its draft once"
    assert "Revenue was 999" in from_prompt[1], "and is told what does not stand"


def test_a_calculated_number_says_how_it_came_about(library, model, plan):
    def double(messages):
        id_ = next(
            line.split()[0] for line in messages[1].text.splitlines() if line.startswith("e")
        )
        return {
            "answerable": True,
            "answer": "{k1} million euros",
            "claims": [{"text": "Revenue was 412 million euros.", "evidence": [id_]}],
            "calculations": [
                {"name": "k1", "expression": "412 * 1.5", "decimals": 1},
                {"name": "k2", "expression": "412 * 2", "decimals": 1},
            ],
        }

    scripted = model(
        plan=plan(("q1", "What was the revenue of Alpha Corp?")), quotes=QUOTES, summary=double
    )
    answer = ask(library, scripted, "What is 1.5 times the revenue?")
    assert (answer.text, answer.status) == ("618 million euros", "answered")
    assert answer.notes == ("Calculated: 412 * 1.5 = 618",)


def test_an_answer_from_which_a_claim_was_dropped_is_incomplete(library, model, plan):
    def embellish(messages):
        (id_,) = [line.split()[0] for line in messages[1].text.splitlines() if line.startswith("e")]
        told = ("Revenue was 412 million euros.", "That is 999 million more than before.")
        claims = [{"text": text, "evidence": [id_]} for text in told]
        return {"answerable": True, "answer": " ".join(told), "claims": claims, "calculations": []}

    scripted = model(
        plan=plan(("q1", "What was the revenue of Alpha Corp?")), quotes=QUOTES, summary=embellish
    )
    answer = ask(library, scripted, "What was the revenue, and how much more than before?")
    assert (answer.text, answer.status) == ("Revenue was 412 million euros.", "incomplete")


def test_a_quote_that_is_on_no_page_never_enters_the_ledger(library, model, plan):
    def invent(messages):
        found = {"hit": 1, "quote": "Revenue was 999 million euros.", "confidence": 1}
        return {"findings": [found], "answer": "999", "confidence": 1}

    scripted = model(plan=plan(("q1", "What was the revenue of Alpha Corp?")), quotes=QUOTES)
    scripted.rules = [("Role: text agent", invent), *scripted.rules]
    answer = ask(library, scripted, "What was the revenue?")
    assert "999" not in answer.text
    assert not answer.citations
    assert answer.status != "answered"


def test_no_search_is_made_for_a_greeting(library, model):
    scripted = model(plan={"sub_questions": [], "reply": "Hello! Ask me about your documents."})
    answer = ask(library, scripted, "Hi there")
    assert (answer.text, answer.status) == ("Hello! Ask me about your documents.", "answered")
    assert len(scripted.calls) == 1
    assert answer.plan == ()


def test_a_malformed_plan_is_repaired_once(library, model, plan):
    good = plan(("q1", "What was the revenue of Alpha Corp?"))
    scripted = model(plan=["{broken", good], quotes=QUOTES, answer="412 million euros")
    assert ask(library, scripted, "What was the revenue?").status == "answered"


def test_a_plan_that_stays_malformed_leaves_the_question_itself_and_is_told(library, model):
    broken = ["{broken", "{still broken", "{never asked for"]
    scripted = model(plan=broken, quotes=QUOTES, answer="412 million euros")
    answer = ask(library, scripted, "What was the revenue?")
    assert answer.text == "412 million euros"
    assert len(prompts(scripted, "planner")) == 2
    assert any("the planner failed: InvalidReplyError" in note for note in answer.notes)


def test_a_reader_that_fails_is_a_line_for_the_critic_and_its_siblings_go_on(library, model, plan):
    two = plan(("q1", "Who is the mayor of Oslo?"), ("q2", "What was the revenue of Alpha Corp?"))
    scripted = model(plan=two, quotes=QUOTES, answer="412 million euros")
    scripted.rules = [
        (("Role: text agent", "Oslo?\n<<end"), ValueError("the reader fell over")),
        *scripted.rules,
    ]
    answer = ask(library, scripted, "Who is mayor of Oslo, and what was the revenue of Alpha Corp?")
    assert any("the text agent on q1" in note for note in answer.notes)
    assert "the text agent on q1" in prompts(scripted, "critic")[0]
    assert [hop.answer for hop in answer.plan] == ["", "412 million euros"]


def test_what_was_not_looked_at_is_not_called_absent(library, model, plan):
    scripted = model(plan=plan(("q1", "Who is the mayor of Oslo?")))
    scripted.rules = [("Role: text agent", ValueError("no")), *scripted.rules]
    answer = ask(library, scripted, "Who is the mayor of Oslo?")
    assert answer.status == "incomplete"
    assert "not everything could be looked at" in answer.text


def test_a_budget_without_a_call_left_gives_what_the_ledger_says(library, model, plan):
    two = plan(
        ("q1", "Where are the headquarters of Alpha Corp?"),
        ("q2", "Who is the mayor of {q1}?", "q1"),
    )
    scripted = model(plan=two, quotes=QUOTES, answer="Carlos Moedas")
    answer = ask(library, scripted, MAYOR, budget=Budget(model_calls=3))
    assert answer.status == "incomplete"
    assert "Lisbon" in answer.text
    assert answer.citations[0].verified
    assert answer.usage.model_calls <= 3


def test_no_budget_at_all_still_ends_in_an_answer(library, model, plan):
    scripted = model(plan=plan(("q1", "?")))
    answer = ask(library, scripted, "What was the revenue?", budget=Budget(model_calls=0))
    assert (answer.status, answer.usage.model_calls, len(scripted.calls)) == ("incomplete", 0, 0)
    assert "in the documents" not in answer.text


def test_a_custom_tool_is_called_and_cited(library, model, plan):
    @tool
    def exchange_rate(currency: str) -> str:
        """The rate of a currency in dollars."""
        return f"1 {currency} = 1.25 USD"

    def use(messages):
        if messages[-1].type == "tool":
            return {"findings": [], "answer": "1.25", "confidence": 1}
        call = {"name": "exchange_rate", "args": {"currency": "GBP"}, "id": "1"}
        return AIMessage("", tool_calls=[call])

    scripted = model(plan=plan(("q1", "What is a pound in dollars?")), answer="1.25 USD")
    scripted.rules = [("Role: text agent", use), *scripted.rules]
    answer = ask(library, scripted, "What is a pound in dollars?", tools=[exchange_rate])
    (cited,) = answer.citations
    assert (cited.modality, cited.document_id, cited.page) == ("tool", "tool:exchange_rate", 0)
    assert cited.quote == "1 GBP = 1.25 USD"
    assert answer.status == "answered"


def test_a_failing_tool_is_told_to_the_critic(library, model, plan):
    @tool
    def exchange_rate(currency: str) -> str:
        """The rate of a currency in dollars."""
        raise RuntimeError("the rate server is down")

    def use(messages):
        if messages[-1].type == "tool":
            return {"findings": [], "answer": "", "confidence": 0}
        call = {"name": "exchange_rate", "args": {"currency": "GBP"}, "id": "1"}
        return AIMessage("", tool_calls=[call])

    scripted = model(plan=plan(("q1", "What is a pound in dollars?")))
    scripted.rules = [("Role: text agent", use), *scripted.rules]
    answer = ask(library, scripted, "What is a pound in dollars?", tools=[exchange_rate])
    assert "the rate server is down" in prompts(scripted, "critic")[0]
    assert any("the rate server is down" in note for note in answer.notes)


@pytest.mark.parametrize(
    "given",
    [
        {"question": ""},
        {"question": "  \n"},
        {"messages": []},
        {"messages": [AIMessage("no question")]},
        {},
        "a bare string",
    ],
    ids=str,
)
def test_an_empty_question_is_refused_before_anything(library, given):
    with pytest.raises(EmptyQuestionError):
        create_document_agent(library).invoke(given)


def test_messages_are_a_question_too(library, model, plan):
    scripted = model(
        plan=plan(("q1", "What was the revenue of Alpha Corp?")),
        quotes=QUOTES,
        answer="412 million euros",
    )
    agent = create_document_agent(library, scripted, effort=EVERY_ROLE)
    result = agent.invoke({"messages": [HumanMessage("What was the revenue?")]})
    said = result["messages"]
    assert [message.type for message in said] == ["human", "ai"]
    assert said[-1].text == "412 million euros"
    (block,) = said[-1].content_blocks
    (cited,) = block["annotations"]
    assert cited["title"] == "alpha.pdf"
    assert cited["cited_text"] == "Revenue of Alpha Corp in 2023 was 412 million euros."
    assert cited["extras"]["page"] == 2
    assert cited["extras"]["bbox"] == list(result["answer"].citations[0].bbox)


def test_an_agent_sees_only_the_documents_it_was_given(library, model, plan):
    scripted = model(plan=plan(("q1", "Who is the mayor of Lisbon?")), quotes=QUOTES)
    answer = ask(library, scripted, "Who is the mayor of Lisbon?", documents=["beta.pdf"])
    assert answer.status == "unanswerable"
    assert "cities.pdf" not in "".join(call.prompt for call in scripted.calls)
    with pytest.raises(UnknownDocumentError):
        create_document_agent(library, documents=["nowhere.pdf"])


@pytest.mark.parametrize("team", ["extractive", "scripted"])
@pytest.mark.parametrize("question", [MAYOR, "What is the colour of the moon?"])
def test_the_answer_of_every_team_is_valid_by_the_schema(library, model, plan, team, question):
    scripted = model(plan=plan(("q1", question)), quotes=QUOTES)
    answer = ask(library, None if team == "extractive" else scripted, question)
    jsonschema.Draft202012Validator.check_schema(answer_schema())
    jsonschema.validate(answer.as_dict(), answer_schema())
    assert answer.model == team


def test_an_unreachable_model_is_a_named_error(library):
    scripted = ScriptedChatModel(rules=[("Role: planner", ModelCallError("no route to host"))])
    with pytest.raises(ModelCallError):
        ask(library, scripted, "What was the revenue?")
