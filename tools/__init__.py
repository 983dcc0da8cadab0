"""What agents, graphs and programs use: the corpus, what is found in it, and the errors.

The names below are loaded when they are first used, so that importing the package is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pagehop.tools.boxes import BBox as BBox
    from pagehop.tools.corpus.corpus import Corpus as Corpus
    from pagehop.tools.corpus.progress import Progress as Progress
    from pagehop.tools.corpus.progress import StderrProgress as StderrProgress
    from pagehop.tools.corpus.records import Document as Document
    from pagehop.tools.corpus.records import Page as Page
    from pagehop.tools.corpus.records import Passage as Passage
    from pagehop.tools.corpus.records import Region as Region
    from pagehop.tools.corpus.records import Stage as Stage
    from pagehop.tools.corpus.records import Word as Word
    from pagehop.tools.corpus.report import AddedFile as AddedFile
    from pagehop.tools.corpus.report import AddReport as AddReport
    from pagehop.tools.errors import InputError as InputError
    from pagehop.tools.errors import PagehopError as PagehopError
    from pagehop.tools.evidence import Answer as Answer
    from pagehop.tools.evidence import Citation as Citation
    from pagehop.tools.evidence import Claim as Claim
    from pagehop.tools.evidence import Evidence as Evidence
    from pagehop.tools.evidence import Hop as Hop
    from pagehop.tools.evidence import Usage as Usage
    from pagehop.tools.retrieval.channel import Hit as Hit
    from pagehop.tools.retrieval.retriever import Found as Found
    from pagehop.tools.retrieval.retriever import Route as Route

_HOMES = {
    "BBox": "boxes",
    "Corpus": "corpus.corpus",
    "Progress": "corpus.progress",
    "StderrProgress": "corpus.progress",
    "Document": "corpus.records",
    "Page": "corpus.records",
    "Passage": "corpus.records",
    "Region": "corpus.records",
    "Stage": "corpus.records",
    "Word": "corpus.records",
    "AddedFile": "corpus.report",
    "AddReport": "corpus.report",
    "InputError": "errors",
    "PagehopError": "errors",
    "Answer": "evidence",
    "Citation": "evidence",
    "Claim": "evidence",
    "Evidence": "evidence",
    "Hop": "evidence",
    "Usage": "evidence",
    "Hit": "retrieval.channel",
    "Found": "retrieval.retriever",
    "Route": "retrieval.retriever",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  (type checkers read the imports above)


def __getattr__(name: str) -> object:
    """Load the module that a public name lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The public names."""
    return __all__
