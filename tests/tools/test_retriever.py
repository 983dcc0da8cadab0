"""The retriever: channels asked together, a route that is explained, hits that stand somewhere."""

import threading
from dataclasses import replace

import pytest
from channel_contract import DECK, PAPER, QUERIES, REPORT, ChannelContract, fill, write
from langchain_tests.integration_tests import RetrieversIntegrationTests

from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.corpus.records import Passage, Stage
from pagehop.tools.errors import EmptyQuestionError, UnknownChannelError, UnknownDocumentError
from pagehop.tools.retrieval.assembly import Parts, assemble
from pagehop.tools.retrieval.channel import Match
from pagehop.tools.retrieval.langchain import DocumentRetriever
from pagehop.tools.retrieval.retriever import Retriever
from pagehop.tools.retrieval.routing.router import Routed
from pagehop.tools.retrieval.settings import Settings
from pagehop.tools.retrieval.words.analysis import words
from pagehop.tools.retrieval.words.channel import LexicalChannel


class SharedWords:
    """A user's own channel: how many words of the query a page has. All there is to write."""

    name, modality, weight = "shared", "text", 0.5

    def __init__(self, catalogue):
        self.catalogue = catalogue

    def search(self, query, scope, k):
        wanted, found = set(words(query.text)), []
        for document, page in self.catalogue.page_digests():
            inside = scope.documents is None or document in scope.documents
            shared = wanted & set(words(self.catalogue.page(document, page).text))
            if inside and shared and (document, page) not in scope.without:
                reason = f"shares {', '.join(sorted(shared))}"
                found.append(
                    Match(document_id=document, page=page, score=len(shared), reason=reason)
                )
        return sorted(found, key=lambda one: (-one.score, one.document_id, one.page))[: max(k, 0)]

    def update(self, progress=None):
        return 0

    def problems(self):
        return ()

    def close(self):
        pass


class TestOwnChannel(ChannelContract):
    @pytest.fixture
    def channel(self, catalogue):
        return SharedWords(catalogue)


@pytest.fixture(scope="module")
def retriever(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    catalogue = fill(folder / "catalogue.sqlite3")
    retriever = Retriever(catalogue, assemble(catalogue, folder / "index"))
    retriever.update()
    yield retriever
    retriever.close()
    catalogue.close()


@pytest.fixture
def catalogue(tmp_path):
    catalogue = fill(tmp_path / "catalogue.sqlite3")
    yield catalogue
    catalogue.close()


def places(found):
    return [(hit.document_id, hit.page) for hit in found.hits]


def test_a_hit_says_where_it_stands_and_who_found_it(retriever):
    hit = retriever.search("total revenue 2023").hits[0]
    assert (hit.document, hit.page, hit.modality) == ("ACME_2023_10K.pdf", 2, "text")
    assert hit.bbox == (0.1, 0.1, 0.9, 0.14)
    assert hit.boxes == (hit.bbox,)
    assert hit.channels == {"lexical": 1, "dense": 1}
    assert hit.text.startswith("Total revenue")
    assert hit.passage_id == f"{REPORT}:2:p0"


@pytest.mark.parametrize("query", QUERIES[:2])
@pytest.mark.parametrize("unit", ["page", "region"])
def test_more_hits_begin_with_the_same(retriever, query, unit):
    everything = retriever.search(query, k=12, unit=unit).hits
    for k in (0, 1, 2, 5, 11):
        assert retriever.search(query, k=k, unit=unit).hits == everything[:k]


def test_the_route_says_why(retriever):
    route = retriever.search("What is on page 3 of wind.pdf?").route
    assert "The question names wind.pdf." in route.reasons
    assert "“page 3” is page 3 of wind.pdf." in route.reasons
    assert route.references == (("wind.pdf", 3),)
    assert route.channels == ("lexical", "dense")


def test_a_page_that_is_asked_for_comes_first_though_it_matches_nothing(retriever):
    assert places(retriever.search("What is on page 3 of wind.pdf?"))[0] == (DECK, 3)


def test_the_scope_and_pages_left_out_hold_for_references_too(retriever):
    found = retriever.search("page 3 of wind.pdf", documents=[REPORT, PAPER], k=20)
    assert {document for document, _ in places(found)} == {REPORT, PAPER}
    found = retriever.search("page 3 of wind.pdf", documents=[DECK], without={(DECK, 3)})
    assert (DECK, 3) not in places(found)


def test_channels_can_be_chosen(retriever):
    hits = retriever.search("revenue", channels=["lexical"]).hits
    assert all(hit.channels.keys() <= {"lexical"} for hit in hits)
    assert retriever.search("revenue", channels=["dense"]).route.channels == ("dense",)


def test_bad_input_is_named(retriever):
    with pytest.raises(EmptyQuestionError, match="question is empty"):
        retriever.search("  \n")
    with pytest.raises(UnknownChannelError, match=r"no channel 'visual'.*'lexical', 'dense'"):
        retriever.search("x", channels=["visual"])
    with pytest.raises(UnknownDocumentError, match="nowhere"):
        retriever.search("x", documents=["nowhere"])


def test_an_own_channel_votes_beside_the_others(catalogue, tmp_path):
    own = SharedWords(catalogue)
    lexical = LexicalChannel(catalogue, tmp_path / "index")
    both = Retriever(catalogue, Parts(channels=[lexical, own]))
    hit = both.search("employees in Asia").hits[0]
    assert (hit.document_id, hit.page, hit.channels) == (REPORT, 4, {"lexical": 1, "shared": 1})
    assert hit.reasons == ("shared: shares asia, employe",)
    only = Retriever(catalogue, Parts(channels=[own]))
    hit = only.search("employees in Asia").hits[0]
    assert (hit.document_id, hit.page, hit.channels) == (REPORT, 4, {"shared": 1})
    assert hit.bbox is None  # an honest "this page": the channel knows no passage
    assert hit.modality == "page"


@pytest.fixture
def mixed(catalogue, tmp_path):
    """A page with a text, a table row and a figure, all about revenue."""
    page = catalogue.page(REPORT, 1)
    passages = [
        Passage(
            id=f"{REPORT}:1:p{order}",
            document_id=REPORT,
            page=1,
            kind=kind,
            text=text,
            boxes=((0.1, order / 10, 0.9, order / 10 + 0.05),),
            region_id=None if kind == "text" else f"{REPORT}:1:r{order}",
        )
        for order, (kind, text) in enumerate(
            [
                ("text", "Revenue by segment, revenue by region, and revenue by year."),
                ("table", "Cloud | revenue 400 | 2023"),
                ("figure", "revenue growth chart"),
            ]
        )
    ]
    text = "\n".join(passage.text for passage in passages)
    read = {name: getattr(page, name) for name in ("document_id", "number", "label")}
    catalogue.put_page(
        type(page)(**read, width=600, height=800, stage=Stage.LAYOUT, text=text), (), (), passages
    )
    return Retriever(catalogue, Parts(channels=[LexicalChannel(catalogue, tmp_path / "index")]))


@pytest.mark.parametrize("kind", ["text", "table", "figure"])
def test_a_wanted_kind_is_preferred(mixed, kind):
    hit = mixed.search("revenue by segment", modalities=[kind]).hits[0]
    assert (hit.document_id, hit.page, hit.modality) == (REPORT, 1, kind)
    assert mixed.search("revenue", unit="region", modalities=[kind]).hits[0].modality == kind


def test_a_kind_that_is_nowhere_leaves_out_nothing(mixed, catalogue):
    for passage in catalogue.passages(REPORT, 1):
        assert passage.kind != "page"
    everything = mixed.search("wind turbines").hits
    assert mixed.search("wind turbines", modalities=["table"]).hits == everything


def test_regions_of_one_page_are_several_hits(mixed):
    hits = mixed.search("revenue", unit="region", k=3).hits
    assert [hit.page for hit in hits] == [1, 1, 1]
    assert len({hit.bbox for hit in hits}) == 3
    assert {hit.region_id for hit in hits} == {None, f"{REPORT}:1:r1", f"{REPORT}:1:r2"}


def test_a_page_written_after_the_last_update_is_found_by_its_words(catalogue, tmp_path):
    retriever = Retriever(
        catalogue, Parts(channels=[LexicalChannel(catalogue, tmp_path / "index")])
    )
    assert retriever.search("quagga").hits == ()
    write(catalogue, DECK, 3, "A quagga.")
    assert places(retriever.search("quagga"))[0] == (DECK, 3)


def test_channels_are_asked_in_threads_that_are_kept_and_end_with_the_retriever(catalogue):
    def threads():
        return [one for one in threading.enumerate() if one.name.startswith("pagehop-channel")]

    before, other = len(threads()), SharedWords(catalogue)
    other.name = "shared too"
    retriever = Retriever(catalogue, Parts(channels=[SharedWords(catalogue), other]))
    first = retriever.search("total revenue").hits
    assert len(threads()) == before + 1
    assert retriever.search("total revenue").hits == first
    assert len(threads()) == before + 1
    retriever.close()
    assert len(threads()) == before
    assert retriever.search("total revenue").hits == first  # it can be used again
    retriever.close()


def test_a_corpus_without_a_document_finds_nothing(tmp_path):
    with Corpus(tmp_path / "empty") as corpus:
        assert corpus.search("anything at all") == []


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    fill(folder / "catalogue.sqlite3").close()
    with Corpus(folder) as corpus:
        yield corpus


def test_a_langchain_document_has_page_and_box(corpus):
    retriever = DocumentRetriever(corpus, k=2)
    first, second = retriever.invoke("total revenue 2023")
    assert (first.metadata["source"], first.metadata["page"]) == ("ACME_2023_10K.pdf", 2)
    assert first.metadata["bbox"] == [0.1, 0.1, 0.9, 0.14]
    assert first.metadata["score"] >= second.metadata["score"]
    assert [one.id for one in retriever.invoke("total revenue 2023")] == [first.id, second.id]


class TestLangChainStandard(RetrieversIntegrationTests):
    test_ainvoke_returns_documents = pytest.mark.asyncio(
        RetrieversIntegrationTests.test_ainvoke_returns_documents
    )

    @pytest.fixture(autouse=True)
    def _on_the_corpus(self, corpus):
        type(self).corpus = corpus

    @property
    def retriever_constructor(self):
        return DocumentRetriever

    @property
    def retriever_constructor_params(self):
        return {"corpus": self.corpus}

    @property
    def retriever_query_example(self):
        return "revenue"


class TablesAlone:
    """A route for which everything stands in a table."""

    def prepare(self):
        pass

    def read(self, text):
        pass

    def route(self, text, *, hint=(), made=None):
        return Routed(modalities={"table": 1.0})


def test_a_route_that_leads_nowhere_is_widened(catalogue, tmp_path):
    parts = replace(assemble(catalogue, tmp_path / "index"), router=TablesAlone())
    retriever = Retriever(catalogue, parts)  # of pages in which nobody drew a table
    retriever.update()
    found = retriever.search("multi-hop questions")
    assert "dense" in found.route.channels
    assert "dense" in found.hits[0].channels
    retriever.close()


class NoFigures(SharedWords):
    """A channel over figures of a corpus that has none."""

    name, modality, weight = "figures", "figure", 3.0

    def search(self, query, scope, k):
        return []


class TextAlone(TablesAlone):
    def route(self, text, *, hint=(), made=None):
        return Routed(modalities={"text": 1.0})


def test_a_vote_weighs_the_same_whether_or_not_the_route_asks_who_finds_nothing(catalogue):
    parts = Parts(channels=[SharedWords(catalogue), NoFigures(catalogue)], router=TextAlone())
    retriever = Retriever(catalogue, parts)
    routed = retriever.search("multi-hop questions")
    everyone = retriever.search("multi-hop questions", settings=Settings(route=False))
    assert routed.route.channels == ("shared",)
    assert everyone.route.channels == ("shared", "figures")
    assert routed.hits == everyone.hits
    retriever.close()


class TextAndTables(TablesAlone):
    def route(self, text, *, hint=(), made=None):
        return Routed(modalities={"text": 0.8, "table": 0.2, "page": 0.3})


@pytest.fixture
def wordy(catalogue, tmp_path):
    """A page with eight passages that say the word often and a table that says it once."""
    page = catalogue.page(REPORT, 1)
    kinds = ["text"] * 8 + ["table"]
    passages = [
        Passage(
            id=f"{REPORT}:1:p{order}",
            document_id=REPORT,
            page=1,
            kind=kind,
            text="cloud services and licences" if kind == "table" else f"cloud cloud {order}",
            boxes=((0.1, order / 10, 0.9, order / 10 + 0.05),),
        )
        for order, kind in enumerate(kinds)
    ]
    read = {name: getattr(page, name) for name in ("document_id", "number", "label")}
    text = "\n".join(passage.text for passage in passages)
    catalogue.put_page(
        type(page)(**read, width=600, height=800, stage=Stage.LAYOUT, text=text), (), (), passages
    )
    channels = [LexicalChannel(catalogue, tmp_path / "index")]
    retriever = Retriever(catalogue, Parts(channels=channels, router=TextAndTables()))
    yield retriever
    retriever.close()


def test_of_regions_each_kind_that_the_route_asked_for_is_among_the_first_five(wordy):
    def kinds(**settings):
        found = wordy.search("cloud", unit="region", k=9, settings=Settings(**settings))
        return [hit.modality for hit in found.hits]

    assert kinds(strata=False) == ["text"] * 8 + ["table"]
    assert kinds() == ["text"] * 4 + ["table"] + ["text"] * 4
    assert kinds(route=False) == kinds(strata=False)


@pytest.mark.parametrize("cut", ["ratio", "mixture"])
def test_a_region_that_comes_in_for_its_kind_is_no_end_of_what_fits(wordy, cut):
    found = wordy.search("cloud", unit="region", k=8, settings=Settings(cut=cut))
    bare = wordy.search("cloud", unit="region", k=8, settings=Settings(cut=cut, strata=False))
    assert len(found.hits) == len(bare.hits)


class Listening(SharedWords):
    """A channel that remembers what it was asked."""

    def __init__(self, catalogue):
        super().__init__(catalogue)
        self.asked = []

    def search(self, query, scope, k):
        self.asked.append((scope.documents, query.against_hubs))
        return super().search(query, scope, k)


def test_hubs_are_a_matter_of_many_documents_and_not_of_the_search_within_one(catalogue):
    channel = Listening(catalogue)
    retriever = Retriever(catalogue, Parts(channels=[channel]))
    retriever.search("revenue")
    (everywhere, against), *within = channel.asked
    assert everywhere is None
    assert against
    assert within  # the cascade
    assert not any(against for _, against in within)
    channel.asked.clear()
    retriever.search("revenue", documents=[REPORT])
    retriever.search("revenue", settings=Settings(hubs=False))
    assert not any(against for _, against in channel.asked)
    retriever.close()
