"""The tools that agents are offered: those for looking closer, and a user's own."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool, StructuredTool

from pagehop.tools.boxes import PAGE, area
from pagehop.tools.custom_tools import as_tools
from pagehop.tools.errors import InputError, WorkerError
from pagehop.tools.page_text import shortened
from pagehop.tools.tool_calls import BUILT_IN, ToolOutcome, run_tool
from pagehop.tools.vision import ContactSheets, View, Views, picture_block

if TYPE_CHECKING:
    from pagehop.tools.corpus.searchable import SearchableCorpus
    from pagehop.tools.retrieval.channel import Hit

__all__ = [
    "BUILT_IN",
    "ToolOutcome",
    "as_tools",
    "page_tool",
    "run_tool",
    "similar_tool",
    "view_tools",
]

BESIDE = 3_000  # characters of the text that goes with a picture
MOST_OF_IT = 0.4  # share of a small page on a sheet from which on a crop shows the whole page
SIMILAR = 5  # regions that a picture is found to be like
HIT_CHARACTERS = 300  # of the text of each


def view_tools(views: Views, sheets: ContactSheets | None = None) -> list[BaseTool]:
    """The tools with which an agent looks closer: crop, read_text, read_table.

    Args:
        views: the pictures that the agent has been shown.
        sheets: the overviews that it has been shown; a crop of one shows the page itself.
    """
    overviews = {sheet.id for sheet in sheets.shown} if sheets else frozenset()

    def crop(view: str, box: list[float]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Show a part of a picture larger and sharper. The result is a new view to work with.

        Args:
            view: Id of the picture, such as v1. A crop can be cropped again.
                A crop of an overview (s1) shows the page that the box is on.
            box: x0, y0, x1, y1 of the part in that picture: fractions of its width and height
                from 0 to 1, origin top left. Pixels of the picture as shown are understood too.
        """
        if sheets is not None and view in overviews:
            made = _of_sheet(view, box, sheets, views)
        else:
            made = views.crop(view, box)
        return _shown(made, views), _artifact(made)

    def read_text(view: str) -> tuple[str, dict[str, Any]]:
        """Read the text in a picture. Where the page has none of its own, it is recognised.

        Args:
            view: Id of the picture, such as v1. Crop first: a small part is read faster.
        """
        text = views.read(view) or f"There is no text in {view}."
        return text, _artifact(views.view(view))

    def read_table(view: str) -> tuple[str, dict[str, Any]]:
        """Read the tables in a picture as Markdown.

        Args:
            view: Id of the picture, such as v1. Crop to the table first.
        """
        table = views.table(view) or f"No table was found in {view}. Crop to it, or try read_text."
        return table, _artifact(views.view(view))

    return [_made(function) for function in (crop, read_text, read_table)]


def page_tool(views: Views, documents: Mapping[str, str], *, most: int) -> BaseTool:
    """The tool with which an agent opens a page that it has not been shown.

    Args:
        views: the pictures that the agent has been shown.
        documents: names and ids of those whose pages it may open.
        most: pages that are opened; more are refused.
    """
    opened: dict[tuple[str, int], str] = {}

    def show_page(document: str, page: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Show a page that has not been shown, or only small on an overview.

        Args:
            document: Its name, as it is written in the conversation.
            page: Its number, from 1.
        """
        id_ = documents.get(document.strip())
        if id_ is None:
            raise InputError(
                f"Pages of {document!r} cannot be shown; those of these can: {sorted(documents)}."
            )
        if (id_, page) not in opened and len(opened) >= most:
            raise InputError(
                f"{most} pages were opened, and no more are. Reply with what you have seen."
            )
        made = views.show(id_, page)
        opened[id_, page] = made.id
        return _shown(made, views), _artifact(made)

    return _made(show_page)


def similar_tool(
    views: Views, corpus: "SearchableCorpus", documents: Sequence[str] | None = None
) -> BaseTool:
    """The tool with which an agent asks where else a picture, or its like, stands.

    Args:
        views: the pictures that the agent has been shown.
        corpus: that they are of.
        documents: names or ids of those to search; None: all.
    """

    def find_similar(view: str, words: str = "") -> tuple[str, dict[str, Any]]:
        """Find other pages where what a picture shows, or its like, stands too.

        Args:
            view: Id of the picture, such as v1; not of an overview. Crop to the table or
                figure first.
            words: What should be different, such as "but for 2022". May be empty.
        """
        shown = views.view(view)
        hits = corpus.find(
            words,
            SIMILAR,
            image=corpus.crop(shown.document_id, shown.page, shown.bbox),
            documents=documents,
            unit="region",
            without={(shown.document_id, shown.page)},
        ).hits
        pages = {place: views.show(*place).id for place in dict.fromkeys(map(_place, hits))}
        told = [f"{pages[_place(hit)]} is {_found(hit)}" for hit in hits]
        if not told:
            return f"Nothing like {view} was found on other pages.", _artifact(shown)
        return "\n".join([*told, "Crop one of these views to see it."]), _artifact(shown)

    return _made(find_similar)


def _made(function: Callable[..., tuple[Any, dict[str, Any]]]) -> BaseTool:
    return StructuredTool.from_function(
        function, response_format="content_and_artifact", parse_docstring=True
    )


def _of_sheet(sheet: str, box: Sequence[float], sheets: ContactSheets, views: Views) -> View:
    """The page at a box on an overview, or the part of it that the box is on."""
    page, part = sheets.place(sheet, box)
    whole = area(part) > MOST_OF_IT
    return views.show(sheets.sheet(sheet).document_id, page, None if whole else part)


def _shown(view: View, views: Views) -> list[dict[str, Any]]:
    """A new picture with its name and the words in it: a model reads them better than pixels."""
    told = f"{_named(view)}\n{_words_in(view, views)}"
    return [_text(told), picture_block(views.image(view.id))]


def _words_in(view: View, views: Views) -> str:
    """The words in a picture, in whole blocks; what is left out comes with a crop of it."""
    try:
        blocks = views.blocks(view.id, ocr=True)
    except WorkerError as error:
        return f"Its text could not be recognised: {error}"
    if not blocks:
        return "No text was found in it."
    text = shortened(blocks, BESIDE, f"Crop {view.id} to that part to have it.")
    return f"Text in it:\n{text}"


def _named(view: View) -> str:
    part = "" if view.bbox == PAGE else "a part of "
    return (
        f"{view.id} shows {part}page {view.page} of {view.document!r}, "
        f"{view.width} x {view.height} pixels."
    )


def _place(hit: "Hit") -> tuple[str, int]:
    return hit.document_id, hit.page


def _found(hit: "Hit") -> str:
    """A hit in a line: where, of what kind, and its words."""
    box = "" if hit.bbox is None else f", box {[round(edge, 3) for edge in hit.bbox]}"
    text = " ".join(hit.text.split())
    if len(text) > HIT_CHARACTERS:
        text = text[:HIT_CHARACTERS] + " ..."
    return f"page {hit.page} of {hit.document!r}{box}, {hit.modality}: {text}"


def _artifact(view: View) -> dict[str, Any]:
    return {
        "view": view.id,
        "document_id": view.document_id,
        "page": view.page,
        "bbox": view.bbox,
    }


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
