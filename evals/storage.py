"""What a corpus takes on disk, a page."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pagehop.tools import Corpus

_JOURNAL = re.compile("-(wal|shm)$")


def bytes_a_page(corpus: Corpus) -> Mapping[str, float]:
    """Bytes a page of each part of the corpus's folder: catalogue, each index, originals, ..."""
    pages = sum(document.page_count for document in corpus.documents()) or 1
    sizes: Counter[str] = Counter()
    for path in corpus.path.rglob("*"):
        if path.is_file():
            sizes[_part(path.relative_to(corpus.path))] += path.stat().st_size
    return {name: size / pages for name, size in sorted(sizes.items()) if size}


def _part(path: Path) -> str:
    """The part that a file belongs to; SQLite's journals belong to their database."""
    named = path.parts[:2] if path.parts[0] == "index" else path.parts[:1]
    return _JOURNAL.sub("", "/".join(named))
