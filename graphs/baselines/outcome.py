"""The answer that leaves a baseline: its pages as citations, and a status that claims no more."""

from dataclasses import replace

from langgraph.runtime import Runtime

from pagehop.agents.team import Draft
from pagehop.graphs.baselines.state import BaselineState
from pagehop.graphs.conversation import reply
from pagehop.graphs.services import Services
from pagehop.graphs.state import Update
from pagehop.tools.evidence import Answer, Citation, Claim, Status

BEST = ("summarizing", "answer", "inspector", "image", "text", "general")  # whom to believe first
NOTHING = Draft(text="Nothing about this was found in the documents.", answerable=False)
NO_TIME = Draft(
    text="The budget ran out before there was an answer.",
    answerable=False,
)


def finish(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Make the answer that leaves, once, for every way out."""
    services = runtime.context
    draft = state.draft or _best(state)
    known = {found.id: found for found in state.ledger}
    cited = [id_ for claim in draft.claims for id_ in claim.citations if id_ in known]
    names = {id_: f"c{number}" for number, id_ in enumerate(dict.fromkeys(cited), 1)}
    answer = Answer(
        question=state.question,
        text=draft.text,
        status=_status(state, draft),
        claims=tuple(
            Claim(text=claim.text, citations=tuple(names[id_] for id_ in claim.citations))
            for claim in draft.claims
        ),
        citations=tuple(
            Citation.of(name, known[id_], verified=False, corpus=str(services.corpus.path))
            for id_, name in names.items()
        ),
        usage=replace(services.calls.usage, rounds=state.rounds),
        model=services.team.name,
        notes=tuple(dict.fromkeys((*draft.notes, *state.remarks, *state.failures))),
    )
    return {"answer": answer, "messages": [reply(answer)], "usage": answer.usage}


def _status(state: BaselineState, draft: Draft) -> Status:
    """Not answerable only where all was shown that was to be shown, and nothing failed."""
    if state.spent or (draft.answerable and not draft.claims):
        return "incomplete"
    if draft.answerable:
        return "answered"
    return "incomplete" if state.failures or state.partial else "unanswerable"


def _best(state: BaselineState) -> Draft:
    """What was said so far by the agent that knew most, where none came to the end."""
    told = (state.said[agent] for agent in BEST if agent in state.said)
    return next((draft for draft in told if draft.claims), NO_TIME if state.spent else NOTHING)
