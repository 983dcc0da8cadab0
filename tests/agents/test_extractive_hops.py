"""Names on found pages lead to the pages that a question needs beside them."""

from dataclasses import replace

import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagehop.agents.extractive import extractive_team
from pagehop.agents.extractive.bridges import Leaf, bridges, covered, near, spans
from pagehop.agents.extractive.chains import ranking
from pagehop.agents.extractive.language import content, stems
from pagehop.agents.team import Search
from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.corpus.records import Stage
from tests.agents.team_contract import investigated

QUESTION = "What is the name of the waterfall in the country of the Lumo River?"
LUMO = ("atlas.pdf", 1)
RIVER = Leaf(LUMO, ("Lumo River", "The Lumo River rises in Vandoria and ends in the Amber Sea."))
BREAD = Leaf(("atlas.pdf", 2), ("Salted bread is baked in Vandoria, plain bread in Ostmark.",))

words = st.sampled_from(
    [*QUESTION.rstrip("?").split(), "Vandoria", "Ostmark", "Amber", "Sea", "bread", "salt"]
)
lines = st.lists(words, min_size=1, max_size=8).map(" ".join)
leaves_found = st.lists(st.lists(lines, min_size=1, max_size=3), min_size=1, max_size=6).map(
    lambda found: [Leaf(("a.pdf", n), tuple(said)) for n, said in enumerate(found, 1)]
)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("The Battle of Mine Creek was fought in Kansas.", ["Battle of Mine Creek", "Kansas"]),
        ("Vandoria's king, Otto Rell, sold it.", ["Vandoria", "Otto Rell"]),
        ("The ship (Amber Star) sank.", ["Amber Star"]),
        ("it was sold and nobody knew.", []),
        ("Rell and 40 others went from Oslo to the Amber Sea.", ["Rell", "Oslo", "Amber Sea"]),
    ],
)
def test_a_name_is_a_run_of_capitals_with_the_small_words_inside(line, names):
    assert list(spans(line)) == names


def test_the_next_search_is_a_new_name_with_what_its_page_lacks():
    (first, *_) = bridges(QUESTION, [RIVER], (), 3)
    assert first.place == LUMO
    assert first.query == "Vandoria waterfall country"
    assert "name" not in stems(first.query), "a word of asking is not searched for"


def test_a_name_on_several_pages_goes_before_one_on_a_single_page():
    found = bridges(QUESTION, [RIVER, BREAD], (), 9)
    assert [bridge.name for bridge in found] == ["Vandoria", "Amber Sea", "Salted", "Ostmark"]


def test_there_is_no_second_hop_where_one_page_has_it_all():
    whole = Leaf(LUMO, ("The waterfall of the country is on the Lumo River in Vandoria.",))
    assert bridges(QUESTION, [whole, BREAD], (), 9) == ()


@settings(max_examples=50)
@given(leaves_found, st.integers(0, 5))
def test_fewer_next_searches_are_the_first_of_more(leaves, most):
    assert bridges(QUESTION, leaves, (), most) == bridges(QUESTION, leaves, (), most + 1)[:most]


@settings(max_examples=50)
@given(leaves_found)
def test_a_next_search_names_what_stands_on_its_page_and_what_does_not(leaves):
    by_place = {leaf.place: leaf for leaf in leaves}
    tried: list[str] = []
    for bridge in bridges(QUESTION, leaves, (), 99):
        page = by_place[bridge.place].stems
        name, lacking = bridge.name, bridge.query.removeprefix(bridge.name)
        assert set(stems(name)) <= page
        assert not set(stems(name)) <= set(stems(QUESTION))
        assert not set(stems(lacking)) & page
        tried.append(bridge.query)
    assert len(set(tried)) == len(tried)
    assert bridges(QUESTION, leaves, tried, 99) == ()


@settings(max_examples=50)
@given(st.integers(0, 1000))
def test_a_page_counts_the_less_the_further_down_it_stands(rank):
    assert 0 < near(rank + 1) < near(rank) <= 1 == near(0)


def search(query, *numbers, sub="q1"):
    return Search(
        sub_question=sub, query=query, route=(), pages=tuple(("a.pdf", n) for n in numbers)
    )


TEXTS = {
    1: "The Lumo River rises in Vandoria",
    2: "A waterfall is found in every country of the north",
    3: "Argent Falls is the only waterfall of Vandoria",
    4: "Vandoria exports salt",
}


def text_of(place):
    return frozenset(stems(TEXTS.get(place[1], "")))


def order(*searches):
    return [number for _, number in ranking(QUESTION, searches, text_of)]


def test_two_pages_that_answer_together_stand_first():
    first = search(QUESTION, 1, 2, 5, 6)
    assert order(first) == [1, 2, 5, 6]
    assert order(first, search("Vandoria waterfall country", 3, 4, 2))[:2] == [1, 3]


def test_a_page_found_again_by_the_name_rises():
    first = search(QUESTION, 1, 2, 5, 6, 7, 3)
    assert order(first, search("Vandoria waterfall country", 3, 4, 2))[:2] == [1, 3]


def test_the_best_page_of_every_sub_question_stays_ahead():
    searches = (
        search("the Lumo River", 1, 4),
        search("waterfall in a country", 2, 6, sub="q2"),
        search("Vandoria waterfall", 3, 4),
    )
    assert order(*searches)[:3] == [1, 2, 3]


def test_a_closer_look_at_a_page_does_not_lift_it():
    searches = (search(QUESTION, 1, 2), search("Vandoria waterfall country", 3, 4))
    again = search("Vandoria waterfall country", 4)
    assert order(*searches, again) == order(*searches)


queries = st.sampled_from([QUESTION, "Vandoria waterfall", "salt", "Amber country", ""])
made = st.lists(
    st.builds(
        lambda sub, query, numbers: search(query, *numbers, sub=sub),
        st.sampled_from(["q1", "q2"]),
        queries,
        st.lists(st.integers(1, 8), max_size=6, unique=True),
    ),
    max_size=5,
)


@settings(max_examples=50)
@given(made)
def test_the_ranking_holds_every_page_found_exactly_once(searches):
    ranked = ranking(QUESTION, searches, text_of)
    seen = {(s.sub_question, s.query): s for s in reversed(searches)}.values()
    assert len(set(ranked)) == len(ranked)
    assert set(ranked) == {place for s in seen for place in s.pages}


@settings(max_examples=50)
@given(st.lists(words, max_size=10))
def test_what_is_covered_grows_with_the_page(said):
    terms = content(QUESTION)
    shares = [covered(terms, stems(" ".join(said[:n]))) for n in range(len(said) + 1)]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    assert covered(terms, stems(QUESTION)) == 1


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    """A page on a river, one on a waterfall of its country, and many on other waterfalls."""
    folder = tmp_path_factory.mktemp("atlas")
    pdf = pymupdf.open()
    told = [
        "The Lumo River rises in Vandoria and ends in the Amber Sea.",
        *(
            f"Here is the name of a waterfall in a country: {name} Falls, of the Lumo kind."
            for name in ("Ister", "Ostra", "Quell", "Brine", "Cormo", "Delta", "Eider", "Fenn")
        ),
        "Of all that Vandoria has, Argent Falls is the highest waterfall.",
    ]
    for text in told:
        page = pdf.new_page(width=500, height=300)
        page.insert_textbox((50, 50, 450, 250), text, fontsize=11)
    pdf.save(folder / "atlas.pdf")
    with Corpus(folder / "corpus") as corpus:
        corpus.add(folder / "atlas.pdf", until=Stage.TEXT, workers=1)
        yield corpus


@pytest.fixture
def first_round(atlas):
    """The case after the first search, which does not reach the waterfall's page."""
    case = investigated(extractive_team(atlas), atlas, QUESTION)
    (only,) = case.searches
    return replace(case, searches=(replace(only, pages=only.pages[:3]),))


def test_the_critic_follows_the_names_on_the_pages_that_were_found(atlas, first_round):
    verdict = extractive_team(atlas).critique(first_round)
    assert verdict.ruling == "gaps"
    followed = [gap for gap in verdict.gaps if gap.query.startswith("Vandoria")]
    assert followed
    assert followed[0].reason == "q1: atlas.pdf page 1 names Vandoria"


def test_a_page_of_the_best_chain_that_gave_no_line_is_looked_at_again_once(atlas, first_round):
    team = extractive_team(atlas)
    query = "Vandoria waterfall country"
    hop = Search(sub_question="q1", query=query, route=(), pages=(("atlas.pdf", 10),))
    case = replace(
        first_round,
        searches=(*first_round.searches, hop),
        ledger=tuple(found for found in first_round.ledger if found.page != 10),
    )
    looks = [gap for gap in team.critique(case).gaps if gap.kind == "depth"]
    assert ("atlas.pdf", 10, query) in [(gap.document, gap.page, gap.query) for gap in looks]
    taken = tuple(
        Search(sub_question="q1", query=gap.query, route=(), pages=((gap.document, gap.page),))
        for gap in looks
    )
    assert team.critique(replace(case, searches=(*case.searches, *taken))).gaps == ()


def test_where_nothing_matches_no_name_is_followed(atlas, first_round):
    verdict = extractive_team(atlas).critique(replace(first_round, ledger=()))
    assert not any("names" in gap.reason for gap in verdict.gaps)
