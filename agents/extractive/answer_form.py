"""What kind of answer a question asks for, read off its words."""

import re

from pagehop.agents.team import AnswerForm, Look

_QUANTITY = (
    r"number|amount|percentage|percent|proportion|share|fraction|ratio|rate|total|sum|average|"
    r"mean|median|score|accuracy|temperature|price|cost|size|length|width|height|weight|age|value|"
    r"revenue|income|profit|expense|capacity|speed|distance|frequency|duration|count|difference"
)
_ASKS_QUANTITY = (
    r"\b(?:what|which)(?: is| was| are| were)?(?: the)?(?: [\w-]+){0,3} "
    rf"(?:{_QUANTITY})\b(?! (?:of the )?(?:method|model|name|type))"
)
_PICTURES = (
    r"\bfig(?:ure|\.)s?\b|\b(?:chart|graph|diagram|plot|map|photo|photograph|picture|image|icon|"
    r"logo|drawing|screenshot|colou?r)s?\b|\b(?:pie|bar)\b|\billustrat\w+"
)
_FORMS: tuple[tuple[AnswerForm, str], ...] = (
    ("date", r"^when\b|\b(?:what|which) (?:is the |\w+ )?(?:year|date|month|day|quarter)\b"),
    ("number", r"\bhow (?:many|much|long|old|far|tall|high|large|often|fast|big|wide|deep)\b"),
    ("list", r"^(?:list|name|enumerate)\b|\b(?:what|which) are the\b|\bwhat are\b"),
    ("number", _ASKS_QUANTITY),
    ("name", r"^(?:who|whose|whom)\b|\bwho (?:is|was|are|were|did)\b|\bwhat is the name\b"),
    ("list", r"\b(?:which|what) (?:[a-z]+ )?[a-z]{3,}s (?:are|were|do|does|did|have|can|should)\b"),
    ("yes/no", r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|should|will|would)\b"),
    ("name", r"\b(?:which|where)\b"),
)  # fmt: skip
_ASKED_NOUN = re.compile(
    r"\b(?:how (?:many|much)|what(?: is| was| are| were)?(?: the)?|which(?: of the)?)\s+"
    r"((?:(?!(?:is|are|was|were|do|does|did|has|have|had|can|will|in|on|of|for|to|by|at|with|"
    r"from|that|which|the|there|and|or|according)\b)[\w'\u2019%-]+[\s?,]*){1,4})",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"(?:use|say|think|believe|make|give|show|contain|include|need|support|mention|appear|belong|"
    r"report|reach|get|take|require|mean|see|work|live|own|hold|receive|feel|favor|prefer|agree|"
    r"exist|cover|come|go|increase|decrease|grow|rise|fall)s?|\w{3,}ed",
    re.IGNORECASE,
)
_LOOKS: tuple[tuple[Look, str], ...] = (
    ("table", r"\btables?\b|\bin the (?:row|column)\b|\bspreadsheet\b"),
    ("figure", _PICTURES),
    ("page", r"\bslides?\b|\bcover\b|\blayout\b"),
)  # fmt: skip


def form_of(question: str) -> AnswerForm:
    """The form of the answer; `free` when the words do not say."""
    lower = " ".join(question.lower().split())
    clause = re.sub(
        r"^[^,?]{3,80}, (?=(?:what|which|who|when|how|where|is|are|do|does)\b)", "", lower
    )
    return next((form for form, pattern in _FORMS if re.search(pattern, clause)), "free")


def looks_of(question: str) -> tuple[Look, ...]:
    """Which modalities the words of a question point at; none for most questions."""
    lower = question.lower()
    return tuple(look for look, pattern in _LOOKS if re.search(pattern, lower))


def asked_noun(question: str) -> tuple[str, ...]:
    """The noun phrase right after how many / how much / what / which, at most four words."""
    found = _ASKED_NOUN.search(question)
    phrase = re.findall(r"[\w'\u2019%-]+", found[1]) if found else []
    verb = next((at for at, word in enumerate(phrase) if at and _VERB.fullmatch(word)), len(phrase))
    return tuple(phrase[:verb])
