"""Signals within a document: statements of a report, the first page, counted figures."""

import pytest
from channel_contract import DECK, REPORT, enter
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Region, Stage
from pagehop.tools.retrieval.channel import Query, Scope
from pagehop.tools.retrieval.ranking import Asked
from pagehop.tools.retrieval.signals.counting import Counting
from pagehop.tools.retrieval.signals.leading import leading
from pagehop.tools.retrieval.signals.opening import Opening
from pagehop.tools.retrieval.signals.statements import Statements, statements

INCOME = """Northwind Corp. Consolidated Statements of Earnings (in millions) 2021 2020
Net sales 8,214 7,902 Cost of sales 5,101 4,890 Gross profit 3,113 3,012
Selling, general and administrative 1,420 1,388 Research and development 310 295
Operating income 1,383 1,329 Interest expense (88) (91) Income before income taxes 1,295 1,238
Provision for income taxes 271 260 Net income 1,024 978
Earnings per share: Basic 4.12 3.91 Diluted 4.05 3.85"""
BALANCE = """Northwind Corp. Consolidated Balance Sheets (in millions) 2021 2020
Cash and cash equivalents 902 811 Accounts receivable 1,204 1,190 Inventories 780 744
Total current assets 2,990 2,841 Property, plant and equipment 4,120 4,015 Goodwill 611 611
Total assets 8,433 8,102 Accounts payable 690 655 Total current liabilities 1,711 1,650
Long-term debt 2,050 2,120 Total liabilities 4,402 4,331 Common stock 12 12
Retained earnings 3,610 3,322 Total shareholders' equity 4,031 3,771"""
CASH = """Northwind Corp. Consolidated Statements of Cash Flows (in millions) 2021 2020
Net income 1,024 978 Depreciation and amortization 402 391 Deferred income taxes 20 18
Net cash provided by operating activities 1,511 1,402 Purchases of property 530 498
Net cash used in investing activities (560) (511) Dividends paid (320) (301)
Repurchase of common stock (400) (250) Net cash used in financing activities (790) (640)
Effect of exchange rate (3) 2 Net increase 158 253 Cash at beginning of year 744 491"""
CONTENTS = """Contents. Report of auditors 2. Consolidated balance sheets 3. Consolidated statements
of earnings 4. Consolidated statements of cash flows 5. Notes 6."""
TALK = """Our return on assets rose again. Net income and total assets grew, gross profit and
operating income too, and inventories, accounts payable and long-term debt are in good shape."""
PAGES = (CONTENTS, TALK, BALANCE, INCOME, CASH)


@pytest.fixture
def catalogue(tmp_path):
    catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
    enter(catalogue, REPORT, "northwind.pdf", *PAGES)
    enter(catalogue, DECK, "boats.pdf", "All about boats.", TALK, "A sail, a mast, a keel.")
    yield catalogue
    catalogue.close()


def asked(text, *, without=()):
    scope = Scope(documents=frozenset({REPORT, DECK}), without=frozenset(without))
    return Asked(query=Query(text=text), scope=scope, documents={}, lists={})


def even(*documents):
    """Scores so far that prefer nothing."""
    return {(document, page): 0.5 for document in documents or (REPORT,) for page in (1, 2)}


def raised(signal, text, scores=None, **scope):
    gained = signal.scores(asked(text, **scope), scores or even())
    return {page for (_, page), gain in gained.items() if gain > 0.1}


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("What was the return on assets in 2021?", {3, 4}),
        ("What is the current ratio?", {3}),
        ("How much free cash flow was there?", {5}),
        ("What is the debt to EBITDA ratio?", {3, 4, 5}),
        ("According to the balance sheet, how much goodwill is there?", {3}),
        ("By how much did gross margin change?", {4}),
        ("Where is the head office?", set()),
    ],
)
def test_the_statements_that_a_question_needs_are_raised_and_no_page_that_talks_of_them(
    catalogue, text, pages
):
    assert raised(Statements(catalogue), text) == pages


def test_a_computed_figure_raises_the_statement_more_than_a_line_of_it(catalogue):
    signal = Statements(catalogue)
    computed = signal.scores(asked("the current ratio"), even())[REPORT, 3]
    assert computed > signal.scores(asked("the accounts payable"), even())[REPORT, 3] > 0


def test_a_document_without_statements_gains_nothing(catalogue):
    assert raised(Statements(catalogue), "What is the current ratio?", even(DECK)) == set()


def test_a_page_that_was_left_out_stays_out(catalogue):
    gained = raised(Statements(catalogue), "return on assets", without={(REPORT, 3)})
    assert gained == {4}


def test_a_statement_read_anew_is_seen(catalogue):
    signal = Statements(catalogue)
    assert raised(signal, "current ratio") == {3}
    enter_again = catalogue.page(REPORT, 2)
    read = {name: getattr(enter_again, name) for name in ("document_id", "number", "label")}
    twice = BALANCE.replace("Northwind Corp.", "Northwind Corp. (unaudited)")
    page = type(enter_again)(**read, width=1, height=1, stage=Stage.TEXT, text=twice)
    catalogue.put_page(page, (), (), ())
    assert raised(signal, "current ratio") == {2, 3}


@given(st.text(), st.sampled_from(sorted(statements())))
def test_a_fit_is_a_share(text, name):
    assert 0 <= statements()[name].fit(text) <= 1.1


def test_prose_of_a_statement_s_words_is_no_statement():
    balance = statements()["balance sheet"]
    assert balance.fit(BALANCE) > 0.3
    assert balance.fit(" ".join(balance.lines)) == 0
    assert balance.fit(" ".join([*balance.lines, "2021", "and so on" * 99])) < 0.1


@pytest.mark.parametrize(
    "text",
    [
        "What is the title of the slide deck?",
        "Who is the presenter of this presentation?",
        "Who are the authors of the paper?",
        "When was this report published?",
        "What is the name of the document?",
    ],
)
def test_what_only_a_first_page_says_is_looked_for_there(text):
    assert raised(Opening(), text, even(REPORT, DECK)) == {1}


@pytest.mark.parametrize(
    "text",
    [
        "What is the title of Figure 3?",
        "Which authors does the chapter on sails quote?",
        "How many presenters are women?",
    ],
)
def test_other_questions_do_not_lead_to_the_first_page(text):
    assert raised(Opening(), text) == set()


def test_a_first_page_that_was_left_out_stays_out():
    assert raised(Opening(), "the title of the report", without={(REPORT, 1)}) == set()


@pytest.fixture
def drawn(catalogue):
    """Figures on pages 2 and 4, a table on 4, an ornament on 5."""
    boxes = {
        2: [("figure", (0.1, 0.1, 0.5, 0.5))],
        4: [("figure", (0.1, 0.1, 0.5, 0.5)), ("table", (0.1, 0.6, 0.9, 0.9))],
        5: [("figure", (0.9, 0.0, 0.95, 0.05))],
    }
    for number, found in boxes.items():
        page = catalogue.page(REPORT, number)
        regions = [
            Region(
                id=f"{REPORT}:{number}:r{order}",
                document_id=REPORT,
                page=number,
                order=order,
                kind=kind,
                bbox=box,
            )
            for order, (kind, box) in enumerate(found)
        ]
        catalogue.put_page(page, (), regions, catalogue.passages(REPORT, number))
    return catalogue


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("How many charts are in the report?", {2, 4}),
        ("What is the number of colour photos?", {2, 4}),
        ("How many tables does it have?", {4}),
        ("How many boats are there?", set()),
    ],
)
def test_what_is_counted_raises_every_page_that_has_one(drawn, text, pages):
    assert raised(Counting(drawn), text) == pages


def test_the_leading_documents_are_those_with_the_best_pages():
    scores = {("a", 1): 0.2, ("b", 1): 0.9, ("c", 7): 0.5, ("a", 2): 0.6, ("d", 1): 0.6}
    assert leading(scores, 3) == ["b", "a", "d"]
    assert leading({}, 3) == []
