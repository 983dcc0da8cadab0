"""doctor: whether everything that pagehop needs is there, and whether the corpus is sound."""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pagehop.apps.folder import CorpusOption, JsonOption, corpus_folder, open_corpus
from pagehop.apps.printing import fields, pages, say, say_json, tell

if TYPE_CHECKING:
    from pagehop.tools.retrieval.visual.choice import Choice

PACKAGES = (
    "pagehop", "pymupdf", "rapidocr", "onnxruntime", "torch",
    "transformers", "chromadb", "langgraph", "langchain-core", "langchain",
)  # fmt: skip
LITTLE_SPACE = 1 << 30  # bytes


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    well: bool
    finding: str


def doctor(context: typer.Context, corpus: CorpusOption = None, as_json: JsonOption = False) -> int:
    """Check versions, models and the corpus. Exit code 1 when something needs care."""
    folder = corpus_folder(context, corpus)
    checks = [*_program(), *_models(), *_folder(folder)]
    if as_json:
        say_json(
            {"checks": [{"name": c.name, "well": c.well, "finding": c.finding} for c in checks]}
        )
    else:
        marks = {check.name: ("" if check.well else "! ") + check.finding for check in checks}
        for line in fields(marks):
            say(line)
    ill = [check.name for check in checks if not check.well]
    if ill:
        tell(f"pagehop: needs care: {', '.join(ill)}")
    return 1 if ill else 0


def _program() -> Iterator[Check]:
    yield Check("python", True, f"{platform.python_version()} on {platform.platform()}")
    import sqlite3

    yield Check("sqlite", True, sqlite3.sqlite_version)
    for package in PACKAGES:
        try:
            yield Check(package, True, version(package))
        except PackageNotFoundError:
            optional = package == "langchain"
            remedy = "only needed for model names" if optional else "pip install pagehop again"
            yield Check(package, optional, f"not installed: {remedy}")


def _models() -> Iterator[Check]:
    yield _encoder()
    yield _weights("OCR models", "rapidocr")
    yield _weights("layout models", "pymupdf")


def _encoder() -> Check:
    """Where the text encoder's weights would be loaded from."""
    from pagehop.tools.errors import PagehopError
    from pagehop.tools.retrieval.dense.encoder import find_weights

    try:
        return Check("text encoder", True, str(find_weights(None)))
    except PagehopError as error:
        return Check("text encoder", False, str(error))


def _weights(name: str, package: str) -> Check:
    """The ONNX models that ship inside a package's wheel; the package is not imported."""
    try:
        shipped = distribution(package).files or ()
    except PackageNotFoundError:
        return Check(name, False, f"{package} is not installed")
    models = [Path(str(file.locate())) for file in shipped if file.suffix == ".onnx"]
    there = [model for model in models if model.exists()]
    size = sum(model.stat().st_size for model in there) / 1e6
    well = bool(there) and len(there) == len(models)
    return Check(name, well, f"{len(there)} of {len(models)} in {package}, {size:.0f} MB")


def _folder(folder: Path) -> Iterator[Check]:
    place = folder if folder.exists() else folder.absolute().parent
    yield Check("writable", os.access(place, os.W_OK), str(place))
    space = shutil.disk_usage(place).free if place.exists() else 0
    yield Check("free space", space > LITTLE_SPACE, f"{space / 1e9:.1f} GB")
    if not (folder / "catalogue.sqlite3").exists():
        yield Check("corpus", True, f"none yet in {folder}")
        return
    yield _lock(folder)
    yield from _corpus(folder)


def _lock(folder: Path) -> Check:
    """Whether a process is adding or removing just now: that is no fault."""
    from pagehop.tools.corpus.lock import writer
    from pagehop.tools.errors import CorpusBusyError

    try:
        with writer(folder):
            return Check("lock", True, "free")
    except CorpusBusyError as error:
        return Check("lock", True, str(error))
    except OSError as error:
        return Check("lock", False, f"it cannot be taken: {error.strerror}")


def visual_check(choice: "Choice") -> Check:
    """Whether the weights of a visual channel are on this machine; they are not loaded."""
    from pagehop.tools.errors import PagehopError
    from pagehop.tools.retrieval.visual.weights import find_model

    name = f"{choice.channel} model"
    try:
        return Check(name, True, f"{choice.model} in {find_model(choice.model)}")
    except PagehopError as error:
        return Check(name, False, str(error))


def _corpus(folder: Path) -> Iterator[Check]:
    from pagehop.tools.errors import PagehopError

    try:
        with open_corpus(folder) as opened:
            documents = opened.documents()
            size = pages(sum(document.page_count for document in documents))
            named = "1 document" if len(documents) == 1 else f"{len(documents)} documents"
            yield Check("corpus", True, f"{named}, {size} in {folder}")
            for choice in opened.visual_models():
                yield visual_check(choice)
            yield Check("channels", True, ", ".join(opened.retriever.channels))
            problems = opened.check()
    except (PagehopError, OSError) as error:
        yield Check("corpus", False, str(error))
        return
    for number, problem in enumerate(problems, start=1):
        yield Check(f"problem {number}", False, problem)
