"""The image agent goes closer twice, and what it found has its box on the page."""

import base64
import io

import numpy as np
import pytest
from langchain_core.messages import AIMessage
from PIL import Image

from pagehop.graphs import create_document_agent

FIELD = (200, 300, 260, 330)  # points: where chart.pdf has its pink field


def pink(picture):
    """The box of the pink field in a picture, in its pixels: the model really looks."""
    colours = np.asarray(picture.convert("RGB")).astype(int)
    rows, columns = np.nonzero(np.abs(colours - (255, 204, 204)).sum(axis=2) < 40)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def pictures(messages):
    blocks = [b for m in messages if isinstance(m.content, list) for b in m.content]
    found = [block for block in blocks if block["type"] == "image"]
    return [Image.open(io.BytesIO(base64.b64decode(block["base64"]))) for block in found]


def around(box, picture, margin):
    width, height = picture.size
    return [
        max(0.0, float(box[0] - margin)),
        max(0.0, float(box[1] - margin)),
        min(float(width), float(box[2] + margin)),
        min(float(height), float(box[3] + margin)),
    ]


def look(messages):
    shown = pictures(messages)
    name, box = f"v{len(shown)}", pink(shown[-1])
    if len(shown) == 3:
        found = {
            "view": name,
            "box": [float(edge) for edge in box],
            "seen": "a pink field with small print",
            "confidence": 0.9,
        }
        return {"findings": [found], "answer": "a pink field", "confidence": 0.9}
    args = {"view": name, "box": around(box, shown[-1], 250 if len(shown) == 1 else 60)}
    return AIMessage("", tool_calls=[{"name": "crop", "args": args, "id": name}])


def test_a_crop_of_a_crop_is_cited_with_its_box_on_the_page_to_a_pixel(library, model, plan):
    scripted = model(
        plan=plan(("q1", "What colour has the field in the figure?"), modalities=("figure",)),
        image=look,
        answer="a pink field",
    )
    agent = create_document_agent(library, scripted, documents=["chart.pdf"])
    answer = agent.invoke({"question": "What colour has the field in the figure?"})["answer"]
    assert (answer.text, answer.status) == ("a pink field", "answered")
    (cited,) = answer.citations
    assert (cited.document, cited.page) == ("chart.pdf", 1)
    page = library.page("chart.pdf", 1)
    size = (page.width, page.height, page.width, page.height)
    points = [edge * length for edge, length in zip(cited.bbox, size, strict=True)]
    assert points == pytest.approx(FIELD, abs=1.0)  # a pixel at 72 dpi is a point
    assert answer.usage.images >= 3
    assert cited.image().size[0] > 0
