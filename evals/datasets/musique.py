"""MuSiQue (Trivedi et al., TACL 2022): JSON lines, a question with 20 paragraphs a line.

Many paragraphs share a title, so a paragraph is known by its title and its text. Searched are
the paragraphs of all questions together, as HippoRAG and others do.
"""

from collections.abc import Iterable
from hashlib import blake2b

from pagehop.evals.datasets.passages import PassageQuestion
from pagehop.evals.passages import Passage
from pagehop.evals.records import Record


def read(record: Record) -> Iterable[PassageQuestion]:
    """The question of one line, with its paragraphs."""
    paragraphs = [(_passage(one), one) for one in record.records("paragraphs")]
    identity = record.text("id")
    yield PassageQuestion(
        id=identity,
        text=record.text("question"),
        set="MuSiQue",
        gold=tuple(
            dict.fromkeys(
                passage.id
                for passage, one in paragraphs
                if one.flag("is_supporting", default=False)
            )
        ),
        kind=identity.split("__")[0],  # the shape of the question: 2hop, 3hop1, ...
        answerable=record.flag("answerable", default=True),
        passages=tuple(passage for passage, _ in paragraphs),
    )


def _passage(record: Record) -> Passage:
    title, text = record.text("title"), record.text("paragraph_text")
    digest = blake2b(f"{title}\x1f{text}".encode(), digest_size=4).hexdigest()
    return Passage(id=f"{title} {digest}", title=title, text=text)
