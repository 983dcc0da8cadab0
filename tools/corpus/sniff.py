"""What a file really is, by its first bytes; its name proves nothing."""

import stat
from pathlib import Path

from pagehop.tools.corpus.reading import Kind, Limits, Opened

HEAD_BYTES = 1024  # a PDF may have junk before its header, but no more than this
PDF_SUFFIXES = {".pdf"}
MARKUP = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")
PICTURES = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"II*\x00",
    b"MM\x00*",
    b"II+\x00",
    b"MM\x00+",
)  # PNG, JPEG, TIFF and BigTIFF in either byte order; WebP is told in `_is_picture`
OTHERS = (
    (b"PK\x03\x04", "a ZIP archive or Office file"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"%!PS", "a PostScript file"),
    (b"GIF8", "a GIF picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"{\\rtf", "an RTF file"),
)


def sniff(path: Path, limits: Limits) -> Kind | Opened:
    """The kind a file seems to be by its first bytes, or why it is not even opened."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return Opened(outcome="unsupported", reason="It is not a regular file.")
        if status.st_size == 0:
            return Opened(outcome="empty", reason="The file has no bytes.")
        if status.st_size > limits.file_bytes:
            size, most = status.st_size / 2**20, limits.file_bytes / 2**20
            reason = f"The file has {size:.0f} MiB; the limit is {most:.0f} MiB."
            return Opened(outcome="over limit", reason=reason)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        reason = f"The file cannot be read: {error.strerror or error}."
        return Opened(outcome="damaged", reason=reason)
    return kind_of(head, path.suffix)


def kind_of(head: bytes, suffix: str = "") -> Kind | Opened:
    """The kind of a file that starts like this.

    A file named .pdf without a PDF header is still tried, unless it is clearly something else:
    readers repair those.
    """
    picture = _is_picture(head)
    if picture:
        return "image"
    start = head.lstrip(b"\x00\t\n\r\f ")
    if start.startswith(MARKUP):
        return Opened(outcome="unsupported", reason="It is an HTML, SVG or XML file.")
    for magic, name in OTHERS:
        if head.startswith(magic) and b"%PDF-" not in head:
            return Opened(outcome="unsupported", reason=f"It is {name}.")
    if b"%PDF" in head or suffix.lower() in PDF_SUFFIXES:
        return "pdf"
    return Opened(
        outcome="unsupported", reason="It is neither a PDF nor a PNG, JPEG, TIFF or WebP picture."
    )


def has_pdf_header(path: Path) -> bool:
    """Whether the file says of itself that it is a PDF."""
    with path.open("rb") as file:
        return b"%PDF" in file.read(HEAD_BYTES)


def _is_picture(head: bytes) -> bool:
    return head.startswith(PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
