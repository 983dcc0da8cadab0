"""What every team must do, whoever is in it. To test yours:

class TestMine(TeamContract):
    @pytest.fixture
    def team(self, corpus):
        return my_team(corpus)

with a fixture `corpus` of one document or more, and a fixture `asked` that gives a question
which a page of it answers, with a word that the answer's evidence must hold.
"""

from dataclasses import replace

from pagehop.agents.checks.verifier import verify
from pagehop.agents.team import Case, Plan, Search, Task, Turn
from pagehop.tools.evidence import join_evidence


def investigated(team, corpus, question):
    """The case after one search a sub-question, as the graph makes it."""
    names = [document.name for document in corpus.documents()]
    plan = team.plan(question, names)
    ledger, searches, settled = (), [], []
    for planned in plan.sub_questions:
        asked = planned.question
        for known in settled:
            asked = asked.replace("{" + known.id + "}", known.answer or known.question)
        sub = replace(planned, question=asked)
        hits = tuple(corpus.search(sub.question, 5, documents=list(sub.documents) or None))
        task = Task(question=question, sub_question=sub, hits=hits, ledger=ledger)
        told = [team.read(task), team.look(task)]
        ledger = join_evidence(ledger, [e for findings in told for e in findings.evidence])
        answer = max(told, key=lambda findings: (bool(findings.answer), findings.confidence)).answer
        settled.append(replace(sub, answer=answer, settled=True))
        pages = tuple((hit.document, hit.page) for hit in hits)
        searches.append(Search(sub_question=sub.id, query=sub.question, route=(), pages=pages))
    return Case(
        question=question,
        plan=Plan(sub_questions=tuple(settled)),
        ledger=ledger,
        searches=tuple(searches),
    )


class TeamContract:
    """Claims about any team."""

    def test_it_has_a_name(self, team):
        assert team.name

    def test_a_question_without_a_chat_before_it_stays(self, team, asked):
        assert team.contextualize(asked[0], []) == asked[0]

    def test_a_follow_up_comes_back_as_a_question(self, team, asked):
        assert team.contextualize("And then?", [Turn(question=asked[0], answer="")]).strip()

    def test_sub_questions_have_ids_of_their_own_and_depend_on_earlier_ones(self, team, asked):
        subs = team.plan(asked[0], ["a.pdf"]).sub_questions
        ids = [sub.id for sub in subs]
        assert ids
        assert len(set(ids)) == len(ids)
        for place, sub in enumerate(subs):
            assert set(sub.depends_on) <= set(ids[:place])

    def test_evidence_serves_the_sub_question_and_comes_from_the_pages_it_was_given(
        self, team, corpus, asked
    ):
        case = investigated(team, corpus, asked[0])
        pages = {page for search in case.searches for page in search.pages}
        assert case.ledger
        for found in case.ledger:
            assert found.sub_question in {sub.id for sub in case.plan.sub_questions}
            assert (found.document, found.page) in pages
            assert 0 <= found.confidence <= 1
            assert found.quote.strip()
        assert any(asked[1].lower() in found.quote.lower() for found in case.ledger)

    def test_nothing_is_found_on_no_pages(self, team, asked):
        (sub, *_) = team.plan(asked[0], []).sub_questions
        for agent in (team.read, team.look):
            findings = agent(Task(question=asked[0], sub_question=sub, hits=()))
            assert findings.evidence == ()
            assert findings.answer == ""

    def test_a_search_that_was_made_is_not_asked_for_again(self, team, corpus, asked):
        case = investigated(team, corpus, asked[0])
        verdict = team.critique(case)
        made = {search.query for search in case.searches}
        assert not made & {gap.query for gap in verdict.gaps}
        assert bool(verdict.gaps) == (verdict.ruling == "gaps")

    def test_claims_cite_the_ledger_and_stand(self, team, corpus, asked):
        case = investigated(team, corpus, asked[0])
        draft = team.summarize(case)
        assert draft.claims
        known = {found.id for found in case.ledger}
        assert all(claim.citations and known.issuperset(claim.citations) for claim in draft.claims)
        verified = verify(draft, case.ledger, corpus)
        assert verified.objections == ()
        assert all(citation.verified for citation in verified.citations)

    def test_without_evidence_it_says_so(self, team, asked):
        case = Case(question=asked[0], plan=team.plan(asked[0], []), ledger=())
        draft = team.summarize(case)
        assert not draft.answerable
        assert draft.text.strip()
        assert draft.claims == ()
