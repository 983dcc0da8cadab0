"""The image agent: captions and read-off labels of figures, and pages that are pictures."""

from pagehop.agents.extractive.material import Snippet, Source, pictured, printed, sheets
from pagehop.agents.extractive.reader import choose, opening_of, pages_read
from pagehop.agents.team import Findings, Task
from pagehop.tools.boxes import share_inside


def look(source: Source, task: Task) -> Findings:
    """Evidence from figures, and from the lines that were read off pages without text.

    It sees no picture: it reads what OCR has read, and says where. With `closer`, only what
    lies in that box of the first hit's page is looked at.
    """
    found: list[Snippet] = []
    for sheet in sheets(source, task.hits, pages_read(task)):
        found.extend(pictured(sheet))
        if sheet.page.ocr:
            found.extend(printed(sheet))
    if task.closer is not None:
        box = task.closer
        found = [s for s in found if s.rank == 0 and s.bbox and share_inside(s.bbox, box) > 0.5]
    return choose(task, found, agent="image", opening=opening_of(source, task))
