"""Passages become pages of one PDF, and the pages say what the passages said."""

import json

import pymupdf
import pytest

from pagehop.evals.passages import BOOK, Passage, PassageBook, read_passages
from pagehop.tools.errors import InputError, PathNotFoundError

LONG = " ".join(f"Sentence {n} speaks of salt & <bread>." for n in range(300))
PASSAGES = [
    Passage(id="a/1", title="Lumo River", text="The Lumo rises in the Čer hills, at 5 °C."),
    Passage(id="a/2", title="Ōtsuki", text="大月市は日本の市である。"),
    Passage(id="b/1", title="Salt", text=LONG),
]


def lines(rows):
    return "\n".join(json.dumps(row) for row in rows)


@pytest.fixture(scope="module")
def book():
    return PassageBook.of(PASSAGES)


def test_every_passage_is_one_page_with_all_its_text(book, tmp_path):
    book.write(tmp_path / BOOK)
    by_id = {passage.id: passage for passage in PASSAGES}
    with pymupdf.open(tmp_path / BOOK) as pdf:
        assert len(pdf) == len(PASSAGES)
        for number, page in enumerate(pdf, 1):
            passage = by_id[book.passages[number - 1].id]
            said = page.get_text(flags=pymupdf.TEXT_DEHYPHENATE).split()
            assert "".join(said) == "".join(f"{passage.title} {passage.text}".split())


def test_the_order_of_the_pages_is_not_that_of_the_file(book):
    assert PassageBook.of(PASSAGES[::-1]).passages == book.passages
    many = [Passage(id=str(n), title="", text="") for n in range(20)]
    assert PassageBook.of(many).passages != tuple(many)


def test_other_text_is_another_book(book):
    changed = PassageBook.of([*PASSAGES[:2], Passage(id="b/1", title="Salt", text="Salt.")])
    assert changed.digest != book.digest
    assert PassageBook.of(PASSAGES).digest == book.digest


def test_a_corpus_of_passages_is_made_once_and_finds_them(book, tmp_path):
    for _ in range(2):
        with book.corpus(tmp_path) as corpus:
            (hit, *_) = corpus.search("Where does the Lumo river rise?", 1)
            assert (hit.document, book.passages[hit.page - 1].id) == (BOOK, "a/1")
            assert len(corpus.documents()) == 1


def test_a_file_of_passages_is_read(tmp_path):
    rows = [{"id": p.id, "title": p.title, "text": p.text, "more": 1} for p in PASSAGES]
    (tmp_path / "corpus.jsonl").write_text(lines(rows), encoding="utf-8")
    assert read_passages(tmp_path / "corpus.jsonl") == tuple(PASSAGES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "1", "title": "T"}', r"line 1 is no passage \(KeyError: 'text'\)"),
        ("[1]", "line 1 is no passage"),
        ("nonsense", "line 1 is no passage"),
        (lines([{"id": 1, "title": "", "text": ""}] * 2), "line 2: the id '1' comes twice"),
    ],
)
def test_what_is_no_passage_is_said_with_its_line(tmp_path, text, said):
    (tmp_path / "corpus.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_passages(tmp_path / "corpus.jsonl")


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(PathNotFoundError, match="corpus"):
        read_passages(tmp_path / "corpus.jsonl")


def test_a_passage_that_no_page_can_hold_is_refused(tmp_path):
    book = PassageBook.of([Passage(id="x", title="", text="salt and bread " * 20_000)])
    with pytest.raises(InputError, match="'x' has 300000 characters"):
        book.write(tmp_path / BOOK)
