"""Whether two short answers say the same."""

import re

from pagehop.agents.checks.numerals import numerals, spelled, stands_in

_WORD = re.compile(r"[^\W_]+")
_EMPTY = frozenset({"a", "an", "and", "the", "of", "in", "is", "are", "about"})


def agree(left: str, right: str) -> bool:
    """The same numbers where there are any, else words of which one answer has all of the other's.

    >>> agree("12.5 million", "about 12.5 million"), agree("12", "13"), agree("Oslo", "in Oslo")
    (True, False, True)
    """
    ours, theirs = (*numerals(left), *spelled(left)), (*numerals(right), *spelled(right))
    if ours or theirs:
        each = all(stands_in(n, theirs) for n in ours) and all(stands_in(n, ours) for n in theirs)
        return bool(ours) and bool(theirs) and each
    these, those = _words(left), _words(right)
    return bool(these and those) and (these <= those or those <= these)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold())) - _EMPTY
