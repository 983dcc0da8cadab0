"""The image agent: looks at page pictures, crops closer, and says what it sees and where."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.tools import BaseTool

from pagehop.agents.abilities import abilities_of
from pagehop.agents.budget import STANDARD, Effort
from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.custom import tool_evidence, tool_failures
from pagehop.agents.model.errands import told_errand, told_known
from pagehop.agents.model.looking.pictures import (
    Shown,
    as_blocks,
    documents_of,
    enlarged_pictures,
    first_pictures,
)
from pagehop.agents.model.looking.seeing import ReplyCheck, as_evidence
from pagehop.agents.model.looking.twice import compared
from pagehop.agents.model.reading.text import with_tools
from pagehop.agents.model.schemas import ImageReply
from pagehop.agents.prompting import conversation, data_block
from pagehop.agents.replying.replies import offers_tools
from pagehop.agents.replying.tool_loop import ToolLoop
from pagehop.agents.team import Findings, Task
from pagehop.tools.errors import BudgetSpentError
from pagehop.tools.toolbox import page_tool, similar_tool, view_tools

if TYPE_CHECKING:
    from pagehop.tools.corpus.corpus import Corpus

OPENED = 12  # pages that are opened in one look, beside those shown at first


def look(
    task: Task,
    *,
    corpus: "Corpus",
    calls: Calls,
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    effort: Effort = STANDARD,
) -> Findings:
    """What the pictures of the hits' pages show about the sub-question.

    Without hits there is nothing to look at. A model that takes no pictures is not asked; what
    only a picture could have told is then a failure. A place in doubt is read twice, from
    pictures that differ, and neither reading knows of the other or of what was read before.

    Raises:
        InvalidReplyError, BudgetSpentError, MissingKeyError, ModelCallError: as `replies.ask`;
            of the budget not where a place in doubt could be read once.
    """
    abilities = abilities_of(model)
    if not any(hit.page > 0 for hit in task.hits):
        return Findings()
    if not abilities.images:
        return Findings(failures=_unseen(task, corpus))
    looker = _Looker(task=task, corpus=corpus, calls=calls, model=model, tools=tools)
    shown = first_pictures(task, corpus, abilities, effort.pictures)
    found = looker.findings(shown)
    if not task.doubt:
        return found
    try:
        again = looker.findings(enlarged_pictures(task, corpus, abilities, effort.pictures))
    except BudgetSpentError as error:
        once = f"image agent: the place in doubt was read only once: {error}"
        return replace(found, failures=(*found.failures, once))
    return compared(found, again)


def _unseen(task: Task, corpus: "Corpus") -> tuple[str, ...]:
    """What nobody sees where the model takes no pictures, in a line: pages without words."""
    wordless: dict[str, list[str]] = {}
    for document, page in dict.fromkeys((hit.document_id, hit.page) for hit in task.hits):
        if page > 0 and not corpus.page(document, page).text.strip():
            wordless.setdefault(corpus.document(document).name, []).append(str(page))
    if not wordless:
        return ()
    pages = "; ".join(f"page {', '.join(those)} of {name!r}" for name, those in wordless.items())
    return (f"image agent: not seen, since the model takes no pictures: {pages}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looker:
    """Who looks for which task."""

    task: Task
    corpus: "Corpus"
    calls: Calls
    model: BaseChatModel
    tools: Sequence[BaseTool]

    def findings(self, shown: Shown) -> Findings:
        """What these pictures show."""
        task = self.task
        offered = self._offered(shown) if offers_tools(self.calls, self.model) else []
        asked = (task.question, task.sub_question.question, task.doubt, str(shown.first))
        mark = self.calls.mark("image", *asked)
        loop = ToolLoop(
            calls=self.calls,
            model=self.model,
            schema=ImageReply,
            role="image agent",
            tools=offered,
            mark=mark,
            check=ReplyCheck(shown),
        )
        messages = self._messages(shown, mark, tools=bool(offered))
        reply = loop.run(with_tools(messages, offered, ImageReply.__name__))
        seen = tuple(
            as_evidence(finding, shown, task.sub_question.id, self.corpus)
            for finding in reply.findings
        )
        evidence = (*seen, *tool_evidence(loop.outcomes, self.tools, task.sub_question.id))
        return Findings(
            evidence=evidence,
            answer=reply.answer.strip() if evidence else "",
            confidence=reply.confidence if evidence else 0.0,
            failures=(*tool_failures(loop.outcomes, self.tools), *shown.failures),
        )

    def _offered(self, shown: Shown) -> list[BaseTool]:
        """Looking closer, and elsewhere in the documents of the hits: others may be closed."""
        documents = documents_of(self.task.hits)
        return [
            *view_tools(shown.views, shown.sheets),
            page_tool(shown.views, documents, most=OPENED),
            similar_tool(shown.views, self.corpus, tuple(sorted(documents.values()))),
            *self.tools,
        ]

    def _messages(self, shown: Shown, mark: str, *, tools: bool) -> list[BaseMessage]:
        task = self.task
        here = _overviewed(shown) if shown.sheets.shown else "all of them"
        system, asked = conversation(
            "image",
            question=task.question,
            sub_question=data_block(task.sub_question.question, mark, "sub-question"),
            form=task.sub_question.form,
            known=told_known(task, mark),
            errand=told_errand(task, mark, here=here, pages=len(task.hits)),
        )
        content: list[Any] = [
            {"type": "text", "text": str(asked.text)},
            *as_blocks(shown, self.corpus, mark, tools=tools),
        ]
        return [system, HumanMessage(content)]


def _overviewed(shown: Shown) -> str:
    pages = [page for sheet in shown.sheets.shown for page in sheet.pages]
    return f"overviews of {len(pages)} of them"
