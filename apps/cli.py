"""The `pagehop` program: its commands, and the one place where errors become exit codes.

Nothing heavy is imported here: `pagehop --help` needs typer alone. A command imports what it
uses when it runs.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from pagehop.apps import chat, doctor, documents, encode, evaluate, exits, info, questions, search

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

app = typer.Typer(
    name="pagehop",
    help="Ask your own documents multi-hop questions; every claim of an answer points at a box "
    "on a page.",
    epilog="Exit codes: 0 answered, 3 not answerable or incomplete, 2 usage or bad input, "
    "1 a failure.",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
)
COMMANDS: dict[str, Callable[..., int | None]] = {
    "add": documents.add,
    "ask": questions.ask,
    "chat": chat.chat,
    "search": search.search,
    "list": documents.list_documents,
    "remove": documents.remove,
    "info": info.info,
    "encode": encode.encode,
    "doctor": doctor.doctor,
}
for name, command in COMMANDS.items():
    app.command(name)(command)
app.add_typer(evaluate.app, name="eval")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"pagehop {version('pagehop')}")
        raise typer.Exit


@app.callback()
def settings(
    context: typer.Context,
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--corpus",
            envvar="PAGEHOP_CORPUS",
            metavar="DIR",
            help="The corpus folder; else .pagehop in the current folder. It may stand after "
            "the command too.",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001  its callback answers
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version.")
    ] = False,
) -> None:
    """Keep what holds for every command."""
    context.obj = corpus


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program on these arguments, else the command line's; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a letter
    status = _run(sys.argv[1:] if arguments is None else arguments)
    try:
        if sys.stdout is not None:  # closed by whoever started the program
            sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    return status


def _run(arguments: Sequence[str]) -> int:
    try:
        status = app(list(arguments), standalone_mode=False, prog_name="pagehop")
    except SystemExit:  # the reader of our output has gone
        _silence()
        return exits.FAILED
    except typer.TyperException as error:
        return exits.usage(error)
    except BaseException as error:  # noqa: BLE001  the last door: everything becomes a line
        return exits.report(error)
    if status == exits.INTERRUPTED:
        return exits.report(KeyboardInterrupt())
    return status if isinstance(status, int) else exits.ANSWERED


def _silence() -> None:
    """Whoever read our output has gone: what is still buffered goes nowhere, without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
