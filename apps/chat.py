"""chat: question after question, follow-ups included; a plain loop that also works in a pipe."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pagehop.apps.asking import Conversation, Limits, Settings, new_thread
from pagehop.apps.exits import report
from pagehop.apps.folder import (
    CorpusOption,
    FoldersOption,
    InOption,
    PathsArgument,
    TagsOption,
    add_quietly,
    corpus_folder,
    make_corpus,
    open_corpus,
    tell_unread,
)
from pagehop.apps.printing import citation_line, say, say_answer, tell
from pagehop.apps.questions import (
    CallsOption,
    EffortOption,
    ModelOption,
    MoneyOption,
    PriceOption,
    RoundsOption,
    SecondsOption,
    TokensOption,
    TraceOption,
)

if TYPE_CHECKING:
    from pagehop.tools.evidence import Answer

HELP = "/sources: the last answer's citations.  /new: forget the conversation.  /quit: leave."


def chat(
    context: typer.Context,
    paths: PathsArgument = None,
    *,
    documents: InOption = None,
    tags: TagsOption = None,
    folders: FoldersOption = None,
    model: ModelOption = None,
    trace: TraceOption = False,
    thread: Annotated[
        str | None, typer.Option(metavar="ID", help="Go on with this conversation.")
    ] = None,
    effort: EffortOption = "standard",
    rounds: RoundsOption = None,
    calls: CallsOption = None,
    tokens: TokensOption = None,
    seconds: SecondsOption = None,
    money: MoneyOption = None,
    price: PriceOption = None,
    corpus: CorpusOption = None,
) -> int:
    """Ask question after question; follow-ups are understood. /quit ends, /help tells the rest."""
    folder = corpus_folder(context, corpus)
    with make_corpus(folder, paths) if paths else open_corpus(folder) as opened:
        within = (*(documents or ()), *(add_quietly(opened, paths) if paths else ()))
        settings = Settings(
            documents=opened.choose(within, tags=tags or (), folders=folders or ()) or (),
            model=model,
            limits=Limits(
                effort=effort,
                rounds=rounds,
                model_calls=calls,
                tokens=tokens,
                seconds=seconds,
                money=money,
            ),
            price=price,
            trace=trace,
        )
        tell_unread(opened, settings.documents)
        with Conversation(opened, settings, thread or new_thread()) as conversation:
            return _talk(conversation)


def _talk(conversation: Conversation) -> int:
    _greet(conversation)
    last: Answer | None = None
    while (line := _next_line()) is not None:
        match line:
            case "":
                continue
            case "/quit" | "/exit":
                break
            case "/new":
                conversation.thread = new_thread()
                last = None
                tell(f"A new conversation: {conversation.thread}")
            case "/sources":
                _show_sources(last)
            case _ if line.startswith("/"):
                tell(HELP)
            case _:
                last = _answer(conversation, line) or last
    return 0


def _answer(conversation: Conversation, question: str) -> "Answer | None":
    """One turn; what goes wrong is told, and the conversation goes on."""
    try:
        answer = conversation.ask(question)
    except Exception as error:  # noqa: BLE001  told in one line; one failed turn ends no chat
        report(error)
        return None
    say_answer(answer)
    say()
    return answer


def _greet(conversation: Conversation) -> None:
    tell(f"Conversation {conversation.thread} (go on later with --thread). {HELP}")
    if sys.stdin.isatty():
        import readline  # noqa: F401  gives `input` a history and an editable line


def _next_line() -> str | None:
    """What was typed, without blanks around it; None at the end."""
    try:
        return input("> " if sys.stdin.isatty() else "").strip()
    except EOFError:
        return None


def _show_sources(answer: "Answer | None") -> None:
    if answer is None or not answer.citations:
        tell("There is no answer with citations yet.")
        return
    for citation in answer.citations:
        say(citation_line(citation))
        for box in citation.boxes:
            say("      box " + ", ".join(f"{edge:.3f}" for edge in box))
