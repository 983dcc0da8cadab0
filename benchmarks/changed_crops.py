"""Crops with words that change them: python benchmarks/changed_crops.py CORPUS FOLDER

CORPUS is a corpus that `pagehop add` has filled, with some filings in it; FOLDER holds the copies
that benchmarks/filings.py makes of them, with other years, other numbers and other companies. Each
table that is taken of a filing is asked for as it is in a copy: "but for 2022?", "but of Harmon".
The page with the copy of the table is the right one. The table's own page is no hit.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from filings_corpus import Filing, planned

from pagehop.evals.markdown import estimated, table
from pagehop.evals.resampling import Sample
from pagehop.tools import Corpus
from pagehop.tools.boxes import area
from pagehop.tools.corpus.records import Region
from pagehop.tools.errors import PagehopError
from pagehop.tools.retrieval.channel import Hit
from pagehop.tools.retrieval.crops import Crop

LARGE = 0.06  # of a page: smaller tables have too little in them to be the same again
TOP = 5
YEARS = (-1, 1)  # by which the copies that are asked for are moved
WAYS = (
    "the words alone",
    "a part of a page alone",
    "a picture of nobody knows what, and the words",
    "a part of a page, and the words",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A table of a filing, and a copy of it that is asked for."""

    kind: str  # what is different
    words: str
    region: Region  # of the filing itself
    wanted: tuple[str, int]  # document id, page
    source: str


def main() -> None:
    options = arguments()
    try:
        print(measured(options))
    except PagehopError as error:
        sys.exit(f"changed_crops.py: {error}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path, help="where filings.py has made the copies")
    parser.add_argument("--tables", type=int, default=3, help="of each filing, by chance")
    return parser.parse_args()


def measured(options: argparse.Namespace) -> str:
    """The tables: how often the table as it was asked for is found."""
    with Corpus(options.corpus) as source, Corpus(options.folder) as copies:
        copies.retriever.update(told)
        asked = list(questions(source, copies, options.tables))
        hits: dict[str, list[Sequence[Hit]]] = {way: [] for way in WAYS}
        for done, one in enumerate(asked, start=1):
            place = (one.region.document_id, one.region.page)
            crop = source.crop(*place, one.region.bbox)
            for way, (words, image) in zip(WAYS, ways(one.words, crop), strict=True):
                found = copies.find(words, TOP, image=image, without={place})
                hits[way].append(found.hits)
            told("Searching", done, len(asked))
        shelf = f"{len(asked)} crops, asked of {len(copies.documents())} filings"
    parts = [shelf]
    for kind in dict.fromkeys(one.kind for one in asked):
        chosen = [at for at, one in enumerate(asked) if one.kind == kind]
        rows = [[way, *measures(asked, hits[way], chosen)] for way in WAYS]
        head = ("searched for", "document@1", "R@1", f"R@{TOP}")
        parts += [f"## Another {kind}: {len(chosen)} crops", table(head, rows)]
    return "\n\n".join(parts)


def ways(words: str, crop: Crop) -> Iterator[tuple[str, Crop | None]]:
    """Words and crop of each way; a picture is taken to be read without a fault."""
    yield words, None
    yield "", crop
    yield words, replace(crop, about="", of="")
    yield words, crop


def questions(source: Corpus, copies: Corpus, tables: int) -> Iterator[Asked]:
    """Each copy that differs in the year alone, or in the company alone, by some of its tables."""
    for filing in planned(source.documents()):
        changed = change(filing)
        if changed is None:
            continue
        identity = copies.document(filing.name).id
        for region in by_chance(source.regions(filing.source.id))[:tables]:
            yield Asked(*changed, region, (identity, region.page), filing.source.name)


def change(filing: Filing) -> tuple[str, str] | None:
    """What is different in a copy, and the words that ask for it."""
    company = filing.company[1]
    if company:
        return None if filing.years else ("company", f"but of {company.title()}")
    year = re.search(r"_(\d{4})", filing.name)
    if filing.years not in YEARS or year is None:
        return None
    return "year", f"but for {year[1]}?"


def by_chance(regions: Sequence[Region]) -> list[Region]:
    """The large tables, always in the same order."""
    large = [one for one in regions if one.kind == "table" and area(one.bbox) > LARGE]
    return sorted(large, key=lambda one: hashlib.blake2b(one.id.encode()).digest())


def measures(
    asked: Sequence[Asked], hits: Sequence[Sequence[Hit]], chosen: Sequence[int]
) -> Iterator[str]:
    """How often the right document is first, the right page is, and it is among the first."""
    groups = [asked[at].source for at in chosen]
    places = [[(hit.document_id, hit.page) for hit in hits[at]] for at in chosen]
    wanted = [asked[at].wanted for at in chosen]
    pairs = list(zip(wanted, places, strict=True))
    for right in (
        [any(place[0] == one[0] for place in found[:1]) for one, found in pairs],
        [one in found[:1] for one, found in pairs],
        [one in found for one, found in pairs],
    ):
        yield estimated(Sample([float(each) for each in right], groups).micro())


def told(what: str, done: int, of: int) -> None:
    end = "\n" if done == of else ""
    print(f"\r{what}: {done:,} of {of:,}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
