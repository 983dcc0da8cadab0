"""Draw the README's picture: an answer, and the cited lines on their pages.

python scripts/readme_picture.py CORPUS_WITH_THE_SAMPLES docs/answer.png
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from pagehop.graphs import create_document_agent
from pagehop.tools import Answer, Citation, Corpus

QUESTION = (
    "On how many datasets is ProgramFC evaluated, and on how many datasets is Logic-LM evaluated?"
)
WIDTH, MARGIN, GAP = 1600, 48, 32
INK, SOFT, EDGE, PAPER = "#111827", "#4b5563", "#d1d5db", "#ffffff"
SHOWN = 0.34  # of the page's height, around the citation


def main(corpus_folder: str, out: str) -> None:
    """Ask, draw, write."""
    with Corpus(corpus_folder) as corpus:
        answer = create_document_agent(corpus).invoke({"question": QUESTION})["answer"]
        panels = [
            _panel(citation, (WIDTH - 2 * MARGIN - GAP) // 2) for citation in answer.citations
        ]
    text = _text(answer)
    height = MARGIN + text.height + GAP + max(panel.height for panel in panels) + MARGIN
    card = Image.new("RGB", (WIDTH, height), "#f9fafb")
    card.paste(text, (MARGIN, MARGIN))
    for number, panel in enumerate(panels[:2]):
        card.paste(panel, (MARGIN + number * (panel.width + GAP), MARGIN + text.height + GAP))
    card.convert("P", palette=Image.Palette.ADAPTIVE, colors=192).save(Path(out), optimize=True)


def _panel(citation: Citation, width: int) -> Image.Image:
    page = citation.image(dpi=170)
    page = page.resize((width, round(page.height * width / page.width)), Image.Resampling.LANCZOS)
    assert citation.bbox is not None
    middle = (citation.bbox[1] + citation.bbox[3]) / 2
    top = min(max(0.0, middle - SHOWN / 2), 1 - SHOWN)
    shown = page.crop((0, round(top * page.height), width, round((top + SHOWN) * page.height)))
    label = f"{citation.document}, page {citation.page}"
    panel = Image.new("RGB", (width, shown.height + 44), PAPER)
    panel.paste(shown, (0, 0))
    pen = ImageDraw.Draw(panel)
    pen.rectangle((0, 0, width - 1, panel.height - 1), outline=EDGE, width=2)
    pen.line((0, shown.height, width, shown.height), fill=EDGE, width=2)
    pen.text((16, shown.height + 10), label, font=ImageFont.load_default(20), fill=SOFT)
    return panel


def _text(answer: Answer) -> Image.Image:
    lines = answer.text.splitlines()
    image = Image.new("RGB", (WIDTH - 2 * MARGIN, 44 + 44 * len(lines)), "#f9fafb")
    pen = ImageDraw.Draw(image)
    pen.text((0, 0), f"> {answer.question}", font=ImageFont.load_default(26), fill=SOFT)
    for number, line in enumerate(lines):
        marks = "".join(f" [{name}]" for name in answer.claims[number].citations)
        place = (0, 52 + 44 * number)
        pen.text(place, line + marks, font=ImageFont.load_default(32), fill=INK)
    return image


if __name__ == "__main__":
    main(*sys.argv[1:])
