"""Explicit references: what a question points at is found without a search."""

from dataclasses import dataclass, field

import pytest

from pagehop.tools.corpus.records import Document, Page, Passage, Region, Stage
from pagehop.tools.retrieval.channel import Scope
from pagehop.tools.retrieval.naming.mentions import mentions
from pagehop.tools.retrieval.naming.names import named, spelt_out
from pagehop.tools.retrieval.naming.pointing import SURE, point
from pagehop.tools.retrieval.naming.references import resolve

BOX = (0.1, 0.1, 0.9, 0.3)


def document(identity="a", name="deck.pdf", pages=20, title=""):
    return Document(
        id=identity,
        names=(name,),
        kind="pdf",
        page_count=pages,
        title=title,
        bytes=1,
        outcome="indexed",
    )


@dataclass(eq=False)
class Shelf:
    """One document: its pages are printed i, ii, 1, 2, ...; it has these regions and passages."""

    items: list[Region] = field(default_factory=list)
    texts: list[Passage] = field(default_factory=list)
    outline: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def pages(self, document_id):
        labels = ["i", "ii", *map(str, range(1, 19))]
        return [
            Page(
                document_id=document_id,
                number=number,
                label=label,
                width=600,
                height=800,
                stage=Stage.LAYOUT,
                text="",
                outline=self.outline.get(number, ()),
            )
            for number, label in enumerate(labels, start=1)
        ]

    def generation(self):
        return len(self.items) + len(self.texts)

    def regions(self, document_id):
        return [one for one in self.items if one.document_id == document_id]

    def passages(self, document_id):
        return [one for one in self.texts if one.document_id == document_id]

    def put(self, page, kind, label="", caption="", text=""):
        order = len(self.items)
        self.items.append(
            Region(
                id=f"a:{page}:r{order}",
                document_id="a",
                page=page,
                order=order,
                kind=kind,
                bbox=BOX,
                text=text,
                caption=caption,
                label=label,
            )
        )

    def say(self, page, text, *heading):
        self.texts.append(
            Passage(
                id=f"a:{page}:p{len(self.texts)}",
                document_id="a",
                page=page,
                kind="text",
                text=text,
                heading=heading,
            )
        )


@pytest.fixture
def shelf():
    shelf = Shelf()
    shelf.put(4, "figure", label="Figure 1", caption="Figure 1: The machine.")
    shelf.put(7, "figure", caption="Fig. 3. (a) Before and (b) after.")
    shelf.put(5, "table", label="Table 2a")
    shelf.put(9, "table", label="Table 10")
    shelf.put(12, "table", caption="Without a number")
    shelf.put(14, "caption", text="Table 5: Costs by year.")
    shelf.say(8, "We describe the data.", "3 Data", "3.1 Sources")
    shelf.say(9, "They were cleaned.", "3 Data", "3.1 Sources")
    shelf.say(10, "Then models.", "4 Models")
    shelf.say(16, "Figure 7 shows growth in both regions.")
    shelf.say(18, "More.", "Appendix B: Prompts")
    shelf.put(15, "heading", text="1. Introduction")
    return shelf


def pages(question, shelf):
    return sorted(one.page for one in resolve(mentions(question), document(), shelf))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is on page 12?", [12, 14]),  # as counted, and as printed
        ("See p. 12.", [12, 14]),
        ("What does page ii say?", [2]),
        ("what is on slide 3", [3, 5]),
        ("Compare pages 3-5.", [3, 4, 5, 6, 7]),
        ("Compare pages 3 and 5.", [3, 5, 7]),
        ("the 7th page", [7]),
        ("What does the first page show?", [1]),
        ("Who wrote the last page?", [20]),
        ("the second-to-last slide", [19]),
        ("the last two pages", [19, 20]),
        ("the colour of the cover page", [1]),
        ("What is on page 300?", []),
        ("What does Figure 1 show?", [4]),
        ("In Fig. 3b, what is blue?", [7]),
        ("Compare Table 2a with Table 10", [5, 9]),
        ("What does Table 1 show?", []),
        ("Table 5 lists costs", [14]),
        ("In Figure 7, which region grew?", [16]),
        ("Which row of the last table is bold?", [12]),
        ("the first figure", [4]),
        ("What does section 3.1 describe?", [8, 9]),
        ("Which models does Section 4 name?", [10]),
        ("the prompt in Appendix B", [18]),
        ("Who speaks on page three?", [3, 5]),
        ("What is on slides two and three?", [2, 3, 4, 5]),
        ("How many maps are there from Page 3 to Page 5?", [3, 4, 5, 6, 7]),
        ("What stands on the page after page 12?", [13, 15]),
        ("the next page after Figure 1", [5]),
        ("the slide right before Table 2a", [4]),
        ("the page preceding the last table", [11]),
        ("the page after the last page", []),
        ("What is shown on the first page of Section 3.1?", [8]),
        ("the last page of section 3.1", [9]),
        ("What do sections 3.1 and 4 say?", [8, 9, 10]),
        ("What does the “Sources” section say?", [8, 9]),
        ("the section titled 'Models'", [10]),
        ('According to the "prompts" part, who asks?', [18]),
        ("the chapter on models and their use", [10]),
        ("Which files does the sources section list?", [8, 9]),
        ("How many words are in the introduction?", [15]),
        ('Name the pages as a list, for example ["page 3", "page 4"].', []),
    ],
)
def test_a_reference_is_resolved(shelf, question, expected):
    assert pages(question, shelf) == expected


@pytest.mark.parametrize(
    "question",
    [
        "How many pages are there?",
        "How many figures does it have?",
        "Read the 10 pages about solar power.",
        "Does the insurance cover floods?",
        "What is the web page 5 people visit?",
        "Which figures fell by 3% in 2018?",
        "The table shows 5 rows; why?",
        "It was page-turning in part.",
        "What happened in 2018?",
        "What can be seen on the page one reads first?",
        "What is said about the part of the engine that is hot?",
        "Which section of the road is closed?",
        "Who wrote the last chapter of his life in prison?",
        "",
    ],
)
def test_what_only_sounds_like_a_reference_is_none(shelf, question):
    assert pages(question, shelf) == []


def test_a_figure_that_came_later_is_found_too(shelf):
    assert pages("What does Figure 77 show?", shelf) == []
    shelf.put(9, "figure", label="Figure 77")
    assert pages("What does Figure 77 show?", shelf) == [9]


def test_a_section_is_found_by_the_outline_when_no_heading_was_recognised():
    shelf = Shelf(outline={6: ("Section 2 Methods",), 7: ("Section 2 Methods",)})
    assert pages("What does section 2 say?", shelf) == [6, 7]


def test_a_long_section_is_no_place_to_look():
    shelf = Shelf()
    for page in range(1, 41):
        shelf.say(page, "Text.", "2 Methods")
    assert pages("What does section 2 say?", shelf) == []


def test_the_heading_that_is_the_title_goes_before_one_that_has_more_words():
    shelf = Shelf()
    shelf.say(3, "Text.", "Fuel sensors")
    shelf.say(7, "Text.", "2.1 Sensors")
    assert pages("How many pictures are in the section on sensors?", shelf) == [7]
    assert pages("How many pictures are in the section on fuel?", shelf) == [3]


def test_the_page_beside_a_place_is_told(shelf):
    [reference] = resolve(mentions("the page after Figure 1"), document(), shelf)
    assert reference.page == 5
    assert "“Figure 1” is on page 4" in reference.reason
    assert "the page after it" in reference.reason


def test_a_reason_is_given_in_plain_words(shelf):
    [reference] = resolve(mentions("What does Figure 1 show?"), document(), shelf)
    assert reference.reason == "“Figure 1” is on page 4 of deck.pdf"


FILINGS = [
    document("a", "3M_2018_10K.pdf"),
    document("b", "3M_2022_10K.pdf"),
    document("c", "BESTBUY_2022_10K.pdf"),
    document("d", "holiday-guide.pdf", title="A Walk in the Alps"),
]


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("What was 3M's capital expenditure in FY2018?", "a"),
        ("How did 3M do in fiscal 2022?", "b"),
        ("Did Best Buy open stores in 2022?", "c"),
        ("Which hut is highest in the Alps?", "d"),
    ],
)
def test_a_document_is_named_by_company_and_year_or_by_its_title(question, best):
    fits = named(question, FILINGS)
    assert max(fits, key=fits.get) == best
    assert all(0 < fit <= 1 for fit in fits.values())


def test_a_question_without_a_name_fits_no_document():
    assert named("What is the total revenue?", FILINGS) == {}


@pytest.mark.parametrize("said", ["3M_2018_10K.pdf", "3m_2018_10k", "the file 3M_2018_10K, page 2"])
def test_a_spelt_out_file_name_is_recognised(said):
    assert spelt_out(f"What does {said} say?", FILINGS) == {"a"}


def test_a_page_number_is_of_the_document_that_the_question_names(shelf):
    known = {one.id: one for one in FILINGS}
    found = point("What is on page 2 of 3M_2018_10K.pdf?", known, shelf, Scope())
    assert found.references == (("3M_2018_10K.pdf", 2), ("3M_2018_10K.pdf", 4))
    assert set(found.pages.values()) == {SURE}
    assert found.documents["a"] == SURE


def test_a_page_number_of_no_named_document_is_a_weaker_hint_in_all_of_them(shelf):
    known = {one.id: one for one in FILINGS}
    found = point("What is on page 2?", known, shelf, Scope())
    assert {document for document, _ in found.pages} == set("abcd")
    assert max(found.pages.values()) < 0.5


def test_a_page_that_was_left_out_is_not_pointed_at(shelf):
    scope = Scope(without=frozenset({("a", 12)}))
    found = point("What is on page 12?", {"a": document()}, shelf, scope)
    assert list(found.pages) == [("a", 14)]
