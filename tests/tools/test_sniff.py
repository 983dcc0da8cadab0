"""What a file is, is told by its first bytes and not by its name."""

import os

import pytest

from pagehop.tools.corpus.reading import Limits, Opened
from pagehop.tools.corpus.sniff import kind_of, sniff


@pytest.mark.parametrize(
    ("head", "suffix", "kind"),
    [
        (b"%PDF-1.7\n", ".pdf", "pdf"),
        (b"%PDF-1.7\n", ".txt", "pdf"),
        (b"junk before\n" * 20 + b"%PDF-1.4", ".bin", "pdf"),
        (b"%PDF.1.4 broken header", ".pdf", "pdf"),
        (b"no header at all", ".pdf", "pdf"),  # readers repair those; the reader decides
        (b"\x89PNG\r\n\x1a\n", ".pdf", "image"),
        (b"\xff\xd8\xff\xe0", ".jpg", "image"),
        (b"II*\x00", ".tif", "image"),
        (b"MM\x00*", ".tif", "image"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", ".webp", "image"),
    ],
)
def test_pdfs_and_pictures_are_known_by_their_first_bytes(head, suffix, kind):
    assert kind_of(head, suffix) == kind


@pytest.mark.parametrize(
    ("head", "suffix", "said"),
    [
        (b"<!doctype html><p>%PDF-1.4", ".pdf", "HTML"),
        (b"\n\n  <svg xmlns='x'/>", ".pdf", "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", ".pdf", "XML"),
        (b"PK\x03\x04", ".docx", "ZIP"),
        (b"GIF89a", ".gif", "GIF"),
        (b"plain words", ".txt", "neither"),
    ],
)
def test_other_files_are_refused_by_what_they_are(head, suffix, said):
    refused = kind_of(head, suffix)
    assert isinstance(refused, Opened)
    assert refused.outcome == "unsupported"
    assert said in refused.reason


def test_an_empty_file_is_empty(tmp_path):
    (tmp_path / "a.pdf").touch()
    assert sniff(tmp_path / "a.pdf", Limits()).outcome == "empty"


def test_a_file_over_the_limit_is_not_opened(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4" + bytes(100))
    refused = sniff(tmp_path / "a.pdf", Limits(file_bytes=50))
    assert refused.outcome == "over limit"


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.pdf")
    assert sniff(tmp_path / "pipe.pdf", Limits()).outcome == "unsupported"


def test_a_missing_file_is_told_apart(tmp_path):
    refused = sniff(tmp_path / "gone.pdf", Limits())
    assert refused.outcome == "damaged"
    assert "No such file" in refused.reason
