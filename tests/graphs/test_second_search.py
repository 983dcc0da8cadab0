"""A second search reads what is new, and remembers what it found again."""

from dataclasses import replace

from pagehop.agents.budget import Budget
from pagehop.agents.calling.calls import Calls
from pagehop.agents.extractive import extractive_team
from pagehop.agents.team import SubQuestion
from pagehop.graphs.investigate import gather
from pagehop.graphs.services import Services
from pagehop.graphs.state import Errand


def test_pages_found_again_are_kept_in_their_order_and_not_read_again(library):
    budget = Budget()
    services = Services(
        corpus=library, team=extractive_team(library), calls=Calls(budget), budget=budget
    )
    asked = "Where will the turnover of Beta Ltd be told?"
    errand = Errand(
        wave=1,
        kind="search",
        question=asked,
        sub_question=SubQuestion(id="q1", question=asked),
        query=asked,
    )
    seen = _pages(gather(errand, services))
    assert len(seen) == services.effort.hits
    update = gather(replace(errand, wave=2, without=seen), services)
    again = _pages(update)
    assert again[: len(seen)] == seen
    read = {(hit.document, hit.page) for one in update["assignments"] for hit in one.task.hits}
    assert read == set(again) - set(seen)
    assert read


def _pages(update):
    (done,) = update["searches"]
    return done.search.pages
