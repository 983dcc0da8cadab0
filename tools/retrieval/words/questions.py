"""What of a question is searched for: which words only say how to answer, which count more.

"Round your answer to two decimal places" names nothing that stands on a page, but its words do
stand on pages: they pull a search away from what is asked. Names, numbers and quoted words are
what a page must have to answer; the words around them a page may say differently.
"""

import re

from pagehop.tools.retrieval.words.analysis import terms, words

_SHORTEST = 3  # words; what is left must still be a question

_END = r"[^?!]*?(?:[.?!](?=\s|$)|$)"  # to the end of the sentence, decimals and "e.g." inside
_FORM = (
    r"(?:answers?|decimals?|format(?:ted)?|lists?|integers?|int|numbers?|percent(?:age)?s?|"
    r"digits?|words?|sentences?|nearest)"
)
_INSTRUCTION = re.compile(
    rf"""(?:^|(?<=[.?!;,])|(?<=\s))\s*(?:please\s+)?(?:
        (?:round(?:ed)?|format|write|give|express|present|return|provide|report|enumerate)\b
            (?=[^.?!]*\b{_FORM}\b)(?![^.?!]*\?){_END}
      | list\b(?=[^.?!]*\bin\s+(?:(?:a|the|python)\s+)?list\b)(?![^.?!]*\?){_END}
      | (?:your\s+)?answers?\s+(?:should|must|in|with|as|to)\b(?![^.?!]*\?){_END}
    )""",
    re.IGNORECASE | re.VERBOSE,
)

_NAME = re.compile(r"(?<!^)(?<![.?!:]\s)\b[A-Z][\w&-]+|\d[\d,.]*%?")
_QUOTED = re.compile(
    r"[\"\u201c\u201e\u00ab\u2018]([^\"\u201d\u201c\u00bb\u2019]{3,80})[\"\u201d\u201c\u00bb\u2019]"
    r"|(?<!\w)'([^']{3,80})'(?!\w)"
)


def without_instructions(question: str) -> str:
    """The question without sentences about the form of the answer; itself if nothing is left.

    >>> without_instructions("What is the tax rate? Round your answer to 2 decimal places.")
    'What is the tax rate?'
    >>> without_instructions("Write the answer in list format.")
    'Write the answer in list format.'
    """
    left = " ".join(_INSTRUCTION.sub(" ", question).split())
    return left if len(left.split()) >= _SHORTEST else question


def stressed(question: str) -> frozenset[str]:
    """The index terms of a question's names, numbers and quoted words.

    A name is a word with a capital letter that does not begin a sentence.

    >>> sorted(stressed("How many stores had Best Buy in 2023?"))
    ['2023', 'best', 'buy']
    """
    found: set[str] = set()
    for name in _NAME.findall(question):
        found.update(words(name))
    for double, single in _QUOTED.findall(question):
        found.update(terms(double or single))
    return frozenset(found)
