"""The image agent goes closer twice, and what it found has its box on the page."""

import re

import pytest
from langchain_core.messages import AIMessage

from pagehop.graphs import create_document_agent


def call(name, **args):
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": f"{name}-1"}])


def test_a_crop_of_a_crop_is_cited_with_its_box_on_the_page_to_a_pixel(library, model, plan):
    """The page is 595 x 842 points; the small print stands at (200, 300, 260, 330)."""
    page = library.page("chart.pdf", 1)
    target = (200 / page.width, 300 / page.height, 260 / page.width, 330 / page.height)
    first = (0.1, 0.2, 0.7, 0.6)  # fractions of the page
    sizes = {}

    def inside(outer, box):
        width, height = outer[2] - outer[0], outer[3] - outer[1]
        return [
            (box[0] - outer[0]) / width,
            (box[1] - outer[1]) / height,
            (box[2] - outer[0]) / width,
            (box[3] - outer[1]) / height,
        ]

    second = (0.3, 0.3, 0.5, 0.45)

    def pixels(view, fractions):
        width, height = sizes[view]
        return [
            fractions[0] * width,
            fractions[1] * height,
            fractions[2] * width,
            fractions[3] * height,
        ]

    def look(messages):
        text = "\n".join(str(message.text) for message in messages)
        for name, width, height in re.findall(r"(v\d+)\b.*?, (\d+) x (\d+) pixels", text):
            sizes[name] = (int(width), int(height))
        if "v3" in sizes:
            box = pixels("v3", inside(second, target))
            found = {"view": "v3", "box": box, "seen": "Q3: 918 units", "confidence": 0.9}
            return {"findings": [found], "answer": "918 units", "confidence": 0.9}
        if "v2" in sizes:
            return call("crop", view="v2", box=pixels("v2", inside(first, second)))
        return call("crop", view="v1", box=pixels("v1", first))

    scripted = model(
        plan=plan(("q1", "How many units were shipped in Q3?"), modalities=("figure",)),
        image=look,
        answer="918 units",
    )
    agent = create_document_agent(library, scripted, documents=["chart.pdf"])
    answer = agent.invoke({"question": "How many units were shipped in Q3?"})["answer"]
    assert (answer.text, answer.status) == ("918 units", "answered")
    (cited,) = answer.citations
    assert (cited.document, cited.page) == ("chart.pdf", 1)
    print(cited, target)
    x, y = page.width, page.height  # a pixel at 72 dpi is a point
    for edge, wanted, size in zip(cited.bbox, target, (x, y, x, y), strict=True):
        assert edge * size == pytest.approx(wanted * size, abs=1.0)
    assert answer.usage.images >= 3
    assert cited.image().size[0] > 0
