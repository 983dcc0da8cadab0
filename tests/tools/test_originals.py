"""Originals: whole copies or honest references, and pictures rendered from them."""

import os
import shutil

import pymupdf
import pytest

from pagehop.tools import Corpus, Stage
from pagehop.tools.corpus.originals import Originals, content_id
from pagehop.tools.corpus.pages import PageCache
from pagehop.tools.errors import (
    BadBoxError,
    InputError,
    PageOutOfRangeError,
    PathNotFoundError,
    StorageError,
)


def write_pdf(path, text="Hello"):
    pdf = pymupdf.open()
    page = pdf.new_page(width=400, height=200)
    page.insert_text((20, 60), text, fontsize=14)
    page.draw_rect((200, 100, 400, 200), color=None, fill=(1, 0, 0))
    pdf.save(path)
    pdf.close()
    return path


def names(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def path(tmp_path):
    return write_pdf(tmp_path / "a.pdf")


@pytest.fixture
def corpus(tmp_path):
    with Corpus(tmp_path / "corpus") as opened:
        yield opened


def test_a_copy_has_the_name_and_the_bytes_of_its_content(tmp_path, path):
    originals = Originals(tmp_path / "originals")
    identity = content_id(path)
    copy = originals.keep(path, identity, ".pdf")
    assert copy.read_bytes() == path.read_bytes()
    assert names(tmp_path / "originals") == [f"{identity}.pdf"]


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, path):
    originals = Originals(tmp_path / "originals")
    with pytest.raises(StorageError, match="changed while"):
        originals.keep(path, "0" * 32, ".pdf")
    assert names(tmp_path / "originals") == []


def test_copies_that_no_document_owns_are_swept(tmp_path, path):
    originals = Originals(tmp_path / "originals")
    name = originals.keep(path, content_id(path), ".pdf").name
    (tmp_path / "originals" / "half.pdf.partial").touch()
    originals.sweep([name])
    assert names(tmp_path / "originals") == [name]


def test_the_source_can_go_when_it_was_copied(corpus, path):
    corpus.add(path, until=Stage.TEXT)
    path.unlink()
    assert corpus.image("a.pdf", 1, dpi=72).size == (400, 200)


def test_a_lost_copy_is_noticed_and_comes_back_with_the_file(corpus, path):
    corpus.add(path, until=Stage.TEXT)
    shutil.rmtree(corpus.path / "originals")
    assert any("missing from the corpus" in problem for problem in corpus.check())
    with pytest.raises(PathNotFoundError, match="Add the file again"):
        corpus.image("a.pdf", 1)
    corpus.add(path, until=Stage.TEXT)
    assert corpus.image("a.pdf", 1, dpi=72).size == (400, 200)


def test_a_linked_file_is_read_where_it_lies(corpus, path):
    corpus.add(path, link=True, until=Stage.TEXT)
    assert corpus.document("a.pdf").linked == str(path)
    assert not (corpus.path / "originals").exists()
    assert corpus.image("a.pdf", 1, dpi=72).size == (400, 200)


def test_a_linked_file_that_is_gone_or_changed_is_a_clear_error(corpus, path):
    corpus.add(path, link=True, until=Stage.TEXT)
    moved = path.rename(path.with_name("moved.pdf"))
    with pytest.raises(PathNotFoundError, match="is gone"):
        corpus.image("a.pdf", 1)
    corpus.add(moved, until=Stage.TEXT)
    assert corpus.document("moved.pdf").linked == str(moved)
    assert corpus.image("a.pdf", 1, dpi=72).size == (400, 200)
    write_pdf(moved, "Something else")
    with pytest.raises(PathNotFoundError, match="has changed"):
        corpus.image("a.pdf", 1, dpi=80)


def test_a_clip_is_that_part_of_the_page(corpus, path):
    corpus.add(path, until=Stage.TEXT)
    red = corpus.image("a.pdf", 1, dpi=144, clip=(0.5, 0.5, 1, 1))
    assert red.size == (400, 200)
    assert red.convert("RGB").getpixel((200, 100)) == (255, 0, 0)
    assert corpus.image("a.pdf", 1).convert("RGB").getpixel((10, 10)) == (255, 255, 255)


def test_what_cannot_be_shown_is_refused_with_a_reason(corpus, path):
    corpus.add(path, until=Stage.TEXT)
    with pytest.raises(BadBoxError, match="no area"):
        corpus.image("a.pdf", 1, clip=(0.5, 0.5, 0.5, 0.9))
    with pytest.raises(BadBoxError, match="outside"):
        corpus.image("a.pdf", 1, clip=(0, 0, 20, 30))
    with pytest.raises(PageOutOfRangeError, match="has one page"):
        corpus.image("a.pdf", 2)
    with pytest.raises(InputError, match="dpi"):
        corpus.image("a.pdf", 1, dpi=0)


def test_a_picture_is_made_once_and_again_when_it_is_torn(corpus, path):
    corpus.add(path, until=Stage.TEXT)
    first = corpus.image("a.pdf", 1, dpi=72)
    (held,) = (corpus.path / "pages").glob("*/*")
    made = held.stat().st_ino
    assert corpus.image("a.pdf", 1, dpi=72).tobytes() == first.tobytes()
    assert held.stat().st_ino == made
    held.write_bytes(held.read_bytes()[:100])
    assert corpus.image("a.pdf", 1, dpi=72).tobytes() == first.tobytes()


def test_the_cache_keeps_to_its_limit_and_lets_the_oldest_go_first(tmp_path):
    cache = PageCache(tmp_path / "pages", limit_bytes=1000)
    for number in range(1, 11):
        cache.put("d", number, 72, None, b"x" * 150)
        os.utime(tmp_path / "pages" / "d" / f"{number}-72.png", (number, number))
        cache.get("d", 1, 72, None)
    held = [number for number in range(1, 11) if cache.get("d", number, 72, None)]
    assert sum(path.stat().st_size for path in tmp_path.glob("pages/*/*")) <= 1000
    assert held[0] == 1  # the one that is looked at all the time
    assert held[-1] == 10
    assert 2 not in held


def test_the_words_of_a_crop_are_read_off_the_original(corpus, path):
    corpus.add(path, until=Stage.TEXT)
    words = corpus.read_crop("a.pdf", 1, (0, 0.1, 0.5, 0.5))
    assert [word.text for word in words] == ["Hello"]
    assert 0.03 < words[0].bbox[0] < 0.08
