"""Compaction: what lives is copied beside what is dead, which is then deleted."""

import sqlite3
from pathlib import Path

from pagehop.tools.retrieval.late.manifest import Extent, Item, items_of, new_segment, put
from pagehop.tools.retrieval.late.segment import SegmentView, SegmentWriter, sync_folder


def rewrite(
    connection: sqlite3.Connection, worn: list[Extent], folder: Path, dim: int, limit: int
) -> None:
    """Copy the living pages of worn segments into new ones, and forget the old.

    Args:
        connection: of the manifest, inside a transaction.
        worn: segments with removed pages.
        folder: of the files.
        dim: length of a vector.
        limit: tokens from which on a segment is full.
    """
    writer: SegmentWriter | None = None
    moved: list[Item] = []
    for extent in worn:
        source = SegmentView(folder, extent, dim)
        for item in items_of(connection, extent.id):
            if writer is None or writer.tokens >= limit:
                if writer is not None:
                    writer.close(keep=True)
                writer = SegmentWriter(folder, new_segment(connection), dim)
            moved.append(writer.append(item.document, item.page, source.block(item, dim)))
    if writer is not None:
        writer.close(keep=True)
    sync_folder(folder)
    put(connection, moved)
    connection.executemany("DELETE FROM segments WHERE id = ?", [(one.id,) for one in worn])
