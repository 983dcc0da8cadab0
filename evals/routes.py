"""The route: whether the right modality is in it, how many channels it asks, what it costs.

The labels are what the data set calls the evidence, made here and kept nowhere, or what the
question itself names ("Table 3"). Layout is right with text or with pictures of pages. Counted are
the channels of text, table and figure that are asked beside the lexical index of pages, which is
always asked; pictures of pages are a channel only where there is a visual encoder, and are not
counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from pagehop.evals.cases import Case
from pagehop.evals.markdown import compared, estimated, percent, table
from pagehop.evals.metrics import recall
from pagehop.evals.resampling import Difference, Sample
from pagehop.evals.runs import Outcomes
from pagehop.tools import Corpus
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.channel import Query, Scope
from pagehop.tools.retrieval.naming.mentions import mentions
from pagehop.tools.retrieval.routing.makeup import LOOKED_AT, made_of
from pagehop.tools.retrieval.routing.router import CONTENTS, Routed, Router
from pagehop.tools.retrieval.words.questions import without_instructions

_HEAD = (
    "questions",
    "count",
    "any gold (95 %)",
    "all gold (95 %)",
    "channels",
    "by the question alone",
)
ROUTED, EVERYTHING = "default", "all"  # the configurations that differ by the route alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The routes of one labelled question."""

    case: Case
    gold: frozenset[Modality]
    alone: Routed  # by the question alone
    seen: Routed  # and by what the pages with its words are made of: the route that is used

    def found(self, routed: Routed) -> frozenset[Modality]:
        """The modalities of the gold that are in a route."""
        return frozenset(
            kind
            for kind in self.gold
            if kind in routed.modalities or (kind == "page" and "text" in routed.modalities)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The routes of all labelled questions, and what they cost."""

    ways: tuple[Way, ...]
    unlabelled: int
    recall: Mapping[str, float]  # at 5, by configuration
    loss: Difference | None  # of recall@5: routed less everything


def labels(case: Case) -> frozenset[Modality]:
    """The modalities of the evidence, as labelled, else as the question names them."""
    return case.question.modalities or frozenset(
        item.kind for item in mentions(case.question.text).items
    )


def measure(
    corpus: Corpus, router: Router, cases: Sequence[Case], outcomes: Outcomes, *, pooled: bool
) -> Routes:
    """Route every labelled case.

    Args:
        corpus: the documents.
        router: what is measured.
        cases: of the questions.
        outcomes: of searches with and without the route, where they were made.
        pooled: whether all documents are searched at once.
    """
    ways = [
        _way(corpus, router, case, gold, pooled=pooled) for case in cases if (gold := labels(case))
    ]
    both = {name: outcomes[name] for name in (ROUTED, EVERYTHING) if name in outcomes}
    samples = {
        name: Sample(
            [recall(found[case.question.id].pages, case.gold, 5) for case in cases],
            [case.group for case in cases],
        )
        for name, found in both.items()
    }
    return Routes(
        ways=tuple(ways),
        unlabelled=len(cases) - len(ways),
        recall={name: fmean(one.values) for name, one in samples.items()},
        loss=samples[ROUTED].less(samples[EVERYTHING]) if len(samples) == 2 else None,
    )


def markdown(routes: Routes) -> str:
    """The tables, with what they count."""
    ways = routes.ways
    groups = {"all": list(ways)}
    for way in ways:
        groups.setdefault(f"set: {way.case.question.set}", []).append(way)
    for kind in (*CONTENTS, "page"):
        some = [way for way in ways if kind in way.gold]
        groups |= {f"gold: {'layout' if kind == 'page' else kind}": some} if some else {}
    rows = [[name, *_row(some)] for name, some in groups.items()]
    lines = [_told(routes), table(_HEAD, rows)]
    if routes.loss is not None:
        lines.append(
            f"Recall@5 routed {percent(routes.recall[ROUTED])}, asking every channel "
            f"{percent(routes.recall[EVERYTHING])}; by document the difference is "
            f"{compared(routes.loss)} points."
        )
    return "\n\n".join(lines)


def _told(routes: Routes) -> str:
    return (
        f"The route of {len(routes.ways)} labelled questions ({routes.unlabelled} have no label). "
        "Right: at least one (any), or every (all), modality of the evidence is asked; layout "
        "counts as text or page. Channels: how many of text, table and figure are asked, on "
        "average, beside the lexical index of pages; three would be all. The route sees the "
        f"question and what the {LOOKED_AT} best pages by words are made of; the last column sees "
        "the question alone (any gold, channels)."
    )


def _way(
    corpus: Corpus, router: Router, case: Case, gold: frozenset[Modality], *, pooled: bool
) -> Way:
    text = without_instructions(case.question.text)
    scope = Scope(documents=None if pooled else case.documents)
    found = corpus.retriever.channels["lexical"].search(Query(text=text), scope, LOOKED_AT)
    made = made_of(found, corpus.catalogue)
    return Way(case=case, gold=gold, alone=router.route(text), seen=router.route(text, made=made))


def _row(ways: Sequence[Way]) -> list[str]:
    groups = [way.case.group for way in ways]
    some = Sample([float(bool(way.found(way.seen))) for way in ways], groups)
    every = Sample([float(way.found(way.seen) == way.gold) for way in ways], groups)
    alone = percent(fmean(bool(way.found(way.alone)) for way in ways))
    return [
        str(len(ways)),
        estimated(some.micro()),
        estimated(every.micro()),
        f"{fmean(_asked(way.seen) for way in ways):.2f}",
        f"{alone}, {fmean(_asked(way.alone) for way in ways):.2f}",
    ]


def _asked(routed: Routed) -> int:
    return sum(kind in routed.modalities for kind in CONTENTS)
