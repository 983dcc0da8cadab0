"""Crops as queries: python benchmarks/crops.py CORPUS QUESTIONS.jsonl FOLDER

CORPUS is a corpus that `pagehop add` has filled. Every gold box of QUESTIONS is cut out of its page
and searched for: does it find its own page? OCR takes seconds a crop; what it has read is kept in
FOLDER for the next run. With --crops N it is the first N in an order by chance, always the same,
so that a larger N asks for those and more.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from pagehop.evals.cases import prepare
from pagehop.evals.datasets.formats import PAGES, read_questions
from pagehop.evals.markdown import estimated, table
from pagehop.evals.resampling import Sample
from pagehop.tools import BBox, Corpus
from pagehop.tools.boxes import share_inside
from pagehop.tools.errors import BadPictureError, PagehopError
from pagehop.tools.retrieval.channel import Hit
from pagehop.tools.retrieval.crops import Crop, open_crop

DPI = 144  # at which a crop is cut out: about as a screen shows it
KEPT = "readings.json"
OTHER_YEAR = "but for 1987?"  # a year of no document: its own page is still the one most like it
TOP = 5
Ranks: TypeAlias = Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Cut:
    """A gold box."""

    document: str  # id
    page: int
    box: BBox

    @property
    def key(self) -> str:
        edges = " ".join(f"{edge:.5f}" for edge in self.box)
        return f"{self.document} {self.page} {edges}"


def main() -> None:
    options = arguments()
    try:
        print(measured(options))
    except PagehopError as error:
        sys.exit(f"crops.py: {error}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("folder", type=Path, help="where what OCR has read is kept")
    parser.add_argument("--format", choices=sorted(PAGES), default="devpack", help="of QUESTIONS")
    parser.add_argument("--crops", type=int, help="at most so many; else all")
    parser.add_argument("--pooled", action="store_true", help="search all documents, not its own")
    return parser.parse_args()


def measured(options: argparse.Namespace) -> str:
    """The tables: how often a crop finds its own page, by what is known of it."""
    with Corpus(options.corpus) as corpus:
        corpus.retriever.update(told)
        cuts = cut_out(options, corpus)[: options.crops]
        kinds = [kind(corpus, cut) for cut in cuts]
        read = readings(options.folder, corpus, cuts)
        ranks: dict[str, list[int | None]] = {}
        for done, (cut, text) in enumerate(zip(cuts, read, strict=True), start=1):
            for name, (words, crop) in ways(corpus, cut, text).items():
                ranks.setdefault(name, []).append(rank(corpus, cut, words, crop, options.pooled))
            told("Searching", done, len(cuts))
    shelf = "among all documents" if options.pooled else "within its document"
    head = f"{len(cuts)} crops of {len({cut.document for cut in cuts})} documents, {shelf}"
    silent = sum(not text for text in read)
    parts = [f"{head}; in {silent} OCR reads nothing"]
    for shown in ("all", *sorted(set(kinds))):
        chosen = [at for at, one in enumerate(kinds) if shown in ("all", one)]
        parts += [f"## {shown}: {len(chosen)} crops", found(ranks, cuts, chosen)]
    return "\n\n".join(parts)


def cut_out(options: argparse.Namespace, corpus: Corpus) -> list[Cut]:
    """The gold boxes, each once, in an order by chance."""
    questions = read_questions(options.questions, options.format)
    cases = prepare(questions, corpus, pooled=False).cases
    boxes = {
        Cut(*place, box) for case in cases for place, held in case.regions.items() for box in held
    }
    return sorted(boxes, key=lambda cut: hashlib.blake2b(cut.key.encode()).digest())


def kind(corpus: Corpus, cut: Cut) -> str:
    """What the layout has found in a box, or around it."""
    for region in corpus.regions(cut.document, cut.page):
        shared = max(share_inside(region.bbox, cut.box), share_inside(cut.box, region.bbox))
        if region.kind in ("table", "figure") and shared >= 0.5:
            return region.kind
    return "text"


def readings(folder: Path, corpus: Corpus, cuts: Sequence[Cut]) -> list[str]:
    """What OCR reads in each crop."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / KEPT
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    try:
        for done, cut in enumerate(cuts, start=1):
            if cut.key not in kept:
                kept[cut.key] = reading(corpus, cut)
                told("Reading", done, len(cuts))
    finally:
        path.write_text(json.dumps(kept))
    return [kept[cut.key] for cut in cuts]


def reading(corpus: Corpus, cut: Cut) -> str:
    picture = corpus.image(cut.document, cut.page, dpi=DPI, clip=cut.box)
    try:
        return open_crop(picture, corpus.farm).text
    except BadPictureError:  # a hair line
        return ""


def ways(corpus: Corpus, cut: Cut, read: str) -> Mapping[str, tuple[str, Crop]]:
    """The words and the crop of each way to search for it."""
    known = corpus.crop(cut.document, cut.page, cut.box)
    picture = replace(known, text=read, about="")
    caption = "\n".join(known.about.splitlines()[:1])
    return {
        "a picture, by OCR": ("", picture),
        "its caption or first line alone": ("", replace(picture, text="", about=caption)),
        "all that its document says of it": ("", replace(picture, text="", about=known.about)),
        "OCR and all that its document says": ("", replace(picture, about=known.about)),
        "a part of a page": ("", known),
        "a picture, for another year": (OTHER_YEAR, picture),
        "a part of a page, for another year": (OTHER_YEAR, known),
    }


def rank(corpus: Corpus, cut: Cut, words: str, crop: Crop, pooled: bool) -> int | None:
    """Where the crop's own page comes among the first hits; None: not among them."""
    within = None if pooled else [cut.document]
    hits = corpus.find(words, TOP, image=crop, documents=within).hits
    name = corpus.document(cut.document).name
    found = (at for at, hit in enumerate(hits, start=1) if is_of(hit, cut, name))
    return next(found, None)


def is_of(hit: Hit, cut: Cut, name: str) -> bool:
    own = (hit.document_id, hit.page) == (cut.document, cut.page)
    return own or (name, cut.page) in hit.copies


def found(ranks: Mapping[str, Ranks], cuts: Sequence[Cut], chosen: Sequence[int]) -> str:
    """The table of the ways, each crop counting once."""
    groups = [cuts[at].document for at in chosen]

    def cells(name: str) -> Iterator[str]:
        yield name
        for k in (1, TOP):
            of = [ranks[name][at] for at in chosen]
            yield estimated(
                Sample([float(one is not None and one <= k) for one in of], groups).micro()
            )

    return table(("searched for as", "R@1", f"R@{TOP}"), map(list, map(cells, ranks)))


def told(what: str, done: int, of: int) -> None:
    end = "\n" if done == of else ""
    print(f"\r{what}: {done:,} of {of:,}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
