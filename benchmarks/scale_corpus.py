"""A large corpus made of the pages of a real one, each of them varied.

No text is there twice: sentences change places, a quarter of the content words are drawn anew
from running text, one in a hundred is a word that never was (so that the vocabulary grows as it
does in real collections), names change per document, numbers change always. A varied passage's
vector is the real one's, moved towards another real passage and renormalised: encoding 200,000
passages takes half an hour on two cores and would say nothing about searching them.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Document, Page, Passage, Stage

PAGES_A_DOCUMENT = 41_005 / 3_368  # as in M3DocVQA
NEAR, OFF, NOISE = 0.8, 0.45, 0.05  # of the real vector, another one, and neither
REDRAWN, INVENTED = 0.25, 0.01  # shares of the content words
KINDS = ("annual_report", "10K", "guide", "slides", "paper", "brochure")

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
_SYLLABLES = [first + vowel for first in "bcdfgklmnprstvz" for vowel in "aeiou"]


@dataclass(frozen=True)
class Source:
    """The real corpus: its pages with their passages, and the passages' vectors."""

    pages: Sequence[Sequence[tuple[Page, Sequence[Passage]]]]  # by document
    vectors: dict[str, NDArray[np.float32]]  # by passage id
    encoder: str

    @cached_property
    def running(self) -> list[str]:
        """All content words, as often as they occur."""
        texts = (one.text for pages in self.pages for _, some in pages for one in some)
        return [word for text in texts for word in _TOKEN.findall(text) if _is_content(word)]

    @cached_property
    def matrix(self) -> NDArray[np.float32]:
        """The vectors, (passages, dim)."""
        return np.stack(list(self.vectors.values()))


def read(folder: Path, encoder: str) -> Source:
    """A corpus that `pagehop add` has filled."""
    catalogue = Catalogue(folder / "catalogue.sqlite3")
    pages = []
    for document in catalogue.documents():
        passages: dict[int, list[Passage]] = {}
        for passage in catalogue.passages(document.id):
            passages.setdefault(passage.page, []).append(passage)
        pages.append([(one, passages.get(one.number, [])) for one in catalogue.pages(document.id)])
    ids, vectors = catalogue.vectors(encoder)
    catalogue.close()
    return Source(pages, dict(zip(ids, vectors, strict=True)), encoder)


def make(
    source: Source, folder: Path, pages: int, told: Callable[[int], None], seed: int = 0
) -> None:
    """Fill the catalogue of a new corpus with so many pages; `told` how many there are."""
    folder.mkdir(parents=True)
    catalogue, done = Catalogue(folder / "catalogue.sqlite3"), 0
    count = max(1, round(pages / PAGES_A_DOCUMENT))
    for number, length in enumerate(_lengths(pages, count, random.Random(seed))):
        add_document(source, catalogue, seed * 1_000_000 + number, length)
        done += length
        told(done)
    catalogue.close()


def add_document(source: Source, catalogue: Catalogue, number: int, length: int) -> Document:
    """Add one varied document, with its vectors, as an ingest would."""
    draw = random.Random(number)
    variation = Variation(source.running, draw)
    own = draw.choice(source.pages)
    start = draw.randrange(len(own))
    identity = blake2b(number.to_bytes(8, "big"), digest_size=16).hexdigest()
    document = Document(
        id=identity,
        names=(variation.name(number),),
        kind="pdf",
        page_count=length,
        title=" ".join(draw.sample(source.running, 5)),
        bytes=length * 100_000,
        outcome="indexed",
    )
    catalogue.register(document, f"{identity}.pdf")
    vectors: dict[str, NDArray[np.float32]] = {}
    for at in range(length):
        page, passages = own[(start + at) % len(own)]
        varied = [
            replace(
                passage,
                id=f"{identity}:{at + 1}:p{order}",
                document_id=identity,
                page=at + 1,
                text=variation.text(passage.text),
                region_id=None,
            )
            for order, passage in enumerate(passages)
        ]
        text = "\n".join(one.text for one in varied)
        fresh = replace(page, document_id=identity, number=at + 1, text=text, stage=Stage.OCR)
        catalogue.put_page(fresh, (), (), varied)
        for old, new in zip(passages, varied, strict=True):
            vectors[new.id] = _moved(source.vectors[old.id], source.matrix, draw)
    catalogue.put_vectors(source.encoder, vectors)
    return document


class Variation:
    """How the words of one document are changed."""

    def __init__(self, running: Sequence[str], draw: random.Random) -> None:
        self._running = running
        self._draw = draw
        self._names: dict[str, str] = {}

    def text(self, text: str) -> str:
        """The text with its sentences in another order and other words in them."""
        sentences = re.split(r"(?<=[.!?])\s+", text)
        self._draw.shuffle(sentences)
        return "".join(map(self._word, _TOKEN.findall(" ".join(sentences))))

    def name(self, number: int) -> str:
        """A file name like those of reports: who, when, what, and a number that tells twins."""
        who = "_".join(
            word.title() for word in (self._invented(), self._draw.choice(self._running))
        )
        return f"{who}_{self._draw.randint(2005, 2025)}_{self._draw.choice(KINDS)}_{number}.pdf"

    def _word(self, word: str) -> str:
        if word.isdigit():
            return str(self._draw.randrange(10 ** (len(word) - 1), 10 ** len(word)))
        if not _is_content(word):
            return word
        if word[0].isupper():
            if word not in self._names:
                self._names[word] = self._other(word, 3).title()
            return self._names[word]
        return self._other(word, 1)

    def _other(self, word: str, times: int) -> str:
        chance = self._draw.random()
        if chance < INVENTED * times:
            return self._invented()
        return self._draw.choice(self._running) if chance < REDRAWN * times else word

    def _invented(self) -> str:
        return "".join(self._draw.choices(_SYLLABLES, k=self._draw.randint(3, 5)))


def _is_content(word: str) -> bool:
    return word.isalpha() and len(word) > 3


def _moved(
    vector: NDArray[np.float32], others: NDArray[np.float32], draw: random.Random
) -> NDArray[np.float32]:
    noise = np.random.default_rng(draw.getrandbits(64)).normal(size=vector.size)
    noise *= NOISE / np.linalg.norm(noise)
    moved = NEAR * vector + OFF * others[draw.randrange(len(others))] + noise
    return np.asarray(moved / np.linalg.norm(moved), dtype=np.float32)


def _lengths(pages: int, documents: int, draw: random.Random) -> Iterator[int]:
    """Pages of each document: few have many, and together they have `pages`."""
    shares = [draw.lognormvariate(0, 0.8) for _ in range(documents)]
    whole, used = sum(shares), 0
    for number, share in enumerate(shares):
        left = documents - number - 1
        length = round(pages * share / whole) if left else pages - used
        length = max(1, min(length, pages - used - left))
        used += length
        yield length
