"""A question without the words that only say how to answer it.

"Round your answer to two decimal places" names nothing that stands on a page, but its words do
stand on pages: they pull a search away from what is asked.
"""

import re

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
      | (?:your\s+)?answers?\s+(?:should|must|in|with|as|to)\b{_END}
    )""",
    re.IGNORECASE | re.VERBOSE,
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
