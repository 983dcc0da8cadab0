"""encode: have the corpus use a visual model, or bring all its vectors up to date."""

import os
from typing import Annotated

import typer

from pagehop.apps.folder import CorpusOption, corpus_folder, open_corpus
from pagehop.apps.printing import say

OFF = "none"


def encode(
    context: typer.Context,
    visual: Annotated[
        list[str] | None,
        typer.Option(
            "--visual",
            metavar="MODEL",
            help="Use this model (a folder, or a name in the hub's cache) for page pictures from "
            "now on; text:MODEL for passages; none turns them off. Repeatable, one a channel.",
        ),
    ] = None,
    *,
    device: Annotated[
        str | None,
        typer.Option(envvar="PAGEHOP_DEVICE", help="cpu, cuda, mps; else the fastest there is."),
    ] = None,
    corpus: CorpusOption = None,
) -> None:
    """Encode what has no vectors yet, or by another model. A stopped run goes on."""
    from pagehop.tools.corpus.lock import writer
    from pagehop.tools.corpus.progress import StderrProgress
    from pagehop.tools.retrieval.visual.channels import encode_again
    from pagehop.tools.retrieval.visual.choice import VARIABLE, choices_of, resolve_choices

    asked = [one for one in visual or () if one != OFF]
    if visual and not asked and os.environ.get(VARIABLE, "").strip():
        raise typer.BadParameter(f"{VARIABLE} turns visual models on; unset it to turn them off.")
    folder = corpus_folder(context, corpus)
    with open_corpus(folder, asked) as opened, writer(opened.path), StderrProgress() as progress:
        choices = choices_of(asked) if visual else resolve_choices(opened.path)
        done = encode_again(
            opened.catalogue,
            opened.path,
            choices,
            opened.renderer(),
            device=device,
            progress=progress,
        )
        opened.retriever.update(progress)
        problems = opened.retriever.problems()
    for choice in choices:
        say(f"{choice.channel:<8} {choice.model}: {done[choice.channel]} encoded anew")
    for problem in problems:
        say(problem)
    if visual and not choices:
        say("The visual channels are off, and their vectors are gone.")
    elif not choices and not problems:
        say("Every passage, table and figure has its vectors.")
