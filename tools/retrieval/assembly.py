"""What a corpus searches with when nobody says otherwise: channels, signals, router."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.retrieval.channel import Channel
from pagehop.tools.retrieval.dense.card_channel import card_channels
from pagehop.tools.retrieval.dense.channel import DenseChannel
from pagehop.tools.retrieval.dense.encoder import Encoder
from pagehop.tools.retrieval.facts import Facts
from pagehop.tools.retrieval.naming import first_pages
from pagehop.tools.retrieval.naming.directory import Directory
from pagehop.tools.retrieval.ranking import Signal
from pagehop.tools.retrieval.routing.pilots import own_pilots
from pagehop.tools.retrieval.routing.router import Router
from pagehop.tools.retrieval.signals import statements
from pagehop.tools.retrieval.signals.counting import Counting
from pagehop.tools.retrieval.signals.documents import DocumentSignal
from pagehop.tools.retrieval.signals.neighbours import Neighbours
from pagehop.tools.retrieval.signals.opening import Opening
from pagehop.tools.retrieval.signals.sections import Sections
from pagehop.tools.retrieval.signals.statements import Statements
from pagehop.tools.retrieval.words.channel import LexicalChannel
from pagehop.tools.retrieval.words.expansion import corpus_vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All that a retriever puts together."""

    channels: Sequence[Channel]
    signals: Sequence[Signal] = ()
    directory: Directory | None = None  # None: documents are known by their names alone
    router: Router | None = None  # None: every channel is asked


def assemble(
    catalogue: Catalogue,
    folder: Path,
    *,
    encoder: str | None = None,
    further: Sequence[Channel] = (),
) -> Parts:
    """The parts of a corpus.

    Args:
        catalogue: the documents.
        folder: where derived indexes live; all of it can be deleted.
        encoder: a path or a name of a sentence encoder; None: all-MiniLM-L6-v2.
        further: channels beside the lexical and the dense ones.

    Raises:
        UnknownModelError: the encoder's weights are not on this machine.
        BadPilotsError: the corpus has pilot questions of its own, and they cannot be read.
        VocabularyError: the same of its vocabulary.
    """
    shared = Encoder(encoder)
    directory = Directory(catalogue, Facts(folder / "first_pages.sqlite3", first_pages.VERSION))
    vocabulary = corpus_vocabulary(folder.parent)
    router = Router(own_pilots(folder.parent), shared, cache=folder)
    return Parts(
        channels=(
            LexicalChannel(catalogue, folder, vocabulary),
            DenseChannel(catalogue, folder, shared, bank=router.middle),
            *card_channels(catalogue, folder, shared),
            *further,
        ),
        signals=(
            DocumentSignal(directory),
            Statements(
                catalogue, vocabulary, Facts(folder / "statements.sqlite3", statements.VERSION)
            ),
            Counting(catalogue),
            Opening(),
            Sections(catalogue),
            Neighbours(),
        ),
        directory=directory,
        router=router,
    )
