"""Copies of a page count once, and only copies do."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.retrieval.duplicates import WINDOW, collapsed
from pagehop.tools.retrieval.fusion import ranked

BODY = "The Company leases stores offices and warehouses under agreements " * 8 + "rent was 118"
HEAD = "Acme Annual Report to its shareholders"


@dataclass
class Pages:
    texts_of: dict[tuple[str, int], str]

    def texts(self, places):
        return {place: self.texts_of[place] for place in places if place in self.texts_of}


def collapse(texts):
    places = sorted(texts)
    scores = {place: 1.0 - number / 100 for number, place in enumerate(places)}
    return collapsed(scores, Pages(texts))


def test_the_best_copy_stands_for_the_others_and_they_are_named():
    found = collapse({("a", 1): f"{HEAD} {BODY} 7", ("b", 9): f"{HEAD} {BODY} 21", ("c", 1): "x"})
    assert list(found.scores) == [("a", 1), ("c", 1)]
    assert found.copies == {("a", 1): [("b", 9)]}


def test_a_page_with_another_number_in_it_is_no_copy():
    other = BODY.replace("118", "119") + " in the year that ended in May of this year"
    same = BODY + " in the year that ended in May of this year"
    assert collapse({("a", 1): same, ("b", 1): other}).copies == {}


def test_short_pages_are_copies_only_word_for_word_and_pages_without_words_never():
    assert collapse({("a", 1): "Notes 1", ("b", 1): "Notes 2"}).copies == {}
    assert collapse({("a", 1): "Notes", ("b", 1): "notes"}).copies == {("a", 1): [("b", 1)]}
    assert collapse({("a", 1): "", ("b", 1): ""}).copies == {}


places = st.tuples(st.sampled_from("ab"), st.integers(1, 40))
shelves = st.dictionaries(places, st.sampled_from(["", "one", "two", "three"]), max_size=70)


@given(shelves)
def test_every_text_stays_once_in_the_order_it_had(texts):
    found = collapse(texts)
    assert ranked(found.scores) == [place for place in sorted(texts) if place in found.scores]
    best = {texts[place] for place in sorted(texts)[:WINDOW]}
    assert best <= {texts[place] for place in found.scores}
    assert all(texts[one] == texts[kept] for kept, some in found.copies.items() for one in some)
    assert len(found.scores) + sum(map(len, found.copies.values())) == len(texts)
