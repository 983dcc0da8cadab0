"""What every retrieval channel must do. To test yours:

class TestMine(ChannelContract):
    @pytest.fixture
    def channel(self, catalogue, tmp_path):
        return MyChannel(catalogue)

A channel that does not go by the words of a page sets `reads_words = False`: the tests that ask
for the page of a certain word are left out then, all others hold. One whose pages need more than
text overrides the fixture `catalogue`; the documents and their numbers of pages stay as here.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Document, Passage, Stage
from pagehop.tools.retrieval.channel import Channel, Match, Query, Scope

REPORT, DECK, PAPER = "a" * 32, "b" * 32, "c" * 32
TEXTS = {
    REPORT: (
        "The annual report opens with a letter to shareholders.",
        "Total revenue in 2023 was 1,214 million dollars, up 21.4% on the year before.",
        "The revenue of the cloud segment grew most, the revenue of devices least.",
        "Employees by region: Europe 1,200, Asia 3,400.",
    ),
    DECK: (
        "Solar power and wind power for cities.",
        "Wind turbines turn at low speed. Revenue from wind parks is shared.",
        "Thank you. Questions?",
    ),
    PAPER: (
        "We study multi-hop question answering over documents.",
        "The retriever finds pages by words and by meaning, as revenue tables show.",
    ),
}
QUERIES = ("total revenue 2023", "wind turbines", "multi-hop questions", "employees in Asia")
EVERYWHERE = Scope()
SCOPES = (
    EVERYWHERE,
    Scope(documents=frozenset({REPORT})),
    Scope(documents=frozenset({DECK, PAPER}), without=frozenset({(DECK, 2)})),
)
ODD = (
    "",
    "   ",
    "the of and",
    "?!",
    "\u6771\u4eac\u306e\u58f2\u4e0a\u9ad8",
    "\u0627\u0644\u0625\u064a\u0631\u0627\u062f\u0627\u062a 2023",
    "re\u0301sume\u0301 \U0001f600 \ufdfa \u200b\u202e",
    "nul \0 and \x1b[2J",
    "a" * 5_000,
    "%' OR 1=1 --",
    "(.*)+$ [ \\",
)


def write(catalogue: Catalogue, document: str, number: int, *texts: str) -> None:
    """Give a page these passages, and their text."""
    page = catalogue.page(document, number)
    passages = [
        Passage(
            id=f"{document}:{number}:p{order}",
            document_id=document,
            page=number,
            kind="text",
            text=text,
            boxes=((0.1, 0.1 + order / 20, 0.9, 0.14 + order / 20),),
        )
        for order, text in enumerate(texts)
    ]
    read = {
        name: getattr(page, name) for name in ("document_id", "number", "label", "width", "height")
    }
    catalogue.put_page(
        type(page)(**read, stage=Stage.TEXT, text="\n".join(texts)), (), (), passages
    )


def enter(catalogue: Catalogue, document: str, name: str, *pages: str) -> None:
    """Add a document whose pages have one passage each."""
    catalogue.register(
        Document(
            id=document,
            names=(name,),
            kind="pdf",
            page_count=len(pages),
            title="",
            bytes=1,
            outcome="indexed",
        ),
        f"{document}.pdf",
    )
    for number, text in enumerate(pages, start=1):
        write(catalogue, document, number, text)


def fill(path: Path) -> Catalogue:
    """A catalogue of three short documents."""
    catalogue = Catalogue(path)
    for document, name in ((REPORT, "ACME_2023_10K.pdf"), (DECK, "wind.pdf"), (PAPER, "hop.pdf")):
        enter(catalogue, document, name, *TEXTS[document])
    return catalogue


class ChannelContract:
    """The laws of `pagehop.tools.retrieval.channel.Channel`."""

    reads_words = True  # whether a page is found by what its passages say

    @pytest.fixture
    def catalogue(self, tmp_path):
        catalogue = fill(tmp_path / "catalogue.sqlite3")
        yield catalogue
        catalogue.close()

    @pytest.fixture
    def ready(self, channel):
        channel.update()
        yield channel
        channel.close()

    @pytest.fixture
    def wordly(self, ready):
        if not self.reads_words:
            pytest.skip("this channel does not go by the words of a page")
        return ready

    def test_it_is_a_channel(self, channel):
        assert isinstance(channel, Channel)
        assert channel.name
        assert channel.weight > 0
        assert channel.modality in ("text", "table", "figure", "page")

    @pytest.mark.parametrize("query", QUERIES[:2])
    @pytest.mark.parametrize("scope", SCOPES)
    def test_a_search_for_more_begins_with_the_same(self, ready, query, scope):
        found = [(k, searched(ready, query, scope, k)) for k in (0, 1, 2, 5, 12)]
        for (k, fewer), (_, more) in pairwise(found):
            assert len(fewer) <= k
            assert more[:k] == fewer

    @pytest.mark.parametrize("query", QUERIES[1:3])
    def test_the_best_come_first_and_a_page_comes_once(self, ready, query):
        found = searched(ready, query)
        assert [match.score for match in found] == sorted(
            (match.score for match in found), reverse=True
        )
        assert len({place_of(match) for match in found}) == len(found)

    def test_of_equal_pages_the_earlier_comes_first(self, ready, catalogue):
        for document, number in ((PAPER, 1), (DECK, 3), (REPORT, 4), (DECK, 1), (REPORT, 2)):
            write(catalogue, document, number, "Total revenue of wind turbines in 2023.")
        ready.update()
        for query in QUERIES[:2]:
            found = searched(ready, query)
            assert found == sorted(found, key=lambda match: (-match.score, *place_of(match)))

    def test_the_same_search_finds_the_same_also_from_many_threads(self, ready):
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda query: searched(ready, query), QUERIES * 3))
        assert found == [searched(ready, query) for query in QUERIES] * 3

    def test_a_match_is_a_page_of_the_catalogue(self, ready, catalogue):
        for match in searched(ready, QUERIES[0]):
            assert catalogue.page(match.document_id, match.page)
            if match.passage_id is not None:
                passage = catalogue.passage(match.passage_id)
                assert (passage.document_id, passage.page) == place_of(match)
            if match.region_id is not None:
                regions = catalogue.regions(match.document_id, match.page)
                assert match.region_id in {region.id for region in regions}

    @pytest.mark.parametrize("query", QUERIES[:2])
    def test_only_the_documents_of_the_scope_are_searched(self, ready, query):
        scope = Scope(documents=frozenset({REPORT, PAPER}))
        assert {one.document_id for one in searched(ready, query, scope)} <= {REPORT, PAPER}

    @pytest.mark.parametrize("documents", [frozenset(), frozenset({"f" * 32})])
    def test_no_known_document_in_the_scope_gives_no_match(self, ready, documents):
        assert searched(ready, QUERIES[0], Scope(documents=documents)) == []

    def test_pages_left_out_are_not_found_and_the_others_keep_their_order(self, ready):
        everything = searched(ready, "revenue")
        first = everything[0]
        scope = Scope(without=frozenset({place_of(first)}))
        assert searched(ready, "revenue", scope) == everything[1:]
        scope = Scope(without=frozenset(map(place_of, everything)))
        assert searched(ready, "revenue", scope) == []

    @pytest.mark.parametrize("k", [0, -1, -(10**9)])
    def test_fewer_than_one_page_is_none(self, ready, k):
        assert searched(ready, QUERIES[0], k=k) == []

    def test_more_pages_than_there_are_is_all_that_fit(self, ready):
        assert searched(ready, QUERIES[0], k=10**12) == searched(ready, QUERIES[0])

    def test_a_second_update_changes_nothing(self, ready):
        before = searched(ready, QUERIES[0])
        assert ready.update() == 0
        assert searched(ready, QUERIES[0]) == before

    def test_a_removed_document_is_not_found(self, ready, catalogue):
        assert any(one.document_id == DECK for one in searched(ready, QUERIES[1]))
        catalogue.erase(DECK)
        for _ in range(2):
            assert all(one.document_id != DECK for one in searched(ready, QUERIES[1]))
            ready.update()

    def test_a_corpus_that_is_empty_or_emptied_gives_no_match(self, channel, catalogue):
        for _ in range(2):  # before the first update, and after one of a full corpus
            for document in TEXTS:
                catalogue.erase(document)
            assert searched(channel, QUERIES[0]) == []
            assert channel.update() >= 0
            assert searched(channel, QUERIES[0]) == []
            for document, pages in TEXTS.items():
                enter(catalogue, document, f"{document[0]}.pdf", *pages)
            channel.update()
        channel.close()

    def test_a_changed_page_is_found_by_what_it_says_now(self, wordly, catalogue):
        write(catalogue, DECK, 3, "Zebras and quaggas graze on the savanna.")
        wordly.update()
        assert place_of(searched(wordly, "zebras on the savanna", k=1)[0]) == (DECK, 3)

    def test_a_document_added_later_is_found_and_the_others_still_are(self, wordly, catalogue):
        enter(catalogue, "d" * 32, "zoo.pdf", "Opening hours.", "Zebras graze on the savanna.")
        wordly.update()
        assert place_of(searched(wordly, "zebras on the savanna", k=1)[0]) == ("d" * 32, 2)
        assert place_of(searched(wordly, "wind turbines", k=1)[0]) == (DECK, 2)

    def test_a_document_without_a_word_costs_no_other(self, wordly, catalogue):
        enter(catalogue, "d" * 32, "blank.pdf", "")
        wordly.update()
        assert wordly.update() == 0
        assert place_of(searched(wordly, "wind turbines", k=1)[0]) == (DECK, 2)

    def test_it_finds_the_same_after_it_was_closed(self, ready):
        """Closing lets go of files; the next search takes them up again."""
        before = [searched(ready, query) for query in QUERIES]
        ready.close()
        assert [searched(ready, query) for query in QUERIES] == before
        ready.close()
        ready.close()

    @pytest.mark.parametrize("text", ODD)
    def test_odd_queries_are_no_failure(self, ready, text):
        found = searched(ready, text, k=5)
        assert found == searched(ready, text)[:5]

    def test_ten_thousand_words_are_no_failure(self, ready):
        text = " ".join(f"{QUERIES[number % 4]} {number}" for number in range(3_500))
        assert searched(ready, text, k=5) == searched(ready, text)[:5]

    def test_a_picture_alone_is_no_failure(self, ready):
        query = Query(text="", image=Image.new("RGB", (40, 30), "white"))
        assert len(ready.search(query, Scope(), 5)) <= 5

    def test_what_it_complains_about_is_told_in_sentences(self, ready):
        assert all(isinstance(said, str) and said.strip() for said in ready.problems())


def searched(channel: Channel, text: str, scope: Scope = EVERYWHERE, k: int = 20) -> list[Match]:
    """What the channel finds for words."""
    return list(channel.search(Query(text=text), scope, k))


def place_of(match: Match) -> tuple[str, int]:
    """Document id and page."""
    return match.document_id, match.page
