"""The visual channels: pages by their pictures, their word pieces, or one vector each."""

import gc
import multiprocessing
import shutil
import weakref

import pytest
from channel_contract import DECK, REPORT, TEXTS, ChannelContract, enter, fill, write
from PIL import Image, ImageDraw
from tiny_models import make_neomme

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Page, Region, Stage
from pagehop.tools.errors import InputError, MixedSpacesError, UnknownModelError, WorkerError
from pagehop.tools.retrieval.channel import Query, Scope
from pagehop.tools.retrieval.visual.channels import encode_again, visual_channels
from pagehop.tools.retrieval.visual.choice import Choice, choices_of, kept_choices, resolve_choices
from pagehop.tools.retrieval.visual.late_channel import LateChannel, summed
from pagehop.tools.retrieval.visual.late_encoder import LateEncoder
from pagehop.tools.retrieval.visual.picture_channel import PictureChannel
from pagehop.tools.retrieval.visual.picture_encoder import PictureEncoder
from pagehop.tools.retrieval.visual.readers import PassageReader, PictureReader, most_seen
from pagehop.tools.retrieval.visual.sharing import shared

EVERYWHERE = Scope()
FIGURE = (0.5, 0.5, 0.9, 0.8)


def shown(document, page, box, dpi):
    """A picture of each page that no other page has; `box` cuts out a part."""
    picture = Image.new("RGB", (208, 272), "white")
    pen = ImageDraw.Draw(picture)
    order = "abcd".index(document[0])
    for line in range(3 + page):
        pen.line((10, 12 + 16 * line, 90 + 30 * order, 12 + 16 * line), fill="black", width=4)
    pen.rectangle((112, 144, 176, 208), fill=(60 * order, 40 * page, 200 - 50 * page))
    if box is None:
        return picture
    x0, y0, x1, y1 = box
    return picture.crop((int(x0 * 208), int(y0 * 272), int(x1 * 208), int(y1 * 272)))


def put_figure(catalogue, document, number):
    """Give a page a figure that no passage tells of."""
    page = catalogue.page(document, number)
    region = Region(
        id=f"{document}:{number}:r9",
        document_id=document,
        page=number,
        order=9,
        kind="figure",
        bbox=FIGURE,
    )
    kept = {name: getattr(page, name) for name in Page.__slots__ if name != "digest"}
    passages = catalogue.passages(document, number)
    catalogue.put_page(Page(**kept | {"stage": Stage.LAYOUT}), (), (region,), passages)
    return region


def found(channel, query, scope=EVERYWHERE):
    return [(one.document_id, one.page) for one in channel.search(query, scope, 20)]


@pytest.fixture(scope="module")
def loaded(tiny):
    """The models, held so that each is loaded once for all tests here."""
    return [
        shared(LateEncoder, str(tiny / "colqwen2"), "cpu"),
        shared(LateEncoder, str(tiny / "neomme"), "cpu"),
        shared(PictureEncoder, str(tiny / "siglip"), "cpu"),
    ]


@pytest.fixture(scope="module")
def made(tiny, loaded, tmp_path_factory):
    """A folder with a catalogue and the vectors of every channel, that nothing has open."""
    folder = tmp_path_factory.mktemp("made")
    catalogue = fill(folder / "catalogue.sqlite3")
    put_figure(catalogue, DECK, 2)
    for channel in opened(catalogue, folder, tiny):
        channel.update()
        channel.close()
    catalogue.close()
    return folder


@pytest.fixture
def catalogue(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
    yield catalogue
    catalogue.close()


def opened(catalogue, folder, tiny, pictures=shown):
    choices = [
        Choice("visual", str(tiny / "colqwen2")),
        Choice("late", str(tiny / "neomme")),
        Choice("picture", str(tiny / "siglip")),
    ]
    return visual_channels(catalogue, folder / "index", choices, pictures, device="cpu")


@pytest.fixture
def channels(catalogue, tmp_path, tiny):
    made = opened(catalogue, tmp_path, tiny)
    yield {channel.name: channel for channel in made}
    for channel in made:
        channel.close()


class Made(ChannelContract):
    @pytest.fixture
    def catalogue(self, made, tmp_path):
        shutil.copytree(made, tmp_path, dirs_exist_ok=True)
        catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
        yield catalogue
        catalogue.close()


class OfPictures(Made):
    reads_words = False

    def test_the_picture_of_a_page_finds_the_page(self, ready):
        for document, pages in TEXTS.items():
            for page in range(1, len(pages) + 1):
                query = Query(text="", image=shown(document, page, None, 72))
                assert found(ready, query)[0] == (document, page)


class TestVisual(OfPictures):
    @pytest.fixture
    def channel(self, channels):
        return channels["visual"]


class TestPicture(OfPictures):
    @pytest.fixture
    def channel(self, channels):
        return channels["picture"]


class TestLateText(Made):
    @pytest.fixture
    def channel(self, channels):
        return channels["late"]


def test_late_interaction_over_text_names_the_passage(channels, catalogue):
    write(catalogue, DECK, 3, "Thank you.", "Zebras and quaggas graze.", "Questions?")
    channels["late"].update()
    best = channels["late"].search(Query(text="zebras graze"), EVERYWHERE, 1)[0]
    assert (best.document_id, best.page, best.passage_id) == (DECK, 3, f"{DECK}:3:p1")


def test_a_crop_of_a_figure_finds_the_figure(channels):
    crop = shown(DECK, 2, FIGURE, 72)
    best = channels["picture"].search(Query(text="", image=crop), EVERYWHERE, 1)[0]
    assert (best.document_id, best.page, best.region_id) == (DECK, 2, f"{DECK}:2:r9")


def test_where_the_query_looked_is_the_table_figure_or_passage_that_shows_it(catalogue):
    figure = most_seen(catalogue, (DECK, 2), [(0.6, 0.6, 0.65, 0.65), (0.7, 0.6, 0.75, 0.65)])
    assert (figure.passage_id, figure.region_id) == (None, f"{DECK}:2:r9")
    line = most_seen(catalogue, (DECK, 2), [(0.2, 0.11, 0.22, 0.13), (0.95, 0.95, 0.97, 0.97)])
    assert (line.passage_id, line.region_id) == (f"{DECK}:2:p0", None)
    margin = most_seen(catalogue, (DECK, 2), [(0.95, 0.95, 0.97, 0.97)])
    assert (margin.passage_id, margin.region_id) == (None, None)


@pytest.mark.parametrize("name", ["visual", "picture"])
def test_words_and_a_crop_search_together(channels, name):
    crop = shown(REPORT, 2, None, 72)
    alone = found(channels[name], Query(text="", image=crop))
    words = found(channels[name], Query(text="wind turbines"))
    both = found(channels[name], Query(text="wind turbines", image=crop))
    assert set(both) == set(alone) == set(words)
    assert both != words
    assert both.index((REPORT, 2)) <= words.index((REPORT, 2))


def test_neither_half_of_a_query_drowns_the_other():
    words, crop = {"a": 11.0, "b": 12.0, "c": 12.5}, {"a": 0.1, "b": 0.3, "c": 0.2}
    assert summed([words, crop]) == pytest.approx({"a": 0.0, "b": 2 / 3 + 1, "c": 1.5})
    assert summed([words]) == words


def test_no_words_and_no_picture_find_nothing(channels):
    for channel in channels.values():
        assert not channel.search(Query(text="  "), EVERYWHERE, 5)


def test_a_new_page_is_encoded_and_no_other_again(catalogue, tmp_path, tiny):
    seen, told = [], []

    def watched(document, page, box, dpi):
        seen.append((document, page))
        return shown(document, page, box, dpi)

    channel = opened(catalogue, tmp_path, tiny, watched)[0]
    channel.update()
    seen.clear()
    enter(catalogue, "d" * 32, "zoo.pdf", "Opening hours.")
    assert channel.update(lambda *step: told.append(step)) == 1
    assert seen == [("d" * 32, 1)]
    assert told == [("Encoding pages", 1, 1)]
    assert not channel.problems()
    channel.close()


def test_a_page_that_cannot_be_rendered_costs_itself_and_is_tried_again_when_told(
    catalogue,
    tmp_path,
    tiny,
):
    def torn(document, page, box, dpi):
        if (document, page) == (DECK, 1):
            raise WorkerError("It took too long.")
        return shown(document, page, box, dpi)

    for index, whole in ((0, 9), (2, 10)):
        broken = opened(catalogue, tmp_path / "new", tiny, torn)[index]
        assert broken.update() == whole
        assert len(found(broken, Query(text="wind"))) == 8
        assert "page 1 of bbbbbbbbbbbb among them (It took too long.)" in broken.problems()[0]
        assert broken.update() == 0
        broken.close()
        mended = opened(catalogue, tmp_path / "new", tiny)[index]
        mended.retry()
        assert mended.update() == 1
        assert not mended.problems()
        mended.close()


def test_vectors_that_were_lost_are_made_again(channels, catalogue, tmp_path):
    channel = channels["visual"]
    before = found(channel, Query(text="wind"))
    channel.close()
    shutil.rmtree(tmp_path / "index" / "visual" / "tokens")
    assert "not encoded yet: 9" in channel.problems()[0]
    assert channel.update() == 9
    assert found(channel, Query(text="wind")) == before


def test_two_models_vectors_never_meet(catalogue, tmp_path, tiny):
    make_neomme(tmp_path / "other", seed=1)
    folder = tmp_path / "index" / "late"
    other = LateChannel(catalogue, folder, str(tmp_path / "other"), PassageReader(catalogue))
    write(catalogue, DECK, 3, "Zebras graze.")
    for use in (other.update, lambda: other.search(Query(text="zebras"), EVERYWHERE, 3)):
        with pytest.raises(MixedSpacesError, match=r"pagehop encode --visual .*other"):
            use()
    other.close()
    alike = PictureChannel(catalogue, tmp_path / "index" / "picture", str(tiny / "clip"), shown)
    with pytest.raises(MixedSpacesError, match=r"siglip-\w+.*pagehop encode --visual .*clip"):
        alike.search(Query(text="zebras"), EVERYWHERE, 3)


def test_encoding_again_makes_one_space_of_the_new_model_and_leaves_nothing_of_the_old(
    catalogue,
    tmp_path,
    tiny,
):
    asked = [str(tiny / "clip"), f"text:{tiny / 'neomme'}"]
    done = encode_again(catalogue, tmp_path, choices_of(asked), shown, device="cpu")
    assert done == {"picture": 10, "late": 0}
    assert not (tmp_path / "index" / "visual").exists()
    assert [one.channel for one in kept_choices(tmp_path)] == ["picture", "late"]
    for channel in visual_channels(
        catalogue, tmp_path / "index", resolve_choices(tmp_path), shown, device="cpu"
    ):
        assert len(found(channel, Query(text="wind"))) == 9
        channel.close()
    assert encode_again(catalogue, tmp_path, (), shown) == {}
    assert not kept_choices(tmp_path)
    assert not list((tmp_path / "index").glob("*/*"))


def test_removing_a_document_needs_no_model_and_leaves_no_trace(catalogue, tmp_path):
    choices = [Choice(name, "gone/from-here") for name in ("visual", "late", "picture")]
    catalogue.erase(DECK)
    for channel in visual_channels(catalogue, tmp_path / "index", choices, shown):
        folder = tmp_path / "index" / channel.name
        before = sizes(folder)
        assert channel.prune() == (4 if channel.name == "picture" else 3)
        channel.close()
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert not [path for path in files if DECK.encode() in path.read_bytes()]
        assert sizes(folder) <= before
        with pytest.raises(UnknownModelError, match="'gone/from-here'"):
            channel.search(Query(text="wind"), EVERYWHERE, 3)


def sizes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def encode_slowly(folder, models, started):
    """Encode page after page, and say when the first batch has been saved."""

    def slow(document, page, box, dpi):
        if (document, page) == (DECK, 3):
            started.set()
            multiprocessing.Event().wait(60)
        return shown(document, page, box, dpi)

    catalogue = Catalogue(folder / "catalogue.sqlite3")
    reader = PictureReader(catalogue, slow)
    LateChannel(
        catalogue, folder / "index" / "visual", models, reader, device="cpu", saved=2
    ).update()


def test_killed_in_the_middle_it_goes_on_where_it_was(catalogue, tmp_path, tiny):
    shutil.rmtree(tmp_path / "index" / "visual")
    spawning = multiprocessing.get_context("spawn")
    started = spawning.Event()
    child = spawning.Process(
        target=encode_slowly, args=(tmp_path, str(tiny / "colqwen2"), started), daemon=True
    )
    child.start()
    assert started.wait(60)
    child.kill()
    child.join()
    channel = opened(catalogue, tmp_path, tiny)[0]
    assert channel.update() == 3  # six of nine were saved, two at a time
    assert len(found(channel, Query(text="wind"))) == 9
    channel.close()


def test_a_process_holds_a_model_once_and_only_while_it_is_used(tiny):
    model = str(tiny / "pylate")
    first = shared(LateEncoder, model, "cpu")
    assert shared(LateEncoder, model, "cpu") is first
    assert shared(LateEncoder, model, None) is not first
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is None


class TestChoice:
    def test_what_was_asked_first_is_kept_with_the_corpus(self, tmp_path, tiny):
        asked = [str(tiny / "neomme"), str(tiny / "siglip")]
        first = resolve_choices(tmp_path, asked)
        assert [one.channel for one in first] == ["visual", "picture"]
        assert resolve_choices(tmp_path) == first
        assert resolve_choices(tmp_path, [str(tiny / "clip")])[0].model.endswith("clip")
        assert resolve_choices(tmp_path) == first

    def test_the_environment_chooses_where_nothing_else_does(self, tmp_path, tiny, monkeypatch):
        assert resolve_choices(tmp_path) == ()
        monkeypatch.setenv("PAGEHOP_VISUAL", "who/knows")
        with pytest.raises(UnknownModelError, match="'who/knows'"):
            resolve_choices(tmp_path)
        monkeypatch.setenv("PAGEHOP_VISUAL", f"text:{tiny / 'neomme'} {tiny / 'colpali'}")
        assert [one.channel for one in resolve_choices(tmp_path)] == ["late", "visual"]

    def test_two_models_for_one_channel_and_models_that_do_not_see_are_refused(
        self, tiny, tmp_path
    ):
        plain = shutil.copytree(tiny / "colbert", tmp_path / "plain")
        (plain / "config.json").write_text('{"model_type": "bert"}')
        assert choices_of([str(tiny / "colbert")])[0].channel == "late"
        with pytest.raises(InputError, match="both serve the visual channel"):
            choices_of([str(tiny / "colpali"), str(tiny / "neomme")])
        with pytest.raises(UnknownModelError, match="'bert' model: neither"):
            choices_of([str(plain)])
        with pytest.raises(InputError, match="one vector a picture"):
            choices_of([f"text:{tiny / 'siglip'}"])

    def test_a_damaged_choice_says_what_to_do(self, tmp_path):
        for text in ("{", "[1]", '[{"channel": "smell", "model": "x"}]', "7"):
            (tmp_path / "visual.json").write_text(text)
            with pytest.raises(InputError, match=r"visual.json.*is damaged.*pagehop encode"):
                kept_choices(tmp_path)
