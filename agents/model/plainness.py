"""Which questions need no plan: one fact at one place, told by the question's own words.

The rule is one-sided. A question that it lets through costs one model call less; one that it
keeps is planned by the model, which is never wrong, only slower. So whatever it does not know,
another language included, it keeps.
"""

import re
from collections.abc import Sequence

from pagehop.agents.team import AnswerForm, Plan, SubQuestion
from pagehop.tools.corpus.wording import pieces

LONGEST = 22  # words
OFS = 3  # so many "of" hint at a chain of facts

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
_OPENING = re.compile(
    r"(?:(?:according to|in|on|from|for) [^,?]{1,60}, ?)?"
    r"(?P<asks>who|when|where|which|what|how (?:much|long|far|old|high|large|big|tall|often))\b",
    re.IGNORECASE,
)
_SHORT = re.compile(r"\b(?:[A-Z]|No|Fig|Dr|Mr|Ms|St|Inc|Co)\.\s")  # a full stop that ends nothing
_STOP = re.compile(r"[?!.;:]\s+\S")
_QUESTIONS = frozenset(pieces("who whom whose when where which what why how"))
# Two facts, a fact about a fact, or something that is worked out from several.
_JOINING = frozenset(
    pieces(
        """and or nor but than versus vs both either neither each every respectively between among
    compare compared comparison same different difference differ also while whereas if then
    that after before since until during except excluding besides other another others
    instead without not"""
    )
)
_WORKED_OUT = frozenset(
    pieces(
        """total sum altogether combined combine overall average mean median ratio multiple times
    change changes changed increase increased decrease decreased growth grow grew grown drop
    dropped rise rose decline declined gain cagr margin per turnover round rounded outstanding
    more less fewer most least highest lowest largest smallest biggest greatest longest shortest
    higher lower larger smaller greater rank ranked ranking order many count counts exceed
    exceeds"""
    )
)
_WHOLE = frozenset(
    pieces(
        """all list lists enumerate summarize summarise summary overview throughout entire whole
    mentioned pages slides figures tables charts documents reports sections chapters appear
    appears appeared repeat describe explain"""
    )
)
_KEEPS = _JOINING | _WORKED_OUT | _WHOLE
_FORMS: dict[str, AnswerForm] = {"who": "name", "when": "date", "how much": "number"}


def is_plain(question: str, documents: Sequence[str] = ()) -> Plan | None:
    """A plan of one sub-question, the question itself; None where a model should plan.

    Args:
        question: standing on its own.
        documents: names of those that may be searched; a question that names two compares.

    >>> is_plain("When was the company founded?") is not None
    True
    >>> is_plain("Who runs the company that was founded in Oslo?") is None
    True
    """
    asked = " ".join(question.split())
    opening = _OPENING.match(asked)
    words = [word.casefold().replace("\u2019", "'") for word in _WORD.findall(asked)]
    if opening is None or len(words) > LONGEST or not _is_one_clause(asked, words):
        return None
    if _KEEPS.intersection(words) or _named(asked, documents) > 1:
        return None
    form = _FORMS.get(" ".join(opening["asks"].casefold().split()), "free")
    return Plan(sub_questions=(SubQuestion(id="q1", question=asked, form=form),))


def _is_one_clause(asked: str, words: Sequence[str]) -> bool:
    """Whether one thing is asked, of one thing."""
    if re.search(
        r"[?!.;:]\s+\S", re.sub(r"\b(?:[A-Z]|No|vs|Fig|Dr|Mr|Ms|St|Inc|Co)\.\s", "", asked)
    ):
        return False
    bare = [word.removesuffix("'s") for word in words]
    asking = sum(word in _QUESTIONS for word in bare)
    owners = sum(
        word != own and own not in _QUESTIONS for word, own in zip(words, bare, strict=True)
    )
    return asking == 1 and owners < 2 and words.count("of") < OFS and asked.count(",") < 2


def _named(asked: str, documents: Sequence[str]) -> int:
    """How many documents the question calls by name."""
    folded = asked.casefold()
    stems = {name.rsplit(".", 1)[0].casefold() for name in documents}
    return sum(len(stem) > 3 and stem in folded for stem in stems)
