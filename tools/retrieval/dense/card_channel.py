"""The channels over tables and over figures: cosine of sentence embeddings of their cards.

Beside the passages of a page, which hold a table's rows and a figure's words, a card says what
the whole of it is about. Each kind is a channel, so that the route can ask for it alone.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.database import explained
from pagehop.tools.retrieval.channel import Match, Progress, Query, Scope
from pagehop.tools.retrieval.dense.card_store import CardStore, Deck, saying
from pagehop.tools.retrieval.dense.cards import CardKind, write_cards
from pagehop.tools.retrieval.dense.encoder import Encoder
from pagehop.tools.retrieval.derived import is_broken
from pagehop.tools.retrieval.facts import of_documents

FLOOR = 0.1  # cosine: what is less like the query has nothing to do with it

Result = TypeVar("Result")

_SAVED = 256  # vectors a transaction: what a kill can lose
_DIGITS = 6  # of a score: the order of equal cards must not hang on how a product was rounded


class CardShelf:
    """The cards of a catalogue with their vectors, for the channels that share them."""

    def __init__(self, catalogue: Catalogue, folder: Path, encoder: Encoder) -> None:
        self._catalogue = catalogue
        self._encoder = encoder
        self._store = CardStore(folder / "cards.sqlite3")
        self._seen: int | None = None  # the catalogue's generation that the cards answer for
        self._decks: dict[CardKind, tuple[tuple[int, int], Deck]] = {}  # kind -> state, cards
        self._lock = Lock()

    def update(self, progress: Progress | None = None) -> int:
        """Write and encode what is new; returns how many documents and cards that were."""
        changed = self.sync()
        encoded = self._encode(progress)
        self._store.forget_unused()
        return changed + encoded

    def sync(self) -> int:
        """Make the cards those of the catalogue now; returns how many documents changed."""
        with self._lock:
            generation = self._catalogue.generation()
            if generation == self._seen and self._store.path.exists():
                return 0
            changed = self._repaired(self._refresh)
            self._seen = generation
            return changed

    def nearest(self, text: str, kind: CardKind, scope: Scope) -> list[Match]:
        """The cards of a scope above the floor, best first; several of a page are possible."""
        deck = self._deck(kind)
        at = _inside(deck, scope)
        if not len(at):
            return []
        scores = np.round(deck.vectors[at] @ self._encoder.query(text), _DIGITS)
        order = np.argsort(-scores, kind="stable")  # of equal ones the earlier page comes first
        return [
            Match(
                document_id=deck.documents[at[one]],
                page=deck.pages[at[one]],
                score=float(scores[one]),
                region_id=deck.regions[at[one]],
            )
            for one in order[: int((scores > FLOOR).sum())]
        ]

    def problems(self) -> list[str]:
        """Cards without a vector, and why the file was made again."""
        missing = sum(map(len, self._store.without_vector(self._encoder.id).values()))
        said = []
        if missing:
            said.append(
                f"Tables and figures without a vector yet: {missing}. They are found by the words "
                "of their pages. Adding any file, or the same one again, makes the vectors."
            )
        if self._store.rebuilt:
            said.append(f"The cards of tables and figures were made again: {self._store.rebuilt}.")
        return said

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        self._store.close()

    def _refresh(self) -> int:
        # Of whole documents: a sentence of any page may mention a figure of another.
        there, written = of_documents(self._catalogue.page_digests()), self._store.digests()
        gone = written.keys() - there.keys()
        if gone:
            self._store.remove(gone)
        stale = [one for one, digest in there.items() if written.get(one) != digest]
        for document in stale:
            self._store.replace(document, there[document], write_cards(document, self._catalogue))
        return len(gone) + len(stale)

    def _encode(self, progress: Progress | None) -> int:
        waiting = self._store.without_vector(self._encoder.id)
        texts = {
            saying(card.text): card.text
            for document, unseen in waiting.items()
            for card in write_cards(document, self._catalogue)
            if saying(card.text) in unseen
        }
        keys, done = list(texts), 0
        unsaved: dict[bytes, NDArray[np.float32]] = {}
        for at, vectors in self._encoder.batches(list(texts.values())):
            unsaved |= {keys[one]: vector for one, vector in zip(at, vectors, strict=True)}
            done += len(at)
            if len(unsaved) >= _SAVED or done == len(keys):
                self._store.put_vectors(self._encoder.id, unsaved)
                unsaved = {}
            if progress:
                progress("Encoding tables and figures", done, len(keys))
        return len(keys)

    def _deck(self, kind: CardKind) -> Deck:
        self.sync()
        with self._lock:
            return self._repaired(partial(self._held, kind))

    def _held(self, kind: CardKind) -> Deck:
        state = self._store.state()
        held = self._decks.get(kind)
        if held is None or held[0] != state:
            held = (state, self._store.deck(self._encoder.id, kind))
            self._decks[kind] = held
        return held[1]

    def _repaired(self, task: Callable[[], Result]) -> Result:
        """Do it, once more with an empty file when it is damaged; a full disk is raised on."""
        try:
            return task()
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise explained(error, self._store.path) from error
            self._store.discard(str(error))
            self._refresh()
            return task()


class CardChannel:
    """Finds pages by what their tables, or their figures, are about."""

    floor = FLOOR
    weight = 0.07  # a light vote: measured, .05 to .1 helps below rank 1, more costs rank 1

    def __init__(self, shelf: CardShelf, kind: CardKind) -> None:
        self.name = f"dense-{kind}"
        self.modality: CardKind = kind
        self._shelf = shelf

    def update(self, progress: Progress | None = None) -> int:
        """Write and encode the cards that are new, of either kind; returns how much changed."""
        return self._shelf.update(progress)

    def search(self, query: Query, scope: Scope, k: int) -> Sequence[Match]:
        """At most `k` pages, each with the table or figure of it that is nearest to the query."""
        if not query.text.strip():
            return []
        pages: dict[tuple[str, int], Match] = {}
        for match in self._shelf.nearest(query.text, self.modality, scope):
            if len(pages) >= k:
                break
            place = (match.document_id, match.page)
            if place not in scope.without:
                pages.setdefault(place, match)
        return list(pages.values())

    def problems(self) -> Sequence[str]:
        """What is missing; said once, by the channel over tables."""
        return self._shelf.problems() if self.modality == "table" else ()

    def close(self) -> None:
        """Let go of the file."""
        self._shelf.close()


def card_channels(
    catalogue: Catalogue, folder: Path, encoder: Encoder
) -> tuple[CardChannel, CardChannel]:
    """The channels over tables and over figures of a catalogue."""
    shelf = CardShelf(catalogue, folder, encoder)
    return CardChannel(shelf, "table"), CardChannel(shelf, "figure")


def _inside(deck: Deck, scope: Scope) -> NDArray[np.intp]:
    """Which cards of a deck are of the documents of a scope."""
    if scope.documents is None:
        return np.arange(len(deck.regions))
    spans = [deck.spans[one] for one in sorted(scope.documents) if one in deck.spans]
    return np.concatenate([np.arange(*span) for span in spans] or [np.arange(0)])
