"""The text agent: quotes from the hits, each found again on its page before it counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, SystemMessage
from langchain_core.tools import BaseTool

from pagehop.agents.abilities import abilities_of
from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.custom import tool_evidence, tool_failures
from pagehop.agents.model.errands import told_errand, told_known
from pagehop.agents.model.reading.quoting import quoted
from pagehop.agents.model.reading.sheets import Batch, make_batches, named_pages
from pagehop.agents.model.schemas import TextReply
from pagehop.agents.prompting import conversation, data_block, prompt
from pagehop.agents.replying.tool_loop import ToolLoop
from pagehop.agents.team import Findings, Task
from pagehop.tools.errors import BudgetSpentError

if TYPE_CHECKING:
    from pagehop.tools.corpus.corpus import Corpus

NOTHING = Batch(())


def read(
    task: Task,
    *,
    corpus: "Corpus",
    calls: Calls,
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    alone: bool = True,
) -> Findings:
    """What the hits' text and tables say about the sub-question.

    Without words to read the model is asked only where it alone may call the tools: pages that
    are pictures are the image agent's, who has the same tools. A quote that stands on none
    of the pages is dropped; an answer without evidence is none. What does not fit into one
    call is read in several, each told what the ones before have found; where the budget ends
    between them, what was found stays, and the failures say what was not read.

    Args:
        task: with the hits.
        corpus: that they are of.
        calls: the run's calls.
        model: who reads.
        tools: custom ones.
        alone: whether nobody looks at the hits as pictures.

    Raises:
        InvalidReplyError, BudgetSpentError, MissingKeyError, ModelCallError: as `replies.ask`;
            of the budget only where nothing was read yet.
    """
    first, *rest = make_batches(task, corpus, abilities_of(model).context) or [NOTHING]
    if first is NOTHING and not (tools and (alone or not task.hits)):
        return Findings()
    reader = _Reader(task=task, corpus=corpus, calls=calls, model=model, tools=tools)
    found = reader.findings(first, Findings())
    for number, batch in enumerate(rest):
        try:
            found = _joined(found, reader.findings(batch, found), task)
        except BudgetSpentError as error:
            pages = "; ".join(named_pages(left.sheets) for left in rest[number:])
            unread = f"text agent: not read: {pages}. {error}"
            return replace(found, failures=(*found.failures, unread))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Who reads for which task."""

    task: Task
    corpus: "Corpus"
    calls: Calls
    model: BaseChatModel
    tools: Sequence[BaseTool]

    def findings(self, batch: Batch, before: Findings) -> Findings:
        """What these pages say; `before` is what earlier ones said."""
        task = self.task
        asked = (task.sub_question.question, task.doubt, *(sheet.text for sheet in batch.sheets))
        mark = self.calls.mark("text", task.question, *asked)
        loop = ToolLoop(
            calls=self.calls,
            model=self.model,
            schema=TextReply,
            role="text agent",
            tools=self.tools,
            mark=mark,
        )
        reply = loop.run(self._messages(batch, before, mark))
        found = [
            quoted(finding, batch.sheets, task.sub_question.id, self.corpus)
            for finding in reply.findings
        ]
        stands = tuple(entry for entry in found if entry is not None)
        evidence = (*stands, *tool_evidence(loop.outcomes, self.tools, task.sub_question.id))
        failures = (*tool_failures(loop.outcomes, self.tools), *batch.cut)
        remarks: tuple[str, ...] = ()
        if len(stands) < len(found):
            lost = len(found) - len(stands)
            remarks = (f"text agent: {lost} quote(s) stand on none of the pages; dropped",)
        carried = evidence or (task.whole and before.evidence)
        return Findings(
            evidence=evidence,
            answer=reply.answer.strip() if carried else "",
            confidence=reply.confidence if carried else 0.0,
            failures=failures,
            remarks=remarks,
        )

    def _messages(self, batch: Batch, before: Findings, mark: str) -> list[BaseMessage]:
        task = self.task
        hits = [
            data_block(sheet.text, mark, f"hit {number}")
            for number, sheet in enumerate(batch.sheets, start=1)
        ]
        here = f"pages {named_pages(batch.sheets)}" if batch.sheets else ""
        messages = conversation(
            "text",
            question=task.question,
            sub_question=data_block(task.sub_question.question, mark, "sub-question"),
            form=task.sub_question.form,
            known=told_known(task, mark, before.evidence),
            errand=told_errand(task, mark, here=here, pages=len(task.hits)),
            hits="\n".join(hits) or "(none)",
        )
        return with_tools(messages, self.tools, TextReply.__name__)


def _joined(before: Findings, now: Findings, task: Task) -> Findings:
    """Findings of two batches. Of a whole document the later answer counts: it knows of both."""
    if task.whole:
        last = now if now.answer else before
    else:
        last = now if now.answer and now.confidence > before.confidence else before
    return Findings(
        evidence=(*before.evidence, *now.evidence),
        answer=last.answer,
        confidence=last.confidence,
        failures=(*before.failures, *now.failures),
        remarks=(*before.remarks, *now.remarks),
    )


def with_tools(
    messages: list[BaseMessage], tools: Sequence[BaseTool], reply: str
) -> list[BaseMessage]:
    """The conversation with a word on tools in its system prompt, where there are any."""
    if not tools:
        return messages
    told = f"{messages[0].text}\n{prompt('tools', reply=reply)}"
    return [SystemMessage(told), *messages[1:]]
