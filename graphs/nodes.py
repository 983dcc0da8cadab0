"""The nodes: a few lines each. What to do is decided in hops.py, work is done by the team.

`retrieve`, `read` and `look` are sent for: their `state` is what was sent with them.
"""

from dataclasses import replace

from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from pagehop.agents.checks.verifier import Verified
from pagehop.agents.team import Findings, Plan
from pagehop.graphs import deliberation, hops
from pagehop.graphs.conversation import earlier, reply, turn, turns
from pagehop.graphs.investigate import assign, gather
from pagehop.graphs.outcome import answer_of, case_of, without_a_model
from pagehop.graphs.services import Services, as_data, failure, within_budget
from pagehop.graphs.state import Assignment, Errand, Report, State, Update
from pagehop.tools.errors import InvalidReplyError
from pagehop.tools.evidence import Usage

FRESH: Update = {
    "plan": Plan(sub_questions=()),
    "wave": 0,
    "errands": (),
    "assignments": Overwrite(()),
    "searches": Overwrite(()),
    "reports": Overwrite(()),
    "failures": Overwrite(()),
    "dropped": Overwrite(()),
    "spent": Overwrite(False),
    "usage": Overwrite(Usage()),
    "rounds": 0,
    "progress": (),
    "verdict": None,
    "draft": None,
    "checked": None,
    "citations": (),
    "objections": (),
    "looks": (),
    "drafts": 0,
    "answer": None,
}


def begin(state: State, runtime: Runtime[Services]) -> Update:
    """Forget the last turn's work; keep its conversation and its ledger."""
    kept = earlier(state.ledger, turn(state.messages), runtime.context.corpus)
    return {**FRESH, "ledger": Overwrite(kept), "standalone": state.question}


def contextualize(state: State, runtime: Runtime[Services]) -> Update:
    """Make a follow-up a question that can be understood without the chat before it."""
    services, before = runtime.context, turns(state.messages)
    if not before:
        return {}
    return as_data(
        services,
        "understanding the follow-up",
        lambda: {
            "standalone": services.team.contextualize(state.question, before).strip()
            or state.question
        },
    )


def plan(state: State, runtime: Runtime[Services]) -> Update:
    """Take the question apart, and send for what can be looked up now."""

    def work() -> Update:
        dropped: tuple[str, ...] = ()
        try:
            made = runtime.context.team.plan(state.standalone, runtime.context.names())
        except InvalidReplyError as error:  # the question itself is a plan
            made, dropped = Plan(sub_questions=()), (failure("the planner", error),)
        whole = hops.sound(made, state.standalone)
        if len(made.sub_questions) > len(whole.sub_questions):
            cut = len(made.sub_questions) - len(whole.sub_questions)
            dropped = (f"{cut} sub-questions of the plan were dropped.",)
        errands = hops.first_errands(state, whole, wave=1)
        return {"plan": whole, "errands": errands, "wave": 1, "failures": dropped}

    return within_budget(runtime.context, work)


def retrieve(state: Errand, runtime: Runtime[Services]) -> Update:
    """Find the pages for one sub-question and hand them out."""
    who = f"the search for {state.sub_question.id}"
    nothing = {"assignments": assign(state, ())}  # its agents have their say even if this fails
    return nothing | as_data(runtime.context, who, lambda: gather(state, runtime.context))


def read(state: Assignment, runtime: Runtime[Services]) -> Update:
    """Let the text agent read its hits."""
    return _report(state, runtime.context, "the text agent")


def look(state: Assignment, runtime: Runtime[Services]) -> Update:
    """Let the image agent look at its pages."""
    return _report(state, runtime.context, "the image agent")


def _report(assignment: Assignment, services: Services, who: str) -> Update:
    def work() -> Update:
        agent = services.team.read if assignment.role == "read" else services.team.look
        found: Findings = agent(assignment.task)
        return {
            "ledger": found.evidence,
            "reports": (Report.of(assignment, found),),
            "failures": found.failures,
            "dropped": found.remarks,
        }

    return as_data(services, f"{who} on {assignment.task.sub_question.id}", work)


def settle(state: State, runtime: Runtime[Services]) -> Update:
    """Give the sub-questions of this wave their answers, and send for those that waited."""
    services, plan = runtime.context, hops.settle(state.plan, state.errands, state.reports)
    spent = state.spent or not services.calls.remaining()
    errands = () if spent else hops.first_errands(state, plan, wave=state.wave + 1)
    return {
        "plan": plan,
        "verdict": state.verdict or deliberation.settled(replace(state, plan=plan), services),
        "errands": errands,
        "wave": state.wave + bool(errands),
        "assignments": Overwrite(()),
        "spent": spent,
    }


def critique(state: State, runtime: Runtime[Services]) -> Update:
    """Let the critic say what is missing, and send for it while that gets us further."""
    services = runtime.context

    def work() -> Update:
        verdict = services.team.critique(case_of(state, services))
        now, rounds = hops.known(state), state.rounds + 1
        stuck = state.rounds > 0 and now == state.progress
        last = rounds >= services.budget.rounds
        open_ = verdict.gaps if verdict.ruling == "gaps" and not stuck and not last else ()
        planned, failed = deliberation.replanned(state, open_, services)
        asked = hops.first_errands(state, planned, wave=state.wave + 1)
        rest = [gap for gap in open_ if gap.kind != "plan"]
        widened = hops.widen(planned, rest)
        errands = (*asked, *hops.gap_errands(state, widened, rest, wave=state.wave + 1))
        return {
            "verdict": verdict,
            "rounds": rounds,
            "progress": now,
            "plan": widened,
            "errands": errands,
            "wave": state.wave + bool(errands),
            "spent": verdict.ruling == "gaps" and last and not stuck,
            "dropped": (failed,) if failed else (),
        }

    return {"errands": (), **as_data(services, "the critic", work)}


def summarize(state: State, runtime: Runtime[Services]) -> Update:
    """Write the answer from the ledger; with no budget left, from its own words alone."""
    services = runtime.context
    case = case_of(state, services)
    update = within_budget(
        services, lambda: {"draft": deliberation.draft_of(case, state, services)}
    )
    if "draft" not in update and state.draft is None:
        update["draft"] = without_a_model(replace(case, complete=False), services)
    return {**update, "drafts": state.drafts + 1}


def verify(state: State, runtime: Runtime[Services]) -> Update:
    """Hold every claim against the page it cites, and look twice at what only a picture says."""
    services = runtime.context

    def work() -> Update:
        found, looks = deliberation.checked(state, services)
        return {**_standing(found), "looks": (*state.looks, *looks)}

    update = as_data(services, "the second look", work)
    if "checked" not in update:  # what was checked without it stands
        update |= _standing(deliberation.checked_once(state, services))
    return update


def _standing(found: Verified) -> Update:
    return {
        "checked": found.draft,
        "citations": found.citations,
        "objections": found.objections,
    }


def finish(state: State, runtime: Runtime[Services]) -> Update:
    """Make the answer that leaves, once, for every way out."""
    answer = answer_of(state, runtime.context)
    return {"answer": answer, "messages": [reply(answer)], "usage": answer.usage}
