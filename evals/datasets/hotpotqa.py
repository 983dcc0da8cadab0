"""HotpotQA (Yang et al., EMNLP 2018): a JSON list, a question with ten paragraphs an entry.

A paragraph is known by its title. Searched are the paragraphs of all questions together.
"""

from collections.abc import Iterable

from pagehop.evals.datasets.passages import PassageQuestion
from pagehop.evals.passages import Passage
from pagehop.evals.records import Record


def read(record: Record) -> Iterable[PassageQuestion]:
    """The question of one entry, with its paragraphs."""
    facts = [str(title) for title, _ in _pairs(record, "supporting_facts")]
    yield PassageQuestion(
        id=record.text("_id"),
        text=record.text("question"),
        set="HotpotQA",
        gold=tuple(dict.fromkeys(facts)),
        kind=record.text("type", ""),
        passages=tuple(
            Passage(id=str(title), title=str(title), text=_joined(sentences))
            for title, sentences in _pairs(record, "context")
        ),
    )


def _pairs(record: Record, name: str) -> list[tuple[object, object]]:
    found = record.fields.get(name)
    if not isinstance(found, list) or not all(
        isinstance(one, list) and len(one) == 2 for one in found
    ):
        record.wrong(name, "a list of pairs")
    return [(one[0], one[1]) for one in found]


def _joined(sentences: object) -> str:
    if not isinstance(sentences, list):
        return str(sentences)
    return "".join(map(str, sentences)).strip()  # they bring their spaces with them
