"""What every retrieval channel must do. To test yours:

class TestMine(ChannelContract):
    @pytest.fixture
    def channel(self, catalogue, tmp_path):
        return MyChannel(catalogue)
"""

from itertools import pairwise
from pathlib import Path

import pytest

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Document, Passage, Stage
from pagehop.tools.retrieval.channel import Channel, Query, Scope

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


def fill(path: Path) -> Catalogue:
    """A catalogue of three short documents."""
    catalogue = Catalogue(path)
    for document, name in ((REPORT, "ACME_2023_10K.pdf"), (DECK, "wind.pdf"), (PAPER, "hop.pdf")):
        catalogue.register(
            Document(
                id=document,
                names=(name,),
                kind="pdf",
                page_count=len(TEXTS[document]),
                title="",
                bytes=1,
                outcome="indexed",
            ),
            f"{document}.pdf",
        )
        for number, text in enumerate(TEXTS[document], start=1):
            write(catalogue, document, number, text)
    return catalogue


class ChannelContract:
    """The laws of `pagehop.tools.retrieval.channel.Channel`."""

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

    def test_it_is_a_channel(self, channel):
        assert isinstance(channel, Channel)
        assert channel.name
        assert channel.weight > 0

    @pytest.mark.parametrize("query", QUERIES[:2])
    def test_a_search_for_more_begins_with_the_same(self, ready, query):
        found = [(k, list(ready.search(Query(text=query), Scope(), k))) for k in (0, 1, 2, 5, 12)]
        for (k, fewer), (_, more) in pairwise(found):
            assert len(fewer) <= k
            assert more[:k] == fewer

    @pytest.mark.parametrize("query", QUERIES[1:3])
    def test_the_best_come_first_and_a_page_comes_once(self, ready, query):
        found = ready.search(Query(text=query), Scope(), 20)
        assert [match.score for match in found] == sorted(
            (match.score for match in found), reverse=True
        )
        assert len({(match.document_id, match.page) for match in found}) == len(found)

    def test_a_match_is_a_page_of_the_catalogue(self, ready, catalogue):
        for match in ready.search(Query(text=QUERIES[0]), Scope(), 20):
            assert catalogue.page(match.document_id, match.page)
            if match.passage_id is not None:
                passage = catalogue.passage(match.passage_id)
                assert (passage.document_id, passage.page) == (match.document_id, match.page)

    @pytest.mark.parametrize("query", QUERIES[:2])
    def test_only_the_documents_of_the_scope_are_searched(self, ready, query):
        scope = Scope(documents=frozenset({REPORT, PAPER}))
        assert {one.document_id for one in ready.search(Query(text=query), scope, 20)} <= {
            REPORT,
            PAPER,
        }

    def test_no_document_in_the_scope_gives_no_match(self, ready):
        assert not ready.search(Query(text=QUERIES[0]), Scope(documents=frozenset()), 20)

    def test_pages_left_out_are_not_found_and_the_others_keep_their_order(self, ready):
        query = Query(text="revenue")
        everything = ready.search(query, Scope(), 20)
        first = everything[0]
        scope = Scope(without=frozenset({(first.document_id, first.page)}))
        assert list(ready.search(query, scope, 20)) == list(everything[1:])

    def test_a_second_update_changes_nothing(self, ready):
        before = ready.search(Query(text=QUERIES[0]), Scope(), 20)
        assert ready.update() == 0
        assert list(ready.search(Query(text=QUERIES[0]), Scope(), 20)) == list(before)

    def test_a_removed_document_is_not_found(self, ready, catalogue):
        assert any(
            one.document_id == DECK for one in ready.search(Query(text=QUERIES[1]), Scope(), 20)
        )
        catalogue.erase(DECK)
        for _ in range(2):
            found = ready.search(Query(text=QUERIES[1]), Scope(), 20)
            assert all(one.document_id != DECK for one in found)
            ready.update()

    def test_a_changed_page_is_found_by_what_it_says_now(self, ready, catalogue):
        write(catalogue, DECK, 3, "Zebras and quaggas graze on the savanna.")
        ready.update()
        best = ready.search(Query(text="zebras on the savanna"), Scope(), 1)[0]
        assert (best.document_id, best.page) == (DECK, 3)

    def test_odd_queries_are_no_failure(self, ready):
        for text in ("the of and", "?!", "\u6771\u4eac", "a" * 5_000, "%' OR 1=1 --"):
            ready.search(Query(text=text), Scope(), 5)
