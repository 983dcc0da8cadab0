"""Words into index terms: the same for pages, passages and queries.

A term is a stemmed word, a number, an identifier, or two neighbouring content words joined by
a space. Stop words are dropped first, so "cost of revenue" holds the pair "cost revenu".
"""

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from functools import lru_cache
from hashlib import blake2b

import snowballstemmer

VERSION = 1  # of the terms: an index made with another one is rebuilt
OTHERS = -1  # no term's hash

STOP_WORDS = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before
    being below between both but by can cannot could did do does doing don down during each etc
    few for from further had has have having he her here hers herself him himself his how i if in
    into is it its itself just let me more most my myself no nor not now of off on once only or
    other ought our ours ourselves out over own per please same shall she should so some such than
    that the their theirs them themselves then there these they this those through to too under
    until up upon us very was we were what when where whether which while who whom whose why will
    with would you your yours yourself yourselves s t d ll m re ve
    dont doesnt didnt isnt arent wasnt werent cant wont wouldnt couldnt shouldnt hasnt havent hadnt
    many much according given following document page show shown tell
    """.split()  # noqa: SIM905 - a page of quotes would hide the words
)

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(
    rf"[{_CJK}]+"
    r"|\d+(?:[.,:/]\d+)+%?|\d+%"  # 1,214  3.5%  12/31/2023
    rf"|(?:(?![{_CJK}])\w)+(?:[-./&'\u2019](?:(?![{_CJK}])\w)+)*",
    re.UNICODE,
)
_PART = re.compile(r"[^\W_]+", re.UNICODE)
_SWITCH = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])", re.UNICODE)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?%?$")

_stemmer = snowballstemmer.stemmer("english")
_stemming = threading.Lock()  # a Snowball stemmer keeps the word it works on


def terms(text: str) -> list[str]:
    """All terms of a text, in reading order, pairs after the words they join.

    >>> terms("Costs of revenue: 1,214 (up 3.5%)")[:5]
    ['cost', 'revenu', 'cost revenu', '1214', 'revenu 1214']
    """
    found: list[str] = []
    before = ""
    for sequence, extra in _tokens(text):
        for term in sequence:
            found.append(term)
            if before:
                found.append(f"{before} {term}")
            before = term
        found.extend(extra)
    return found


def words(text: str) -> list[str]:
    """The single-word terms of a text, without pairs."""
    return [term for sequence, extra in _tokens(text) for term in (*sequence, *extra)]


def counted(text: str) -> Counter[int]:
    """The hashes of a text's terms and how often each occurs."""
    return Counter(map(term_hash, terms(text)))


def counted_among(text: str, wanted: Collection[int]) -> Counter[int]:
    """How often a text has each of some terms; all its others are counted as `OTHERS`.

    The same as `counted` where a score needs only the query's terms and the length of the text,
    in a third of the time: no pair is hashed that cannot be wanted.

    Args:
        text: of a passage.
        wanted: hashes of terms; of a pair those of its words too, as `counted` gives them.
    """
    counts: Counter[int] = Counter()
    total, before = 0, ""
    for token in _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()):
        sequence, extra = _token_hashes(token)
        for term, own in sequence:
            total += 2 if before else 1
            if own in wanted:
                counts[own] += 1
                if before and (pair := term_hash(f"{before} {term}")) in wanted:
                    counts[pair] += 1
            before = term
        if extra:
            total += len(extra)
            counts.update(own for own in extra if own in wanted)
    counts[OTHERS] = total - counts.total()
    return counts


@lru_cache(maxsize=1 << 17)
def term_hash(term: str) -> int:
    """A term as 48 bits: a small SQLite integer; two of 10 million terms share one by 1 in 6."""
    return int.from_bytes(blake2b(term.encode(), digest_size=6).digest())


def _tokens(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Per token: its terms in order (they form pairs), and spellings beside them (they do not)."""
    for match in _TOKEN.finditer(unicodedata.normalize("NFKC", text).casefold()):
        yield _token_terms(match.group())


@lru_cache(maxsize=1 << 16)
def _token_terms(token: str) -> tuple[list[str], list[str]]:
    if "\u3040" <= token[0] <= "\uf9ff" and token[0].isalpha():
        return [], _character_pairs(token)
    if token[0].isdigit() and (token.isdecimal() or not any(map(str.isalpha, token))):
        return _number(token)
    return _word(token)


@lru_cache(maxsize=1 << 16)
def _token_hashes(token: str) -> tuple[list[tuple[str, int]], list[int]]:
    """The same as `_token_terms` with the hashes."""
    sequence, extra = _token_terms(token)
    return [(term, term_hash(term)) for term in sequence], list(map(term_hash, extra))


def _character_pairs(run: str) -> list[str]:
    """Text without spaces is indexed by overlapping pairs of characters."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def _number(token: str) -> tuple[list[str], list[str]]:
    """1,214 is 1214 too; 3.5% is 3.5 too; 10-20 and 12/31/2023 are their parts too."""
    plain = token.replace(",", "") if _GROUPED.match(token) else token
    bare = plain.rstrip("%")
    if bare.isdecimal() or re.fullmatch(r"\d+[.,]\d+", bare):
        return [bare], [plain] if plain != bare else []
    return _PART.findall(bare), [bare]


def _word(token: str) -> tuple[list[str], list[str]]:
    """A compound is its parts (in order) and the whole, joined: "multi-hop" is "multihop" too."""
    token = (
        re.sub(r"['\u2019]s?$|['\u2019]s(?=\W)", "", token).replace("'", "").replace("\u2019", "")
    )
    parts = _PART.findall(token)
    if len(parts) == 1:
        sequence = [_stem(parts[0])] if parts[0] not in STOP_WORDS else []
        pieces = _SWITCH.split(parts[0]) if parts[0].isalnum() else []
        return sequence, pieces if len(pieces) > 1 else []
    content = [_stem(part) for part in parts if part not in STOP_WORDS]
    return content, [_stem("".join(parts))] if len(parts) > 1 else []


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    if not word.isalpha():
        return word
    with _stemming:
        return str(_stemmer.stemWord(word))
