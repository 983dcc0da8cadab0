"""How the program ends: what each kind of error prints and the exit code it has.

0  done, answered
1  a failure: the program's, a model's, a worker's
2  usage or bad input: one line on stderr says what, and what to do
3  not answerable from the documents, or incomplete
130  interrupted by Ctrl-C
"""

import errno
import os
import sys
import traceback

import typer

from pagehop.apps.printing import tell
from pagehop.tools.errors import InputError, PagehopError, StorageError

ANSWERED = 0
FAILED = 1
BAD_INPUT = 2
NOT_ANSWERED = 3
INTERRUPTED = 130

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}
REMEDY = "Free some space, or choose another folder with --corpus. What was read before is kept."


def report(error: BaseException) -> int:
    """Say on stderr, in one line, what went wrong and what to do; returns the exit code."""
    if isinstance(error, KeyboardInterrupt):
        tell("Interrupted. Nothing is lost: the same command goes on from here.")
        return INTERRUPTED
    error = _storage(error) or error
    if os.environ.get("PAGEHOP_DEBUG"):
        tell("".join(traceback.format_exception(error)))
    if isinstance(error, InputError):
        tell(f"pagehop: {one_line(error)}")
        return BAD_INPUT
    if isinstance(error, PagehopError):
        tell(f"pagehop: {one_line(error)}")
        return FAILED
    tell(
        f"pagehop: unexpected {type(error).__name__}: {one_line(error)}. This is a fault of "
        "pagehop; PAGEHOP_DEBUG=1 shows where it happened."
    )
    return FAILED


def usage(error: typer.TyperException) -> int:
    """Say in one line what is wrong with the command line; returns the exit code."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "pagehop"
    message = " ".join(error.format_message().split()).rstrip(".")
    tell(f"pagehop: {message}. See: {command} --help")
    return BAD_INPUT


def one_line(error: BaseException) -> str:
    """The error's message without line breaks; its kind where it has no message."""
    return " ".join(str(error).split()) or type(error).__name__


def _storage(error: BaseException) -> StorageError | None:
    """The error as one of storage, where the system says that nothing more can be written."""
    if isinstance(error, OSError) and error.errno in FULL:
        return StorageError(f"{error.strerror}: {error.filename or 'a file'}. {REMEDY}")
    sqlite3 = sys.modules.get("sqlite3")  # without it nothing of it can have been raised
    if sqlite3 and isinstance(error, sqlite3.OperationalError) and "full" in str(error):
        return StorageError(f"The disk is full: {error}. {REMEDY}")
    if isinstance(error, OSError) and error.errno in CLOSED:
        return StorageError(
            f"No permission to write or read {error.filename} ({error.strerror}). Change its "
            "rights, or choose another folder with --corpus."
        )
    return None
