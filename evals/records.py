"""Records of a data set's file, each knowing where it stands, so that a fault can be found.

A file is JSON lines (`.jsonl`) or one JSON document: a list of records, or an object that
holds such a list. It comes from somewhere else, so nothing in it is taken for granted.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from pagehop.evals.lists import written_list
from pagehop.tools.errors import InputError, PathNotFoundError

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of one record. Each way of reading a field raises InputError where it fails."""

    fields: Mapping[str, object]
    where: str  # "questions.jsonl, line 12"

    def has(self, name: str) -> bool:
        """Whether the field is there and says something."""
        return self.fields.get(name) not in (None, "", [])

    def text(self, name: str, default: str | None = None) -> str:
        """A text."""
        return self._read(name, str, "text", default)

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number."""
        return self._read(name, int, "a whole number", default)

    def number(self, name: str) -> float:
        """A number."""
        found = self.fields.get(name)
        if not isinstance(found, int | float) or isinstance(found, bool):
            self.wrong(name, "a number")
        return float(found)

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        return self._read(name, bool, "true or false", default)

    def texts(self, name: str) -> list[str]:
        """A list of texts: also one text, or a list written as text; empty where missing."""
        return [str(one) for one in self._list(name)]

    def wholes(self, name: str) -> list[int]:
        """A list of whole numbers, perhaps written as text; empty where missing."""
        found = self._list(name)
        if not all(isinstance(one, int) and not isinstance(one, bool) for one in found):
            self.wrong(name, "a list of whole numbers")
        return [one for one in found if isinstance(one, int)]

    def numbers(self, name: str, count: int) -> list[float]:
        """A list of so many numbers."""
        found = self._list(name)
        numbers = [float(one) for one in found if isinstance(one, int | float)]
        if len(numbers) != count or len(found) != count:
            self.wrong(name, f"a list of {count} numbers")
        return numbers

    def records(self, name: str) -> list["Record"]:
        """A list of records; empty where missing."""
        found = self.fields.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self.wrong(name, "a list of objects")
        return [
            Record(one, f"{self.where}, {name} {number}") for number, one in enumerate(found, 1)
        ]

    def record(self, name: str) -> "Record":
        """A record within this one."""
        found = self.fields.get(name)
        if not isinstance(found, dict):
            self.wrong(name, "an object")
        return Record(found, f"{self.where}, {name}")

    def wrong(self, name: str, wanted: str) -> NoReturn:
        """Raise what is wrong with a field.

        Raises:
            InputError: always.
        """
        if name not in self.fields:
            there = ", ".join(map(repr, self.fields)) or "none at all"
            raise InputError(f"{self.where}: there is no field {name!r}, only {there[:200]}.")
        seen = repr(self.fields[name])[:80]
        raise InputError(f"{self.where}: {name!r} should be {wanted}, but is {seen}.")

    def _read(self, name: str, kind: type[Value], wanted: str, default: Value | None) -> Value:
        found = self.fields.get(name)
        if found is None and default is not None:
            return default
        if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
            self.wrong(name, wanted)
        return found

    def _list(self, name: str) -> Sequence[object]:
        found = self.fields.get(name)
        if isinstance(found, str):
            found = written_list(found) or ([found] if found.strip("[] ") else [])
        if found is None:
            return []
        return found if isinstance(found, list) else [found]


def read_records(path: Path) -> Iterator[Record]:
    """The records of a file, in order.

    Raises:
        PathNotFoundError: there is no such file.
        InputError: it is not JSON, or something in it is no record.
    """
    if not path.is_file():
        raise PathNotFoundError(f"There is no file {str(path)!r} with questions. Check the path.")
    if path.suffix == ".parquet":
        raise InputError(
            f"{path.name} is a Parquet file, and questions are read from JSON. Write it as JSON "
            "lines first, for example with pandas: read_parquet(...).to_json(lines=True, "
            'orient="records").'
        )
    reader = _lines if path.suffix == ".jsonl" else _document
    for number, value in reader(path):
        where = f"{path.name}, {number}"
        if not isinstance(value, dict):
            raise InputError(f"{where}: not a JSON object, but {repr(value)[:80]}.")
        yield Record(value, where)


def _lines(path: Path) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if line.strip():
            yield f"line {number}", _parsed(line, f"{path.name}, line {number}")


def _document(path: Path) -> Iterator[tuple[str, object]]:
    whole = _parsed(_text(path), path.name)
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list)]
        whole = lists[0] if len(lists) == 1 else whole
    if not isinstance(whole, list):
        raise InputError(
            f"{path.name} holds no list of questions. Is it JSON lines? Then its name ends "
            "in .jsonl."
        )
    for number, value in enumerate(whole, 1):
        yield f"entry {number}", value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is not UTF-8 text: {error}.") from error


def _parsed(text: str, where: str) -> object:
    parse: Callable[[str], object] = json.loads
    try:
        return parse(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON ({error}).") from error
