"""Agents call tools; whatever a tool does, they get an outcome they can read."""

import asyncio
import base64
import io
import json
import os
import sys
import threading
import time

import pymupdf
import pytest
from langchain_core.tools import BaseTool, StructuredTool, ToolException, tool
from langchain_tests.unit_tests import ToolsUnitTests
from picture_book import NAME, make_book
from PIL import Image

from pagehop.tools.calculator import calculator_tool
from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.corpus.records import Stage
from pagehop.tools.errors import InputError
from pagehop.tools.toolbox import as_tools, page_tool, run_tool, view_tools
from pagehop.tools.vision import Views


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    with make_book(tmp_path_factory.mktemp("book")) as corpus:
        yield corpus


class DumbError(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise ValueError


def made(function):
    """A tool made of a function, as a user's is."""
    return as_tools([function])[0]


def rate(currency: str, days: int = 1) -> dict:
    """Say what a currency is worth in euros.

    Args:
        currency: three letters.
        days: how many days back.
    """
    return {"currency": currency, "rate": 0.9, "days": days, "sign": "€"}


class TestCalculate(ToolsUnitTests):
    @property
    def tool_constructor(self):
        return calculator_tool()

    @property
    def tool_invoke_params_example(self):
        return {"expression": "(7 - 5) / 8"}


def test_an_agent_crops_reads_and_keeps_the_place_on_the_page(corpus):
    views = Views(corpus)
    views.show(NAME, 1)
    crop, read_text, read_table = view_tools(views)
    first = run_tool(crop, {"view": "v1", "box": [0.05, 0.1, 0.9, 0.14]})
    assert first.ok
    assert first.content.startswith("v2 shows a part of page 1 of 'picture book.pdf', ")
    assert "The red square is to the right." in first.content
    assert first.artifact["view"] == "v2"
    assert first.artifact["page"] == 1
    assert first.artifact["document_id"] == corpus.document(NAME).id
    assert first.artifact["bbox"] == views.view("v2").bbox
    with Image.open(io.BytesIO(base64.b64decode(first.images[0]["base64"]))) as image:
        assert image.size == (views.view("v2").width, views.view("v2").height)
    again = run_tool(crop, {"view": "v2", "box": [0, 0, 0.5, 1]})
    assert again.artifact["bbox"][0] == first.artifact["bbox"][0]
    assert run_tool(read_text, {"view": "v2"}).content == "The red square is to the right."
    assert "No table" in run_tool(read_table, {"view": "v1"}).content


def test_the_words_of_a_page_that_is_opened_are_cut_before_a_table_and_it_says_how_to_have_it(
    tmp_path,
):
    with pymupdf.open() as pdf:
        page = pdf.new_page(width=600, height=900)
        for line in range(41):
            words = f"Line {line} of a long text about nothing that anybody asked for today."
            page.insert_text((60, 40 + 12 * line), words, fontsize=8)
        for row in range(8):
            page.draw_line((60, 660 + 20 * row), (540, 660 + 20 * row))
            for column in range(4) if row < 7 else ():
                cell = (70 + 120 * column, 674 + 20 * row)
                page.insert_text(cell, f"row {row}, cell {column}7", fontsize=8)
        for column in range(5):
            page.draw_line((60 + 120 * column, 660), (60 + 120 * column, 800))
        pdf.save(tmp_path / "long.pdf")
    with Corpus(tmp_path / "corpus") as corpus:
        corpus.add(tmp_path / "long.pdf", until=Stage.LAYOUT, workers=1)
        documents = {"long.pdf": corpus.document("long.pdf").id}
        views = Views(corpus, max_pixels=60_000)
        opened = run_tool(page_tool(views, documents, most=1), {"document": "long.pdf", "page": 1})
        assert "Line 40 of a long text" in opened.content
        assert opened.content.endswith("(Left out here: 1 table. Crop v1 to that part to have it.)")
        cropping = view_tools(views)[0]
        cropped = run_tool(cropping, {"view": "v1", "box": [0.05, 0.72, 0.95, 0.92]})
        assert "| row 1, cell 07 | row 1, cell 17 |" in cropped.content


def test_a_wrong_view_or_box_is_told_so_that_it_can_be_mended(corpus):
    views = Views(corpus)
    views.show(NAME, 1)
    crop, read_text, _ = view_tools(views)
    assert "There are: v1." in run_tool(read_text, {"view": "v4"}).content
    wrong = [
        run_tool(crop, {"view": "v1", "box": box}) for box in ([0, 0, 1], [0, 0, 9e9, 1], "all")
    ]
    assert [outcome.ok for outcome in wrong] == [False] * 3
    assert "four numbers" in wrong[0].content
    assert "outside the picture" in wrong[1].content
    assert "box: Input should be a valid list" in wrong[2].content


def test_results_are_text_whatever_a_tool_returns():
    outcome = run_tool(made(rate), {"currency": "USD"})
    assert outcome.ok
    assert json.loads(outcome.content) == {
        "currency": "USD", "rate": 0.9, "days": 1, "sign": "€",
    }  # fmt: skip
    assert outcome.args == {"currency": "USD"}
    assert run_tool(made(numbers_of), {}).content == '["one", "two"]'
    assert run_tool(made(nothing), {}).content == "null"


def numbers_of() -> list:
    """List two words."""
    return ["one", "two"]


def nothing() -> None:
    """Do nothing."""


def test_wrong_arguments_are_named():
    outcome = run_tool(made(rate), {"days": "many"})
    assert not outcome.ok
    assert "currency: Field required" in outcome.content
    assert "days: Input should be a valid integer" in outcome.content


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("no such currency"), "ValueError: no such currency"),
        (ToolException("closed on Sundays"), "ToolException: closed on Sundays"),
        (InputError("Ask for something else."), "Ask for something else."),
        (SystemExit(3), "tried to end the program (SystemExit 3)"),
        (MemoryError(), "MemoryError"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError(), "CancelledError"),
        (DumbError(), "DumbError"),
    ],
)
def test_a_tool_that_raises_is_an_outcome(error, said):
    def fail() -> str:
        """Fail."""
        raise error

    outcome = run_tool(made(fail), {})
    assert not outcome.ok
    assert said in outcome.content
    assert run_tool(made(fail), {}, seconds=None) == outcome


@pytest.mark.parametrize("seconds", [None, 5.0])
def test_a_person_can_still_stop_the_program(seconds):
    def interrupted() -> str:
        """Be interrupted."""
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_tool(made(interrupted), {}, seconds=seconds)


def test_a_tool_that_takes_too_long_is_left_behind():
    go_on = threading.Event()

    def wait() -> str:
        """Wait."""
        go_on.wait(30)
        return "at last"

    start = time.monotonic()
    outcome = run_tool(made(wait), {}, seconds=0.2)
    go_on.set()
    assert time.monotonic() - start < 10
    assert not outcome.ok
    assert "has not ended within 0.2 seconds" in outcome.content


def test_a_tool_that_can_only_be_awaited_is_awaited():
    async def greet(name: str) -> str:
        """Greet someone."""
        return f"Hello {name}"

    for seconds in (None, 10.0):
        assert run_tool(made(greet), {"name": "Ada"}, seconds=seconds).content == "Hello Ada"


def test_a_long_result_is_cut_and_says_so():
    def shout() -> str:
        """Shout."""
        return "a" * 1_000_000

    outcome = run_tool(made(shout), {})
    assert outcome.ok
    assert len(outcome.content) < 20_100
    assert outcome.content.endswith("[the first 20000 of 1000000 characters]")


def test_text_that_cannot_be_stored_is_mended():
    def broken() -> str:
        """Give half a character."""
        return "half \ud83d"

    assert run_tool(made(broken), {}).content == "half ?"


def test_pictures_and_artifacts_are_kept_apart_from_text():
    block = {"type": "image", "base64": "AAAA", "mime_type": "image/png"}

    @tool(response_format="content_and_artifact")
    def plot() -> tuple[list, dict]:
        """Plot something."""
        return [{"type": "text", "text": "a plot"}, block], {"points": 3}

    outcome = run_tool(plot, {})
    assert outcome.content == "a plot"
    assert outcome.images == (block,)
    assert outcome.artifact == {"points": 3}


def test_a_tool_that_handles_its_own_error_has_still_failed():
    def closed() -> str:
        """Be closed."""
        raise ToolException("closed")

    polite = StructuredTool.from_function(closed, handle_tool_error="Come back tomorrow.")
    outcome = run_tool(polite, {})
    assert (outcome.ok, outcome.content) == (False, "Come back tomorrow.")


def test_functions_and_tools_become_tools():
    @tool
    def ready(x: int) -> int:
        """Double."""
        return 2 * x

    tools = as_tools([rate, ready])
    assert all(isinstance(made, BaseTool) for made in tools)
    assert [made.name for made in tools] == ["rate", "ready"]
    assert tools[0].args["currency"]["description"] == "three letters."
    assert as_tools([]) == []


def crop() -> str:
    """Shadow a built-in tool."""
    return ""


def silent(x: int) -> int:
    return x


def named(name):
    def function() -> str:
        """Do something."""
        return ""

    function.__name__ = name
    return function


@pytest.mark.parametrize(
    ("things", "said"),
    [
        ([rate, rate], "Two tools are called 'rate'"),
        ([crop], "like a built-in one"),
        ([silent], "no docstring"),
        (["rate"], "is no tool"),
        ([None], "is no tool"),
        ([dict], "is no tool"),
        ([lambda: 1], "no docstring"),
        ([named("exchange rate")], "letters, digits"),
        ([named("x" * 65)], "letters, digits"),
    ],
)
def test_what_cannot_be_offered_to_a_model_is_refused(things, said):
    with pytest.raises(InputError, match=said):
        as_tools(things)


def test_what_a_tool_prints_is_its_own_affair(capsys):
    def chatty() -> str:
        """Print."""
        print("noise", file=sys.stdout)  # noqa: T201
        return os.fspath("quiet")

    assert run_tool(made(chatty), {}).content == "quiet"
    assert capsys.readouterr().out == "noise\n"
