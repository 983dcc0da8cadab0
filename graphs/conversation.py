"""Between LangChain's messages and ours: what is asked, what was said before, and the reply."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    convert_to_messages,
)
from langchain_core.messages.content import Citation as Annotation

from pagehop.agents.team import Turn
from pagehop.graphs.state import Asked
from pagehop.tools import Corpus
from pagehop.tools.errors import EmptyQuestionError
from pagehop.tools.evidence import Answer, Citation, Evidence, Ledger

KEPT_EVIDENCE = 100  # of earlier turns; the newest and most confident


def asked(given: object) -> tuple[str, list[BaseMessage]]:
    """The question of an input, and the messages it adds to the conversation.

    Raises:
        EmptyQuestionError: there is no question in it.
    """
    if isinstance(given, Asked):
        given = {"question": given.question, "messages": given.messages}
    if not isinstance(given, Mapping):
        raise EmptyQuestionError(
            f'Ask with {{"question": ...}} or {{"messages": [...]}}; a {type(given).__name__} came.'
        )
    question, messages = given.get("question"), convert_to_messages(given.get("messages") or [])
    if not question and messages and isinstance(messages[-1], HumanMessage):
        question = messages[-1].text
    elif isinstance(question, str):
        messages = [*messages, HumanMessage(question)]
    if not isinstance(question, str) or not any(map(str.isalnum, question)):
        raise EmptyQuestionError(
            "Nothing was asked: the question is empty or has no word, or the last message is not a "
            "person's."
        )
    if question != (legible := question.encode(errors="replace").decode()):  # lone surrogates,
        question = legible  # of bytes that were no UTF-8: they can be neither stored nor sent
        messages = [*messages[:-1], HumanMessage(question)]
    return question.strip(), messages


def turns(messages: Sequence[AnyMessage]) -> tuple[Turn, ...]:
    """The questions that were answered before the last one, with their answers."""
    said: list[Turn] = []
    question = ""
    for message in messages:
        if isinstance(message, HumanMessage):
            question = message.text
        elif isinstance(message, AIMessage) and question and message.text:
            said.append(Turn(question=question, answer=message.text))
            question = ""
    return tuple(said)


def turn(messages: Sequence[AnyMessage]) -> int:
    """The number of the turn before the last question, from 1; 1 too where there was none."""
    return max(1, sum(isinstance(message, HumanMessage) for message in messages) - 1)


def earlier(ledger: Ledger, turn: int, corpus: Corpus) -> Ledger:
    """The ledger as a new turn may use it: of documents still there, under ids of its own.

    Sub-questions are called q1, q2, ... in every turn, so what served q1 of turn 1 now serves
    `t1:q1`.
    """
    there = {document.id for document in corpus.documents()}
    kept = [_of_turn(e, turn) for e in ledger if e.modality == "tool" or e.document_id in there]
    kept.sort(key=lambda e: (_turn(e), e.confidence, e.id), reverse=True)
    return tuple(kept[:KEPT_EVIDENCE])


def _of_turn(found: Evidence, turn: int) -> Evidence:
    return found if _turn(found) else replace(found, sub_question=f"t{turn}:{found.sub_question}")


def _turn(found: Evidence) -> int:
    """Of which earlier turn it is; 0 for the present one."""
    number, colon, _ = found.sub_question.removeprefix("t").partition(":")
    return int(number) if colon and number.isdecimal() else 0


def reply(answer: Answer) -> AIMessage:
    """The answer as a chat message, its citations as LangChain annotations."""
    block: dict[str, Any] = {
        "type": "text",
        "text": answer.text,
        "annotations": [annotation(citation) for citation in answer.citations],
    }
    spent = answer.usage
    return AIMessage(
        content=[block],
        usage_metadata={
            "input_tokens": spent.input_tokens,
            "output_tokens": spent.output_tokens,
            "total_tokens": spent.input_tokens + spent.output_tokens,
        },
        response_metadata={"model_name": answer.model, "status": answer.status},
    )


def annotation(citation: Citation) -> Annotation:
    """A citation in LangChain's form; what that has no field for is in its extras."""
    record = citation.as_dict()
    kept = ("id", "document", "page", "page_label", "bbox", "boxes", "modality", "verified")
    return Annotation(
        type="citation",
        id=citation.id,
        title=citation.document or "tool",
        cited_text=citation.quote,
        extras={"document_id": citation.document_id, **{name: record[name] for name in kept}},
    )
