"""The items of an answer that is a list, as people and models write lists."""

import re

from pagehop.evals.lists import written_list

_LINES = re.compile(r"[\n;]+")
_COMMAS = re.compile(r",(?!\d{3}\b)")
_COMMAS_AND = re.compile(r",(?!\d{3}\b)(?:\s*(?:and|or)\b)?|\band\b|&", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")


def readings(text: str) -> list[tuple[str, ...]]:
    """The ways in which a text may be read as a list: by lines, by commas, by commas and "and"."""
    written = written_list(text, bare=True)
    if written is not None:
        return [tuple(map(str, written))]
    return [_parts(mark, text) for mark in (_LINES, _COMMAS, _COMMAS_AND)]


def items(text: str) -> tuple[str, ...]:
    r"""The items of a list: its lines where it has several, else what commas and "and" part.

    >>> items("Ghent, Lille and Bruges"), items("['a', 'b']"), items("- a, b\n- c")
    (('Ghent', 'Lille', 'Bruges'), ('a', 'b'), ('a, b', 'c'))
    """
    found = readings(text)
    return found[0] if len(found[0]) > 1 else found[-1]


def _parts(mark: re.Pattern[str], text: str) -> tuple[str, ...]:
    return tuple(_BULLET.sub("", part).strip() for part in mark.split(text) if part.strip())
