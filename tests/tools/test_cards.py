"""Cards: what is said of a table or figure, kept up with the catalogue, and found by it."""

import shutil
import sqlite3

import pytest
from channel_contract import DECK, PAPER, REPORT, TEXTS, ChannelContract, fill

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Passage, Region
from pagehop.tools.retrieval.channel import Query, Scope
from pagehop.tools.retrieval.dense.card_channel import card_channels
from pagehop.tools.retrieval.dense.cards import name_of, write_cards
from pagehop.tools.retrieval.dense.encoder import Encoder

BOX = (0.1, 0.1, 0.9, 0.3)
EVERYWHERE = Scope()


def region(document, page, kind, order=0, **what):
    identity = f"{document}:{page}:r{order}"
    return Region(
        id=identity, document_id=document, page=page, order=order, kind=kind, bbox=BOX, **what
    )


def put(catalogue, document, page, *regions):
    """Give a page these regions; its passages stay."""
    there = catalogue.passages(document, page)
    catalogue.put_page(catalogue.page(document, page), (), regions, there)


def illustrated(path) -> Catalogue:
    """The contract's documents, each page with a table and a figure that say what it says."""
    catalogue = fill(path)
    for document, pages in TEXTS.items():
        for number, text in enumerate(pages, start=1):
            tables = [
                region(document, number, kind, order, text=text)
                for order, kind in enumerate(("table", "figure"))
            ]
            put(catalogue, document, number, *tables)
    return catalogue


@pytest.fixture(scope="module")
def encoder():
    return Encoder()


@pytest.fixture
def catalogue(tmp_path):
    catalogue = fill(tmp_path / "catalogue.sqlite3")
    yield catalogue
    catalogue.close()


@pytest.fixture
def channels(catalogue, tmp_path, encoder):
    tables, figures = card_channels(catalogue, tmp_path / "index", encoder)
    yield tables, figures
    tables.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory, encoder):
    """A folder with an illustrated catalogue and the cards of it, that nothing has open."""
    folder = tmp_path_factory.mktemp("made")
    catalogue = illustrated(folder / "catalogue.sqlite3")
    tables, _ = card_channels(catalogue, folder / "index", encoder)
    tables.update()
    tables.close()
    catalogue.close()
    return folder


class OfCards(ChannelContract):
    reads_words = False  # the contract's changed pages have no table

    @pytest.fixture
    def catalogue(self, made, tmp_path):
        shutil.copytree(made, tmp_path, dirs_exist_ok=True)
        catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
        yield catalogue
        catalogue.close()


class TestTables(OfCards):
    @pytest.fixture
    def channel(self, catalogue, tmp_path, encoder):
        return card_channels(catalogue, tmp_path / "index", encoder)[0]


class TestFigures(OfCards):
    @pytest.fixture
    def channel(self, catalogue, tmp_path, encoder):
        return card_channels(catalogue, tmp_path / "index", encoder)[1]


def found(channel, text, scope=EVERYWHERE):
    return [(one.document_id, one.page) for one in channel.search(Query(text=text), scope, 20)]


SALES = (
    ("(in millions)", "2022", "2023"),
    ("Net sales", "8,631", "10,208"),
    ("Cost of goods", "5,120", "6,004"),
    ("", "", ""),
    ("3", "1", "2"),
)


def test_a_card_of_a_table_has_its_caption_heads_labels_and_units_and_no_numbers(catalogue):
    sales = region(
        REPORT, 2, "table", caption="Table 3: Sales", label="Table 3", cells=SALES, text="$ 8,631 %"
    )
    put(catalogue, REPORT, 2, sales)
    [card] = write_cards(REPORT, catalogue)
    assert (card.kind, card.page, card.region_id) == ("table", 2, sales.id)
    assert card.text.splitlines() == [
        "Table 3: Sales",
        "(in millions); 2022; 2023",
        "Net sales; Cost of goods",
        "$ %",
    ]


def test_a_card_of_a_figure_has_its_words_its_heading_and_the_sentences_that_mention_it(catalogue):
    figure = region(
        REPORT, 2, "figure", caption="Figure 2. Wells.", label="Figure 2", text="depth 40 m"
    )
    own = Passage(
        id=f"{REPORT}:2:p0",
        document_id=REPORT,
        page=2,
        kind="figure",
        text="depth 40 m",
        heading=("Water", "Drilling"),
        region_id=figure.id,
    )
    catalogue.put_page(catalogue.page(REPORT, 2), (), [figure], [own])
    told = Passage(
        id=f"{REPORT}:4:p0",
        document_id=REPORT,
        page=4,
        kind="text",
        text="We dug. As Fig. 2 shows, the wells are deep. Figure 3 is of pumps.",
    )
    catalogue.put_page(catalogue.page(REPORT, 4), (), (), [told])
    [card] = write_cards(REPORT, catalogue)
    assert card.text.splitlines() == [
        "Figure 2. Wells.",
        "Water > Drilling",
        "depth 40 m",
        "As Fig. 2 shows, the wells are deep.",
    ]


def test_a_caption_is_no_mention_of_its_own_figure(catalogue):
    figure = region(REPORT, 2, "figure", caption="Figure 2. Wells.", label="Figure 2")
    caption = Passage(
        id=f"{REPORT}:2:p0", document_id=REPORT, page=2, kind="text", text="Figure 2. Wells."
    )
    catalogue.put_page(catalogue.page(REPORT, 2), (), [figure], [caption])
    assert [card.text for card in write_cards(REPORT, catalogue)] == ["Figure 2. Wells."]


def test_what_has_no_words_has_no_card(catalogue):
    put(catalogue, REPORT, 2, region(REPORT, 2, "figure"))
    assert write_cards(REPORT, catalogue) == []


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Figure 3", ("figure", "3")),
        ("Table 2.1", ("table", "2.1")),
        ("Chart 4", ("figure", "4")),
        ("Box B", None),
        ("", None),
    ],
)
def test_a_label_names_a_kind_and_a_number(label, name):
    assert name_of(label) == name


def test_a_table_is_found_by_what_it_is_about_and_a_figure_by_the_other_channel(
    catalogue, channels
):
    tables, figures = channels
    put(catalogue, REPORT, 2, region(REPORT, 2, "table", cells=SALES))
    put(catalogue, DECK, 1, region(DECK, 1, "figure", text="wolves hunting elk in the snow"))
    tables.update()
    [match] = tables.search(Query(text="What did the goods cost?"), EVERYWHERE, 5)
    assert (match.document_id, match.page) == (REPORT, 2)
    assert match.region_id == f"{REPORT}:2:r0"
    assert found(figures, "predators and their prey") == [(DECK, 1)]
    assert (DECK, 1) not in found(tables, "predators and their prey")


def test_of_a_page_the_nearest_table_is_named(catalogue, channels):
    rivers = region(REPORT, 2, "table", 0, text="length of rivers")
    wages = region(REPORT, 2, "table", 1, text="wages of nurses and doctors")
    put(catalogue, REPORT, 2, rivers, wages)
    channels[0].update()
    [match] = channels[0].search(Query(text="How much does a nurse earn?"), EVERYWHERE, 5)
    assert match.region_id == wages.id


def test_a_changed_page_is_found_by_what_its_table_says_now(catalogue, channels):
    put(catalogue, DECK, 3, region(DECK, 3, "table", caption="rainfall by month"))
    channels[0].update()
    assert channels[0].search(Query(text="rainfall by month"), EVERYWHERE, 1)[0].score > 0.99
    put(catalogue, DECK, 3, region(DECK, 3, "table", caption="zebras and quaggas"))
    channels[0].update()
    assert found(channels[0], "zebras") == [(DECK, 3)]
    rain = channels[0].search(Query(text="rainfall by month"), EVERYWHERE, 1)
    assert all(match.score < 0.5 for match in rain)


def test_a_table_that_is_not_encoded_yet_is_said_and_is_no_failure(catalogue, channels):
    put(catalogue, DECK, 3, region(DECK, 3, "table", caption="rainfall by month"))
    assert found(channels[0], "rain") == []
    assert any("without a vector yet: 1" in said for said in channels[0].problems())
    channels[0].update()
    assert not channels[0].problems()


def test_what_says_the_same_is_encoded_once(catalogue, channels):
    for page in (1, 2):
        put(catalogue, DECK, page, region(DECK, page, "table", text="rainfall by month"))
    told = []
    assert channels[0].update(lambda *step: told.append(step)) > 0
    assert told[-1] == ("Encoding tables and figures", 1, 1)
    assert len(found(channels[0], "rain")) == 2


def test_a_mention_on_another_page_changes_the_card(catalogue, channels):
    figure = region(PAPER, 1, "figure", caption="Figure 1", label="Figure 1")
    put(catalogue, PAPER, 1, figure)
    channels[1].update()
    told = Passage(
        id=f"{PAPER}:2:p0",
        document_id=PAPER,
        page=2,
        kind="text",
        text="The volcano of Figure 1 erupted twice.",
    )
    catalogue.put_page(catalogue.page(PAPER, 2), (), (), [told])
    channels[1].update()
    assert found(channels[1], "eruption of a volcano") == [(PAPER, 1)]


def test_nothing_of_a_removed_document_is_left_in_the_file(catalogue, channels, tmp_path):
    put(catalogue, DECK, 3, region(DECK, 3, "table", caption="rainfall by month"))
    channels[0].update()
    catalogue.erase(DECK)
    channels[0].update()
    channels[0].close()
    with sqlite3.connect(tmp_path / "index" / "cards.sqlite3") as db:
        assert [db.execute(f"SELECT count(*) FROM {one}").fetchone()[0] for one in ("card", "vector")] == [0, 0]  # fmt: skip  # noqa: E501
    db.close()
    assert all(
        DECK.encode() not in file.read_bytes() for file in (tmp_path / "index").glob("cards.*")
    )


def test_a_damaged_file_is_made_again(catalogue, channels, tmp_path, encoder):
    put(catalogue, DECK, 3, region(DECK, 3, "table", caption="rainfall by month"))
    channels[0].update()
    channels[0].close()
    path = tmp_path / "index" / "cards.sqlite3"
    path.write_bytes(b"no database" * 1_000)
    again, _ = card_channels(catalogue, tmp_path / "index", encoder)
    assert found(again, "rain") == []
    assert any("made again" in said for said in again.problems())
    again.update()
    assert found(again, "rain") == [(DECK, 3)]
    again.close()


def test_another_process_sees_what_was_encoded(catalogue, channels, tmp_path, encoder):
    put(catalogue, DECK, 3, region(DECK, 3, "table", caption="rainfall by month"))
    other, _ = card_channels(catalogue, tmp_path / "index", encoder)
    assert found(other, "rain") == []
    channels[0].update()
    assert found(other, "rain") == [(DECK, 3)]
    other.close()


def test_vectors_of_two_encoders_never_meet(catalogue, channels, tmp_path, encoder):
    put(catalogue, DECK, 3, region(DECK, 3, "table", caption="rainfall by month"))
    channels[0].update()
    stranger = Encoder()
    stranger.id = "another-1"
    other, _ = card_channels(catalogue, tmp_path / "index", stranger)
    assert found(other, "rain") == []
    other.close()


def test_cards_are_the_same_every_time(tmp_path):
    first, second = illustrated(tmp_path / "a.sqlite3"), illustrated(tmp_path / "b.sqlite3")
    assert write_cards(REPORT, first) == write_cards(REPORT, second) != []
    first.close()
    second.close()


class Interrupted(Encoder):
    """An encoder that is stopped before its last batch."""

    def batches(self, texts):
        *done, _ = super().batches(texts)
        yield from done
        raise KeyboardInterrupt


def test_what_was_encoded_before_a_stop_is_not_encoded_again(catalogue, tmp_path, encoder):
    many = [region(DECK, 3, "table", order, caption=f"Rain in {order}") for order in range(300)]
    put(catalogue, DECK, 3, *many)
    stopped, _ = card_channels(catalogue, tmp_path / "index", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        stopped.update()
    stopped.close()
    told = []
    again, _ = card_channels(catalogue, tmp_path / "index", encoder)
    again.update(lambda *step: told.append(step))
    again.close()
    assert 0 < told[-1][2] < 100
    assert not again.problems()
