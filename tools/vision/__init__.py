"""Looking at pages: views, crops of crops, and pictures of what is cited."""

from pagehop.tools.vision.contact import ContactSheet, ContactSheets
from pagehop.tools.vision.drawing import draw_boxes
from pagehop.tools.vision.encoding import picture_block
from pagehop.tools.vision.figures import cited_page, save_figures
from pagehop.tools.vision.views import View, Views

__all__ = [
    "ContactSheet",
    "ContactSheets",
    "View",
    "Views",
    "cited_page",
    "draw_boxes",
    "picture_block",
    "save_figures",
]
