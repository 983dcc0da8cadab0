"""The measure of the route: labels, what counts as right, what is counted."""

from dataclasses import replace

import pytest

from pagehop.evals.cases import prepare
from pagehop.evals.question import Question
from pagehop.evals.routes import EVERYTHING, ROUTED, Way, labels, markdown, measure
from pagehop.evals.runs import Outcome
from pagehop.tools.retrieval.dense.encoder import Encoder
from pagehop.tools.retrieval.routing.router import Routed, Router

ASKED = Question(
    id="one",
    text="When was Alder Mills founded?",
    set="ours",
    documents=("alder.pdf",),
    pages=frozenset({("alder.pdf", 1)}),
    modalities=frozenset({"text"}),
)


@pytest.fixture(scope="module")
def router(tmp_path_factory):
    return Router(None, Encoder(), cache=tmp_path_factory.mktemp("cache"))


def cases(corpus, *questions):
    return prepare(questions, corpus, pooled=False).cases


def routed(*kinds):
    return Routed(modalities=dict.fromkeys(kinds, 1.0))


@pytest.mark.parametrize(
    ("gold", "route", "right"),
    [
        ({"table"}, ["table", "text"], {"table"}),
        ({"table"}, ["text", "figure", "page"], set()),
        ({"table", "figure"}, ["figure"], {"figure"}),
        ({"page"}, ["text"], {"page"}),  # layout is seen in text, or on pictures of pages
        ({"page"}, ["page", "figure"], {"page"}),
        ({"page"}, ["table"], set()),
    ],
)
def test_a_modality_is_right_when_it_is_asked(corpus, gold, route, right):
    [case] = cases(corpus, ASKED)
    way = Way(case=case, gold=frozenset(gold), alone=routed("text"), seen=routed(*route))
    assert way.found(way.seen) == right


def test_a_question_that_nobody_labelled_is_labelled_by_what_it_names(corpus):
    bare = replace(ASKED, modalities=frozenset())
    unnamed, named = cases(corpus, bare, replace(bare, id="two", text="What does Table 2 list?"))
    assert labels(unnamed) == frozenset()
    assert labels(named) == {"table"}


def test_the_tables_count_channels_and_say_what_has_no_label(corpus, router):
    asked = cases(
        corpus,
        ASKED,
        replace(ASKED, id="two", text="Which colour has the chart?", modalities={"figure"}),
        replace(ASKED, id="three", modalities=frozenset()),
    )
    routes = measure(corpus, router, asked, {}, pooled=False)
    assert (len(routes.ways), routes.unlabelled, routes.loss) == (2, 1, None)
    shown = markdown(routes)
    assert "2 labelled questions (1 have no label)" in shown
    for row in ("| all | 2 | 100.0", "| gold: text | 1 |", "| gold: figure | 1 |"):
        assert row in shown
    asked_of = sum(len({*way.seen.modalities} - {"page"}) for way in routes.ways) / 2
    assert f"| {asked_of:.2f} |" in shown


def test_what_the_route_costs_is_the_difference_in_recall(corpus, router):
    [case] = asked = cases(corpus, ASKED)
    [gold] = case.gold
    found = {
        ROUTED: {"one": Outcome(pages=(), seconds=0.1)},
        EVERYTHING: {"one": Outcome(pages=(gold,), seconds=0.1)},
    }
    routes = measure(corpus, router, asked, found, pooled=False)
    assert (routes.recall[ROUTED], routes.recall[EVERYTHING]) == (0, 1)
    assert routes.loss.mean == -1
    assert "routed 0.0, asking every channel 100.0" in markdown(routes)
