"""How a person sorts documents: tags of their own, and the folders that files were added from."""

from collections.abc import Callable, Collection, Iterable
from pathlib import PurePath

from pagehop.tools.corpus.lookup import Lookup
from pagehop.tools.corpus.packing import storable
from pagehop.tools.errors import InputError, UnknownDocumentError

_LONGEST = 100  # characters of a tag
_NAMED = 8  # tags or folders that an error names


class FilingRows(Lookup):
    """The tags and folders of a catalogue's documents."""

    def tag(self, document_id: str, tags: Iterable[str]) -> None:
        """Give a document tags, as `checked_tag` gives them; those that it has stay."""
        rows = [(tag, document_id) for tag in tags if tag not in self.tags(document_id)]
        if rows:  # a file that is named again writes nothing
            with self._database.writing() as connection:
                connection.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", rows)

    def put_folder(self, document_id: str, folder: str) -> None:
        """Record a folder that a document was added from; it may have several."""
        there = self._rows(
            "SELECT 1 FROM folders WHERE folder = ? AND document_id = ?",
            storable(folder),
            document_id,
        )
        if not there:  # a file that is named again writes nothing
            with self._database.writing() as connection:
                connection.execute(
                    "INSERT OR IGNORE INTO folders VALUES (?, ?)", (storable(folder), document_id)
                )

    def tags(self, document_id: str) -> tuple[str, ...]:
        """The tags of a document, sorted."""
        rows = self._rows("SELECT tag FROM tags WHERE document_id = ? ORDER BY tag", document_id)
        return tuple(tag for (tag,) in rows)

    def tagged(self, tags: Collection[str]) -> frozenset[str]:
        """The ids of the documents that have any of these tags; letter case does not matter.

        Raises:
            UnknownDocumentError: no document has one of them.
        """
        return self._having("tag", "tags", [checked_tag(tag) for tag in tags], _is_tag)

    def in_folders(self, folders: Collection[str]) -> frozenset[str]:
        """The ids of the documents that were added from any of these folders, or from below.

        Args:
            folders: a whole path, or its last parts: "2022" or "reports/2022".

        Raises:
            UnknownDocumentError: no document was added from one of them.
        """
        return self._having("folder", "folders", folders, _is_below)

    def _having(
        self, column: str, table: str, wanted: Collection[str], fits: Callable[[str, str], bool]
    ) -> frozenset[str]:
        rows = self._rows(f"SELECT {column}, document_id FROM {table} ORDER BY 1, 2")  # noqa: S608
        found: set[str] = set()
        for one in wanted:
            some = {document for value, document in rows if fits(value, one)}
            if not some:
                raise UnknownDocumentError(_nothing(column, one, [value for value, _ in rows]))
            found |= some
        return frozenset(found)


def checked_tag(tag: str) -> str:
    """A tag as it is stored: without spaces around it, letter case folded.

    Raises:
        InputError: it is empty, too long, or has a line break.
    """
    plain = storable(tag.strip().casefold())
    if not plain or len(plain) > _LONGEST or not plain.isprintable():
        raise InputError(f"{tag!r} is no tag. A tag is a word or a few, of 1 to 100 characters.")
    return plain


def _is_tag(value: str, asked: str) -> bool:
    return value == asked


def _is_below(folder: str, asked: str) -> bool:
    """Whether the asked parts stand in a row in the folder's path; a whole path from its root."""
    parts, wanted = PurePath(folder).parts, PurePath(asked).parts
    if not wanted:
        return False
    starts = [0] if PurePath(asked).is_absolute() else range(len(parts) - len(wanted) + 1)
    return any(parts[at : at + len(wanted)] == wanted for at in starts)


def _nothing(kind: str, asked: str, there: Collection[str]) -> str:
    had = "has the tag" if kind == "tag" else "was added from the folder"
    names = list(dict.fromkeys(there))
    some = ", ".join(map(repr, names[:_NAMED])) + (" and more" if len(names) > _NAMED else "")
    remedy = f"There are {some}." if names else "No document has one yet."
    return f"No document {had} {asked!r}. {remedy}"
