"""Lists written as text, as data sets and models write them: read, never run."""

import re

_LONGEST = 100_000  # characters
_ITEM = re.compile(
    r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|((?!['"])[^,\[\]]+?))\s*(,|\]\s*\Z)""",
    re.DOTALL,
)
_END = re.compile(r"\s*\]\s*\Z")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_WHOLE = re.compile(r"[+-]?\d{1,300}")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d{1,3})?")


def written_list(text: str, *, bare: bool = False) -> list[str | int | float] | None:
    r"""The items of a flat list as Python or JSON writes it; None where the text is no such list.

    Args:
        text: the whole text; it begins with a bracket and ends with one.
        bare: words without quotation marks are items too.

    >>> written_list("['Chart', \"Ann's\", 3, 0.5]")
    ['Chart', "Ann's", 3, 0.5]
    >>> written_list("[June, May]") is None, written_list("[June, May]", bare=True)
    (True, ['June', 'May'])
    """
    text = text.strip()
    if not text.startswith("[") or len(text) > _LONGEST:
        return None
    items: list[str | int | float] = []
    at = 1
    while not _END.match(text, at):
        found = _ITEM.match(text, at)
        item = None if found is None else _value(found, bare=bare)
        if found is None or item is None:
            return None
        items.append(item)
        if found[4] != ",":
            return items
        at = found.end()
    return items


def _value(found: re.Match[str], *, bare: bool) -> str | int | float | None:
    """What one item says; None for words without quotation marks where they are no item."""
    quoted = found[1] if found[1] is not None else found[2]
    if quoted is not None:
        return _ESCAPE.sub(_unescaped, quoted)
    word = found[3].strip()
    if _WHOLE.fullmatch(word):
        return int(word)
    if _DECIMAL.fullmatch(word):
        return float(word)
    return word if bare and word else None


def _unescaped(found: re.Match[str]) -> str:
    sign = found[1]
    return chr(int(sign[1:], 16)) if len(sign) > 1 else _ESCAPED.get(sign, sign)
