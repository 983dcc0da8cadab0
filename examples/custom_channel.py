"""A retrieval channel of your own: pages that say it in the same words, to the letter.

The lexical channel stems words, splits "MX-4400/B" into its parts and forgets their order. A
person who types a part number, or half a sentence from memory, means exactly that. The class
below is all that it takes; `tests/tools/test_custom_channel.py` holds it to the contract.
"""

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pagehop.tools import Corpus, Stage
from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.channel import Match, Progress, Query, Scope

PAPER = Path(__file__).parents[1] / "samples" / "2023.findings-emnlp.248.pdf"
WORD = re.compile(r"\w+(?:[./-]\w+)*")


def spaced(words: Sequence[str]) -> str:
    """Words with a space around each, so that "rate" is not found in "separate"."""
    return f" {' '.join(words)} "


def longest_run(asked: Sequence[str], page: str) -> int:
    """How many neighbouring words of the question stand so on a page."""
    run = 0
    for start in range(len(asked)):
        while start + run < len(asked) and spaced(asked[start : start + run + 1]) in page:
            run += 1
    return run


class PhraseChannel:
    """Finds the pages with the longest run of the query's words."""

    name = "phrases"
    modality: Modality = "text"
    weight = 0.2
    floor = 0.0  # the score of a page that has none of the words
    always = True  # asked whatever the route says

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._pages: dict[tuple[str, int], tuple[str, str]] = {}  # place -> digest, words
        self._seen = -1  # the catalogue's generation that `_pages` is as of

    def update(self, progress: Progress | None = None) -> int:
        """Read the pages that are new or have changed, and forget those that are gone."""
        generation = self._catalogue.generation()
        if generation == self._seen:
            return 0
        digests = self._catalogue.page_digests()
        pages = {
            place: held for place, held in self._pages.items() if digests.get(place) == held[0]
        }
        fresh = [place for place in digests if place not in pages]
        for done, place in enumerate(fresh, start=1):
            words = WORD.findall(self._catalogue.page(*place).text.casefold())
            pages[place] = (digests[place], spaced(words))
            if progress:
                progress("Reading phrases", done, len(fresh))
        changed = len(fresh) + len(self._pages.keys() - digests.keys())
        self._pages, self._seen = pages, generation
        return changed

    def search(self, query: Query, scope: Scope, k: int) -> Sequence[Match]:
        """At most `k` pages, best first, and why each was found."""
        self.update()
        asked = WORD.findall(query.text.casefold())
        found = [
            Match(
                document_id=document,
                page=page,
                score=float(run),
                reason=f"has {run} of the words in a row",
            )
            for (document, page), (_, words) in self._pages.items()
            if (scope.documents is None or document in scope.documents)
            and (document, page) not in scope.without
            and (run := longest_run(asked, words))
        ]
        best = sorted(found, key=lambda match: (-match.score, match.document_id, match.page))
        return best[: max(k, 0)]

    def problems(self) -> Sequence[str]:
        """Nothing can be wrong with it: all that it knows, it has read in this process."""
        return ()

    def close(self) -> None:
        """It holds no file."""


def main(folder: str) -> None:
    """Search a paper with the channel beside the usual ones."""
    with Corpus(folder, channels=[lambda catalogue, _: PhraseChannel(catalogue)]) as corpus:
        corpus.add(PAPER, until=Stage.TEXT)  # text alone: the quickest stage
        for hit in corpus.search("faithful logical reasoning of GPT-4", k=3):
            print(f"{hit.document}, page {hit.page}: {hit.channels}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
