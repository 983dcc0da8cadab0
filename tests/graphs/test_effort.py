"""What a question costs follows its ease: steps are skipped, or taken, as the effort says."""

import re
from dataclasses import replace

import pytest

from pagehop.agents import Budget
from pagehop.agents.budget import EFFORTS, QUICK, STANDARD, THOROUGH, effort_of
from pagehop.graphs import create_document_agent
from pagehop.tools.errors import InputError

QUOTES = {
    "evenue": ("Revenue of Alpha Corp in 2023 was 412 million euros.", "412 million euros"),
    "headquarters": ("The headquarters of Alpha Corp are in Lisbon.", "Lisbon"),
}


def ask(library, scripted, question, effort=STANDARD, **options):
    agent = create_document_agent(library, scripted, effort=effort, **options)
    return agent.invoke({"question": question})["answer"]


def roles(scripted):
    """Roles in the order in which they were asked."""
    return [call.prompt.partition("# Role: ")[2].partition("\n")[0] for call in scripted.calls]


def test_a_question_that_one_look_settles_costs_no_critic(library, model, plan):
    one = plan(("q1", "What was the revenue of Alpha Corp in 2023?"))
    scripted = model(plan=one, quotes=QUOTES, answer="412 million euros")
    answer = ask(library, scripted, "What was the revenue of Alpha Corp in 2023?")
    assert (answer.status, answer.text) == ("answered", "412 million euros")
    assert "critic" not in roles(scripted)
    careful = model(plan=one, quotes=QUOTES, answer="412 million euros")
    answer = ask(
        library,
        careful,
        "What was the revenue of Alpha Corp in 2023?",
        replace(STANDARD, planner="always", critic="always"),
    )
    assert answer.status == "answered"
    assert len(careful.calls) > len(scripted.calls)


def test_an_unsure_answer_and_disagreeing_agents_go_to_the_critic(library, model, plan):
    one = plan(("q1", "What was the revenue of Alpha Corp in 2023?"), modalities=())
    seen = {
        "pages": [],
        "findings": [{"view": "v1", "box": None, "seen": "413 million", "confidence": 0.9}],
        "answer": "413 million euros",
        "confidence": 0.9,
    }
    scripted = model(plan=one, quotes=QUOTES, answer="412 million euros", image=seen)
    ask(library, scripted, "What was the revenue of Alpha Corp in 2023?")
    assert "critic" in roles(scripted)


def test_a_document_is_read_whole_when_the_question_is_about_all_of_it(library, model):
    whole = {
        "sub_questions": [
            {"id": "q1", "question": "How many letters are there?", "whole": True,
             "documents": ["beta.pdf"]}
        ],
        "reply": "",
    }  # fmt: skip
    scripted = model(plan=whole, quotes={"letters": ("Beta Ltd, letter 1", "12")}, answer="12")
    ask(library, scripted, "How many letters are there in beta.pdf in all?", documents=["beta.pdf"])
    read = "\n".join(call.prompt for call in scripted.calls if "Role: text agent" in call.prompt)
    assert all(f"letter {number}" in read for number in range(1, 13))
    assert "Net sales came to 77 million pounds" in read


def test_a_document_that_is_too_long_is_searched_instead(library, model):
    whole = {
        "sub_questions": [{"id": "q1", "question": "How many letters?", "whole": True}],
        "reply": "",
    }
    scripted = model(plan=whole, quotes={})
    agent = create_document_agent(
        library, scripted, documents=["beta.pdf"], effort=replace(STANDARD, whole=10)
    )
    *_, last = agent.stream(
        {"question": "How many letters are there in all?"}, stream_mode="values"
    )
    assert last["answer"].status != "answered"
    read = [call.prompt for call in scripted.calls if "Role: text agent" in call.prompt]
    assert all(sum(f"letter {n}\n" in prompt for n in range(1, 13)) <= 10 for prompt in read)


def test_presets_are_numbers_and_grow():
    budgets = [effort.budget for effort in (QUICK, STANDARD, THOROUGH)]
    for name in ("rounds", "model_calls", "tokens", "seconds"):
        values = [getattr(budget, name) for budget in budgets]
        assert values == sorted(values)
    assert set(EFFORTS) == {"quick", "standard", "thorough"}
    assert effort_of(QUICK) is QUICK


def test_an_unknown_effort_is_refused_with_those_there_are(library):
    with pytest.raises(InputError, match="quick, standard, thorough"):
        create_document_agent(library, effort="lazy")


def test_a_budget_of_ones_own_overrides_the_effort(library, model, plan):
    scripted = model(plan=plan(("q1", "What was the revenue?")), quotes=QUOTES)
    answer = ask(library, scripted, "Revenue?", "thorough", budget=Budget(model_calls=1))
    assert answer.usage.model_calls == 1
    assert answer.status == "incomplete"


def test_a_thorough_search_is_worded_and_ordered_by_the_model(library, model, plan):
    one = plan(("q1", "What was the revenue of Alpha Corp?"))
    scripted = model(plan=one, quotes=QUOTES, answer="412 million euros")
    scripted.rules = [
        ("Role: searcher", {"words": "Alpha Corp revenue 2023 euros"}),
        ("Role: reranker", {"order": [2, 1]}),
        *scripted.rules,
    ]
    effort = replace(STANDARD, rewrite=True, rerank=True)
    agent = create_document_agent(library, scripted, effort=effort)
    values = list(agent.stream({"question": "Revenue of Alpha?"}, stream_mode="updates"))
    searches = [u["retrieve"]["searches"][0].search for u in values if "retrieve" in u]
    assert searches[0].query == "Alpha Corp revenue 2023 euros"
    assert {"searcher", "reranker"} <= set(roles(scripted))


@pytest.mark.parametrize("role", ["searcher", "reranker"])
def test_a_search_goes_on_without_a_step_that_fails_and_its_route_says_so(
    library, model, plan, role
):
    one = plan(("q1", "What was the revenue of Alpha Corp?"))
    scripted = model(plan=one, quotes=QUOTES, answer="412 million euros")
    extras = {"searcher": {"words": "Alpha revenue"}, "reranker": {"order": [1]}}
    extras[role] = ValueError("fell over")
    scripted.rules = [
        *((f"Role: {name}", reply) for name, reply in extras.items()), *scripted.rules
    ]  # fmt: skip
    agent = create_document_agent(
        library, scripted, effort=replace(STANDARD, rewrite=True, rerank=True)
    )
    *_, last = agent.stream({"question": "Revenue of Alpha?"}, stream_mode="values")
    assert last["answer"].text == "412 million euros"
    assert any("fell over" in told for done in last["searches"] for told in done.search.route)


def test_an_adjudicator_that_fails_leaves_the_first_draft_and_is_told(library, model, plan):
    gap = {"kind": "breadth", "sub_question": "q1", "query": "turnover", "reason": "not sure"}
    drafts = iter(["412 million euros", "Lisbon"])

    def summary(messages):
        id_ = "e" + messages[1].text.partition("\ne")[2][:8]
        claim = {"text": QUOTES["evenue"][0], "evidence": [id_]}
        return {"answerable": True, "answer": next(drafts), "claims": [claim]}

    scripted = model(
        plan=plan(("q1", "What was the revenue of Alpha Corp?")),
        quotes=QUOTES,
        critic={"ruling": "gaps", "gaps": [gap], "reason": "not sure"},
        summary=summary,
    )
    scripted.rules = [("Role: adjudicator", ValueError("no idea")), *scripted.rules]
    effort = replace(STANDARD, critic="always", samples=2, budget=Budget(rounds=1))
    answer = ask(library, scripted, "What was the revenue of Alpha Corp?", effort)
    assert answer.text == "412 million euros"
    assert any("No other draft was weighed" in note for note in answer.notes)


CHART = "What were the shipments in the third quarter?"
SHIPMENTS = {
    "pages": [],
    "findings": [
        {"view": "v1", "box": [0.3, 0.3, 0.5, 0.45], "seen": "the tall bar: about 700",
         "reading": "shipments were about 700", "confidence": 0.6}
    ],
    "answer": "about 700",
    "confidence": 0.6,
}  # fmt: skip


def looked(ruling, seen):
    return lambda _: {"claims": [{"claim": "k1", "seen": seen, "ruling": ruling, "reason": ""}]}


@pytest.mark.parametrize(
    ("look", "status", "verified"),
    [
        (looked("stands", "the bar ends at about 700"), "answered", True),
        (looked("stands", "a bar"), "answered", False),
        (looked("unclear", ""), "answered", False),
        (looked("contradicted", "the bar ends at 918"), "incomplete", None),
    ],
)
def test_what_only_a_picture_says_is_looked_at_twice(library, model, plan, look, status, verified):
    scripted = model(plan=plan(("q1", CHART), modalities=()), image=SHIPMENTS, answer="About 700.")
    scripted.rules = [("Role: second look", look), *scripted.rules]
    answer = ask(library, scripted, CHART, documents=["chart.pdf"])
    assert answer.status == status
    if verified is None:
        assert not answer.citations
        assert any("918" in note for note in answer.notes)
    else:
        assert [citation.verified for citation in answer.citations] == [verified]


COUNT = "How many of the two pictures show a bar?"
BARS = {
    "pages": [],
    "findings": [
        {"view": "v1", "box": [0.3, 0.3, 0.5, 0.45], "seen": "a tall bar", "confidence": 0.6},
        {"view": "v1", "box": [0.6, 0.6, 0.8, 0.75], "seen": "a low bar", "confidence": 0.6},
    ],
    "answer": "2",
    "confidence": 0.6,
}


@pytest.mark.parametrize(
    ("ruling", "verified"), [("stands", [True, True]), ("unclear", [False, False])]
)
def test_a_claim_on_several_pictures_is_looked_at_with_all_of_them(
    library, model, plan, ruling, verified
):
    scripted = bars(model, plan, (ruling, "v1: a bar; v2: a bar"))
    answer = ask(library, scripted, COUNT, documents=["chart.pdf"])
    looks = [call for call in scripted.calls if "Role: second look" in call.prompt]
    assert len(looks) == 1
    assert "Claim k1, its pictures: v1, v2" in looks[0].prompt
    assert [citation.verified for citation in answer.citations] == verified


def test_where_several_pictures_contradict_a_claim_it_falls_and_what_was_read_may_be_used_again(
    library, model, plan
):
    scripted = bars(
        model, plan, ("contradicted", "v1: a bar; v2: a dog"), ("stands", "v1: a bar; v2: a dog"),
        claims=("Two show a bar.", "One shows a bar."),
    )  # fmt: skip
    answer = ask(library, scripted, COUNT, documents=["chart.pdf"])
    assert [claim.text for claim in answer.claims] == ["One shows a bar."]
    assert [citation.verified for citation in answer.citations] == [True, True]
    assert roles(scripted).count("second look") == 2


def test_a_claim_on_more_pictures_than_the_effort_allows_stays_unverified(library, model, plan):
    scripted = bars(model, plan)
    answer = ask(
        library, scripted, COUNT, replace(STANDARD, second_looks=1), documents=["chart.pdf"]
    )
    assert [citation.verified for citation in answer.citations] == [False, False]
    assert "second look" not in roles(scripted)


def bars(model, plan, *looks, claims=("Two show a bar.",)):
    """A model whose claims rest on all that was seen; its second looks come one by one."""
    drafts = iter(claims)

    def summary(messages):
        ids = re.findall(r"^(e[0-9a-f]{8}) \[", messages[1].text, re.MULTILINE)
        claim = {"text": next(drafts), "evidence": ids}
        return {"answerable": True, "answer": claim["text"], "claims": [claim]}

    scripted = model(plan=plan(("q1", COUNT), modalities=()), image=BARS, summary=summary)
    told = [looked(*look)(None) for look in looks]
    scripted.rules = [("Role: second look", told), *scripted.rules]
    return scripted


def test_a_second_look_that_fails_leaves_the_claim_unverified_and_is_told(library, model, plan):
    scripted = model(plan=plan(("q1", CHART), modalities=()), image=SHIPMENTS, answer="About 700.")
    scripted.rules = [("Role: second look", ValueError("no eyes")), *scripted.rules]
    answer = ask(library, scripted, CHART, documents=["chart.pdf"])
    assert [citation.verified for citation in answer.citations] == [False]
    assert any("second look" in note for note in answer.notes)


def test_drafts_that_differ_are_judged_by_their_support(library, model, plan):
    gap = {"kind": "breadth", "sub_question": "q1", "query": "turnover", "reason": "not sure"}
    drafts = iter(["412 million euros", "Lisbon", "412 million euros"])

    def summary(messages):
        text = messages[1].text
        id_ = text.partition("\ne")[2][:8]
        claim = {"text": "Revenue of Alpha Corp in 2023 was 412 million euros.",
                 "evidence": [f"e{id_}"]}  # fmt: skip
        return {"answerable": True, "answer": next(drafts), "claims": [claim]}

    scripted = model(
        plan=plan(("q1", "What was the revenue of Alpha Corp?")),
        quotes=QUOTES,
        critic={"ruling": "gaps", "gaps": [gap], "reason": "not sure"},
        summary=summary,
    )
    scripted.rules = [("Role: adjudicator", {"support": [], "best": 2}), *scripted.rules]
    effort = replace(STANDARD, critic="always", samples=3, budget=Budget(rounds=1))
    answer = ask(library, scripted, "What was the revenue of Alpha Corp?", effort)
    assert answer.text == "Lisbon"
    assert roles(scripted).count("summarizer") == 3
    assert roles(scripted).count("adjudicator") == 1
