"""Messages between the farm and its children: a JSON record and bytes beside it.

A child has read hostile files, so what it sends is data to be checked, never pickled objects.
"""

import json
import socket
import struct
import time
from typing import Any

HEAD = struct.Struct("!II")  # bytes of JSON, bytes of blob
MAX_RECORD = 128 * 2**20
MAX_BLOB = 512 * 2**20


def send(sock: socket.socket, record: dict[str, Any], blob: bytes = b"") -> None:
    """Send one message; blocks until it is taken."""
    body = json.dumps(record).encode("utf-8", "replace")
    sock.sendall(HEAD.pack(len(body), len(blob)) + body)
    if blob:
        sock.sendall(blob)


def receive(sock: socket.socket, seconds: float | None = None) -> tuple[dict[str, Any], bytes]:
    """Wait for one message.

    Args:
        sock: a stream socket.
        seconds: until the whole message must be there; None waits for ever.

    Raises:
        EOFError: the other side is gone.
        TimeoutError: the time is up.
        ValueError: what came is no message, or too long.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    record_size, blob_size = HEAD.unpack(_exactly(sock, HEAD.size, deadline))
    if record_size > MAX_RECORD or blob_size > MAX_BLOB:
        raise ValueError(f"A message of {record_size + blob_size} bytes is too long.")
    try:
        record = json.loads(_exactly(sock, record_size, deadline))
    except RecursionError as error:
        raise ValueError("A message is nested too deep.") from error
    if not isinstance(record, dict):
        raise ValueError("A message is a JSON object.")  # noqa: TRY004 one kind of bad message
    return record, _exactly(sock, blob_size, deadline)


def _exactly(sock: socket.socket, size: int, deadline: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        if deadline is None:
            sock.settimeout(None)
        else:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("The time is up.")
            sock.settimeout(left)
        part = sock.recv(min(size - len(parts), 2**20))
        if not part:
            raise EOFError("The other side is gone.")
        parts += part
    return bytes(parts)
