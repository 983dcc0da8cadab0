"""Near-identical filings made of real ones: other years, other numbers, other companies.

The filings of a corpus are known by names as FinanceBench gives them: COMPANY_YEAR_KIND.pdf, a
quarter behind the year. Each is kept as it is; its copies have every year moved, every number
drawn anew (the same one for the same number throughout a filing, so that a page, its passages and
its tables still agree), and some another company's name. Nothing but text is copied: layout and
boxes are those of the original, and every vector is made from the text that it stands for.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path, PurePath

from pagehop.tools import Corpus, Document
from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Passage, Region
from pagehop.tools.errors import InputError

MOVED = (-2, -1, 1, 2)  # years
RENAMED = (-1, 0, 1)  # years of the copies under another company's name
OTHERS = ("HARMON", "TARGETON", "VERIDIA")  # companies that are not; one a real company's reports

_FILING = re.compile(r"([A-Z0-9&]+)_((?:19|20)\d\d)(Q[1-4])?_([A-Z0-9]+)", re.IGNORECASE)
_ANNUAL = "10K"
_YEAR = r"(?<![\d,.$])(?:19[89]\d|20[0-4]\d)(?![\d%]|[,.]\d)"
_SHORT_YEAR = r"(?<=FY)\d\d(?![\d%])|(?<=FY['\u2019])\d\d(?![\d%])"
_NUMBER = r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?|\b\d{2,}\.\d+\b|\b\d{3,}\b"
_VARIED = re.compile(f"(?P<year>{_YEAR})|(?P<short>{_SHORT_YEAR})|{_NUMBER}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """One filing to be made: a document of the source, as it is or varied."""

    name: str
    source: Document
    years: int = 0  # by which it is moved
    company: tuple[str, str] = ("", "")  # as the source's name has it, and what it is called now

    def varied(self, text: str) -> str:
        """A text of the source as it stands in this filing."""
        if self.name == self.source.name:
            return text
        text = _VARIED.sub(self._other, text)
        old, new = self.company
        return re.sub(_spelt(old), new.title(), text, flags=re.IGNORECASE) if new else text

    def _other(self, found: re.Match[str]) -> str:
        if found["year"]:
            return str(int(found["year"]) + self.years)
        if found["short"]:
            return f"{(int(found['short']) + self.years) % 100:02}"
        draw = random.Random(f"{self.name} {found.group()}")
        return "".join(str(draw.randint(1, 9)) if c.isdigit() else c for c in found.group())


def planned(documents: Sequence[Document]) -> list[Filing]:
    """The filings to be made of those among these documents; no two have one name.

    Raises:
        InputError: none of the documents has the name of a filing.
    """
    real = {one.name: (one, found) for one in documents if (found := _FILING.match(one.name))}
    if not real:
        there = ", ".join(repr(one.name) for one in documents[:3]) or "no document"
        raise InputError(
            "The corpus has no filing: none of its names is like 'COMPANY_2018_10K.pdf'. "
            f"It has {there}."
        )
    made = {name: Filing(name=name, source=source) for name, (source, _) in real.items()}
    for source, parts in real.values():
        for years in MOVED:
            _put(made, source, parts, years, parts[1])
    for (source, parts), other in zip(_reports(list(real.values())), _others(real), strict=False):
        for years in RENAMED:
            _put(made, source, parts, years, other)
    return list(made.values())


def make(source: Corpus, folder: Path, told: Callable[[int, int], None]) -> None:
    """Fill the catalogue of a new corpus with the filings; `told` how many of how many are done.

    Raises:
        InputError: the source has no filing.
    """
    plan = planned(source.documents())
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    catalogue = Catalogue(_fresh(unfinished) / "catalogue.sqlite3")
    for done, filing in enumerate(plan, 1):
        copy(filing, source.catalogue, catalogue)
        told(done, len(plan))
    catalogue.close()
    unfinished.rename(folder)


def copy(filing: Filing, source: Catalogue, target: Catalogue) -> Document:
    """Enter one filing with its pages, regions and passages."""
    own, varied = filing.source, filing.varied
    name = filing.name.encode()
    identity = own.id if filing.name == own.name else blake2b(name, digest_size=16).hexdigest()
    document = replace(own, id=identity, names=(filing.name,), title=varied(own.title), linked="")
    target.register(document, f"{identity}.pdf")
    for page in source.pages(own.id):
        regions = [_region(one, identity, varied) for one in source.regions(own.id, page.number)]
        passages = [_passage(one, identity, varied) for one in source.passages(own.id, page.number)]
        fresh = replace(
            page,
            document_id=identity,
            text=varied(page.text),
            hidden_text=varied(page.hidden_text),
            outline=tuple(map(varied, page.outline)),
        )
        target.put_page(fresh, (), regions, passages)
    return document


def _put(
    made: dict[str, Filing], source: Document, parts: re.Match[str], years: int, company: str
) -> None:
    """Plan a copy, unless there is a filing of that company and time."""
    own, year, quarter, kind = parts.groups(default="")
    name = f"{company}_{int(year) + years}{quarter}_{kind}{PurePath(source.name).suffix}"
    renamed = (own, company) if company != own else ("", "")
    made.setdefault(name, Filing(name=name, source=source, years=years, company=renamed))


def _reports(
    real: Sequence[tuple[Document, re.Match[str]]],
) -> list[tuple[Document, re.Match[str]]]:
    """The latest annual report of each company."""
    annual = [one for one in real if one[1][4].upper() == _ANNUAL]
    latest = {one[1][1]: one for one in sorted(annual, key=lambda one: one[1][2])}
    return [latest[company] for company in sorted(latest)]


def _others(real: dict[str, tuple[Document, re.Match[str]]]) -> Iterator[str]:
    """Companies to be: one that has other filings here, but no annual report, then inventions."""
    companies = {parts[1] for _, parts in real.values()}
    annual = {parts[1] for _, parts in real.values() if parts[4].upper() == _ANNUAL}
    yield from sorted(companies - annual)[:1]
    yield from OTHERS


def _spelt(company: str) -> str:
    """A company's name as it may be written: BESTBUY as Best Buy."""
    return r"(?<!\w)" + r"[\s&.'\u2019-]{0,3}".join(map(re.escape, company)) + r"(?:\.com)?(?!\w)"


def _region(region: Region, identity: str, varied: Callable[[str], str]) -> Region:
    return replace(
        region,
        id=_moved(region.id, region.document_id, identity),
        document_id=identity,
        text=varied(region.text),
        caption=varied(region.caption),
        cells=tuple(tuple(map(varied, row)) for row in region.cells),
        markdown=varied(region.markdown),
    )


def _passage(passage: Passage, identity: str, varied: Callable[[str], str]) -> Passage:
    old = passage.document_id
    return replace(
        passage,
        id=_moved(passage.id, old, identity),
        document_id=identity,
        text=varied(passage.text),
        heading=tuple(map(varied, passage.heading)),
        region_id=passage.region_id and _moved(passage.region_id, old, identity),
    )


def _moved(item: str, old: str, new: str) -> str:
    """The id of a region or passage in the copy: they begin with that of their document."""
    return new + item.removeprefix(old)


def _fresh(folder: Path) -> Path:
    """An empty folder, in place of what a run that was ended has left there."""
    for path in folder.glob("*"):
        path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
