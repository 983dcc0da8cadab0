"""What of a crop is searched for: what a person says, and what the crop says besides.

What a person says in words overrules what stands in the crop.
"""

import re
from collections.abc import Sequence

from pagehop.tools.corpus.regions import caption_label
from pagehop.tools.retrieval.naming.mentions import mentions
from pagehop.tools.retrieval.naming.periods import without_periods
from pagehop.tools.retrieval.words.analysis import words
from pagehop.tools.retrieval.words.questions import stressed

_YEAR = re.compile(r"\b(?:FY\s?|CY\s?)?['\u2019]?(?:(?:19|20)\d\d)\b|\bFY\s?\d\d\b", re.IGNORECASE)
_QUARTER = re.compile(
    r"\b[1-4]Q\b|\bQ[1-4]\b|\b(?:first|second|third|fourth)\s+quarter\b", re.IGNORECASE
)
_FIGURE = re.compile(r"(?<![\w.])[($\u20ac\u00a3-]*\d[\d,.]*\s?%?\)?(?!\w)")


def merged(text: str, read: str, of: str = "") -> str:
    r"""What a person says, then what was read in the crop where the two do not disagree.

    The number of a caption goes: it is that document's own, and nobody asked for "Table 4". So
    does any other place that the crop names, such as the "page 7" at its foot.
    A year or quarter in the words replaces those in the crop. Where the words name that or anything
    else that the crop has not, its figures go too: another year's or another company's table has
    the same labels and other numbers. Where they name nothing but a year or quarter, whatever the
    crop's document is `of` stays as it is: that of another year has the same name.

    >>> merged("but for 2022?", "Net sales 2023 $ 383,285")
    'but for 2022? Net sales'
    >>> merged("and of Alder Mills?", "Net sales 2023 $ 383,285")
    'and of Alder Mills? Net sales 2023'
    >>> merged("but for 2022?", "Net sales 2023", of="Birch Looms")
    'but for 2022? Birch Looms Net sales'
    >>> merged("where else?", "Table 4: Net sales\n2023 $ 383,285\nSee Note 12")
    'where else? Net sales 2023 $ 383,285 See'
    """
    kept = "\n".join(_unlabelled(line) for line in read.splitlines())
    asked = [period for period in (_YEAR, _QUARTER) if period.search(text)]
    for period in asked:
        kept = period.sub(" ", kept)
    kept = _pointing_nowhere(kept)
    others = stressed(without_periods(text)) - set(words(read))
    if asked or others:
        years = _YEAR.findall(kept)
        kept = _FIGURE.sub(lambda found: _if_year(found.group(), years), kept)
        kept = re.sub(r"[$\u20ac\u00a3]", " ", kept)
    same = of if asked and not others else ""
    return " ".join([text.strip(), *same.split(), *kept.split()]).strip()


def _unlabelled(line: str) -> str:
    """A caption without its label, any other line as it is."""
    label = caption_label(line)
    if not label:
        return line
    number = label.split()[-1]
    return line[line.index(number) + len(number) :].lstrip(" :.|)\u2013\u2014-")


def _if_year(figure: str, years: Sequence[str]) -> str:
    """A figure that is a year nobody overruled stays; any other goes."""
    return figure if figure.strip() in years else " "


def _pointing_nowhere(read: str) -> str:
    """The words in one line, without the pages, tables and sections that they name."""
    kept, before = " ".join(read.split()), ""
    while kept != before:  # what is left may name another place
        before, named = kept, mentions(kept)
        said = [one.said for one in named.pages]
        said += [one.said for one in named.items]
        said += [one.said for one in named.sections]
        for place in sorted(said, key=len, reverse=True):
            kept = kept.replace(place, " ")
        kept = " ".join(kept.split())
    return kept
