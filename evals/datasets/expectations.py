"""Answers of data sets as accepted answers: texts, numbers, lists, lists written as text."""

from collections.abc import Iterable, Mapping

from pagehop.evals.lists import written_list
from pagehop.evals.question import Expected
from pagehop.evals.records import Record

LISTS = frozenset({"list"})  # forms whose answers may be lists written as text


def expected(record: Record, name: str, *, form: str = "", more: Iterable[object] = ()) -> Expected:
    """The accepted answers of a record.

    Args:
        record: of the data set.
        name: the field with the answer; it has to be there.
        form: of the answer, in the data set's word; a List may be written as text.
        more: other accepted answers.
    """
    if record.fields.get(name) is None:
        record.wrong(name, "the answer")
    given = (record.fields[name], *more)
    return Expected(answers=tuple(_items(one, form) for one in given), form=form)


def any_of(record: Record, name: str) -> Expected:
    """The accepted answers of a record that lists them, each a text.

    Raises:
        InputError: there is none.
    """
    found = record.texts(name)
    if not found:
        record.wrong(name, "a list of accepted answers")
    return Expected(answers=tuple((one,) for one in found))


def _items(answer: object, form: str) -> tuple[str, ...]:
    if isinstance(answer, str) and form.casefold() in LISTS:
        answer = written_list(answer) or answer
    if isinstance(answer, list):
        return tuple(_text(one) for one in answer)
    return (_text(answer),)


def _text(item: object) -> str:
    """One item; an object's values are one item, joined as LongDocURL joins them."""
    if isinstance(item, Mapping):
        return "-".join(map(str, item.values()))
    return str(item)
