"""What a child does: open one file at a time and read pages of it, one request after another.

Everything here runs in a confined process; see `nursery`. Requests come from the farm and are
trusted; answers are plain data.
"""

# mypy: allow-untyped-calls

import resource
import socket
from collections.abc import Callable
from typing import Any, TypeAlias

from pagehop.tools.corpus import wire
from pagehop.tools.corpus.source import Refused, Source

Answer: TypeAlias = tuple[dict[str, Any], bytes]


def serve(farm: socket.socket) -> None:
    """Answer requests until the farm hangs up."""
    source: Source | None = None
    while True:
        request, _ = wire.receive(farm)
        _allow_cpu(request["seconds"])
        try:
            if request["op"] == "open":
                source = Source(request)
            record, blob = _OPS[request["op"]](source, request)
        except Refused as refusal:
            record, blob = {"outcome": refusal.outcome, "reason": str(refusal)}, b""
        except MemoryError:
            reason = "Reading it takes more memory than allowed."
            record, blob = {"outcome": "over limit", "reason": reason}, b""
        except Exception as error:  # noqa: BLE001  PyMuPDF's errors have no common base
            said = _sentence(error)
            large = "alloc" in said  # malloc failed, bad_alloc
            outcome = "over limit" if large else "damaged"
            record, blob = {"outcome": outcome, "reason": said}, b""
        wire.send(farm, record, blob)


def _allow_cpu(seconds: float) -> None:
    """Let this step use that much processor time more; the kernel ends us after that."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _sentence(error: Exception) -> str:
    """An error of a foreign library, short enough to show."""
    said = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _open(source: Source, request: dict[str, Any]) -> Answer:  # noqa: ARG001  one shape for all
    return {"kind": source.kind, "page_count": source.page_count, "title": source.title}, b""


def _survey(source: Source, request: dict[str, Any]) -> Answer:  # noqa: ARG001
    from pagehop.tools.corpus.read_text import survey

    return survey(source), b""


def _text(source: Source, request: dict[str, Any]) -> Answer:
    from pagehop.tools.corpus.read_text import read_text

    return read_text(source, request["page"]), b""


def _layout(source: Source, request: dict[str, Any]) -> Answer:
    from pagehop.tools.corpus.read_layout import read_layout

    return {"regions": read_layout(source, request["page"])}, b""


def _ocr(source: Source, request: dict[str, Any]) -> Answer:
    from pagehop.tools.corpus.read_ocr import read_page

    return read_page(source, request["page"], request["regions"]), b""


def _read(source: Source, request: dict[str, Any]) -> Answer:
    from pagehop.tools.corpus.read_ocr import read_clip

    return read_clip(source, request["page"], request["clip"], request["dpi"]), b""


def _table(source: Source, request: dict[str, Any]) -> Answer:
    from pagehop.tools.corpus.read_layout import read_table

    return {"table": read_table(source, request["page"], request["clip"])}, b""


def _render(source: Source, request: dict[str, Any]) -> Answer:
    picture = source.picture(request["page"], dpi=request["dpi"], clip=request["clip"])
    return {"width": picture.width, "height": picture.height}, picture.tobytes("png")


_OPS: dict[str, Callable[[Any, dict[str, Any]], Answer]] = {
    "open": _open,
    "survey": _survey,
    "text": _text,
    "layout": _layout,
    "ocr": _ocr,
    "read": _read,
    "table": _table,
    "render": _render,
}
