"""Facts about documents on disk: as they were worked out, once, whatever happens to the file."""

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from channel_contract import DECK, REPORT, enter, write
from hypothesis import given, settings
from hypothesis import strategies as st
from test_documents_signal import REPORTS, Shelf
from test_signals import BALANCE, CONTENTS, TALK, asked, even

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.retrieval.facts import Facts, of_documents
from pagehop.tools.retrieval.naming.directory import Directory
from pagehop.tools.retrieval.naming.first_pages import Card
from pagehop.tools.retrieval.naming.periods import Periods, periods
from pagehop.tools.retrieval.signals.statements import Statements

QUESTION = "What did Best Buy earn in fiscal 2019?"


class Worker:
    """Works out a fact, and counts for how many documents it did."""

    def __init__(self, digests):
        self.digests = dict(digests)
        self.done = []

    def __call__(self, documents):
        self.done += documents
        return {one: f"{one} is {self.digests[one]}".encode() for one in documents}

    def sync(self, facts, generation):
        self.done = []
        return facts.sync(generation, lambda: self.digests, self)


@settings(deadline=None, max_examples=30)  # a file is made for each
@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("12")), max_size=4))
def test_after_every_change_the_facts_are_those_of_the_documents_now(tmp_path_factory, generations):
    facts = Facts(tmp_path_factory.mktemp("facts") / "facts.sqlite3", 1)
    before = {}
    for number, digests in enumerate(generations):
        work = Worker(digests)
        work.sync(facts, number)
        assert facts.of("abcdef") == Worker(digests)(sorted(digests))
        assert set(work.done) == {one for one in digests if before.get(one) != digests[one]}
        before = digests
    facts.close()


def test_nothing_is_compared_while_nothing_changes(tmp_path):
    facts, work = Facts(tmp_path / "facts.sqlite3", 1), Worker({"a": "1"})
    assert work.sync(facts, 7) == 1
    work.digests["a"] = "2"
    assert work.sync(facts, 7) == 0
    assert work.sync(facts, 8) == 1


@pytest.mark.parametrize("content", [b"no database" * 1_000, b"", None])
def test_a_file_that_is_damaged_or_gone_is_made_again(tmp_path, content):
    path, work = tmp_path / "facts.sqlite3", Worker({"a": "1", "b": "1"})
    with_file = Facts(path, 1)
    work.sync(with_file, 1)
    with_file.close()
    path.unlink() if content is None else path.write_bytes(content)
    again = Facts(path, 1)
    work.sync(again, 1)
    assert sorted(work.done) == ["a", "b"]
    assert again.of(["a", "b"]).keys() == {"a", "b"}


def test_facts_of_another_version_are_worked_out_anew(tmp_path):
    path, work = tmp_path / "facts.sqlite3", Worker({"a": "1"})
    work.sync(Facts(path, 1), 1)
    assert work.sync(Facts(path, 1), 1) == 0
    assert work.sync(Facts(path, 2), 1) == 1


def test_killed_while_working_it_goes_on_from_there(tmp_path):
    path = tmp_path / "facts.sqlite3"
    script = f"""
import time
from pathlib import Path
from pagehop.tools.retrieval.facts import Facts

def work(documents):
    print("working", flush=True)
    time.sleep(0.2)
    return {{one: b"done" for one in documents}}

Facts(Path({str(path)!r}), 1).sync(1, lambda: {{f"{{n:04}}": "1" for n in range(1_000)}}, work)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as worker:
        for _ in range(3):
            worker.stdout.readline()
        time.sleep(0.1)
        worker.send_signal(signal.SIGKILL)
    facts, everything = Facts(path, 1), {f"{number:04}": "1" for number in range(1_000)}
    left = facts.sync(1, lambda: everything, lambda some: dict.fromkeys(some, b"done"))
    assert 0 < left < 1_000
    assert facts.of(everything) == dict.fromkeys(everything, b"done")


def test_a_document_has_another_digest_when_any_page_has():
    pages = {("a", 1): "x", ("a", 2): "y", ("b", 1): "x"}
    found, changed = of_documents(pages), of_documents(pages | {("a", 2): "z"})
    assert found["b"] == changed["b"]
    assert found["a"] != changed["a"]


@given(st.lists(st.integers(0, 2**48)), st.text())
def test_a_card_is_read_as_it_was_packed(marks, head):
    card = replace(Card.read(Shelf(REPORTS).documents()[0], head), own=periods(head))
    again = Card.unpacked(card.packed())
    assert again.own == card.own
    assert again.marks.tolist() == card.marks.tolist()


def test_periods_are_read_as_they_were_packed():
    own = periods("10-Q for the quarterly period Q2 of FY24, ended July 29, 2023")
    assert own.years
    assert own.quarters
    assert own.kinds
    assert own.dates
    assert Periods.unpacked(own.packed()) == own


def test_first_pages_are_read_once_for_all_times_the_corpus_is_opened(tmp_path):
    without = Directory(Shelf(REPORTS))
    made = Directory(Shelf(REPORTS), Facts(tmp_path / "first_pages.sqlite3", 1))
    assert made.update() == len(REPORTS)
    shelf = Shelf(REPORTS)
    opened = Directory(shelf, Facts(tmp_path / "first_pages.sqlite3", 1))
    assert opened.heads(QUESTION, REPORTS) == without.heads(QUESTION, REPORTS)
    assert opened.periods(REPORTS) == without.periods(REPORTS)
    assert shelf.reads == []


def test_a_first_page_that_was_read_anew_is_known_at_once(tmp_path):
    shelf = Shelf(dict(REPORTS))
    directory = Directory(shelf, Facts(tmp_path / "first_pages.sqlite3", 1))
    assert directory.heads("Zebra", shelf.heads) == {}
    shelf.heads["3M_2018_10K.pdf"] = "ZEBRA LTD"
    shelf.changes += 1
    assert directory.heads("Zebra", shelf.heads).keys() == {"3M_2018_10K.pdf"}
    assert shelf.reads.count("3M_2018_10K.pdf") == 2
    assert shelf.reads.count("3M_2019_10K.pdf") == 1


def statements_of(path: Path, catalogue: Catalogue) -> Statements:
    return Statements(catalogue, facts=Facts(path / "statements.sqlite3", 1))


def test_statements_are_the_same_from_the_file_and_a_page_read_anew_is_seen(tmp_path):
    catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
    enter(catalogue, REPORT, "northwind.pdf", CONTENTS, TALK, BALANCE)
    enter(catalogue, DECK, "boats.pdf", "All about boats.", TALK)
    question, both = asked("What is the current ratio?"), even(REPORT, DECK)
    plain = Statements(catalogue).scores(question, both)
    assert {page for (_, page), gain in plain.items() if gain > 0.1} == {3}
    assert statements_of(tmp_path, catalogue).update() == 2
    again = statements_of(tmp_path, catalogue)
    assert again.update() == 0
    assert again.scores(question, both) == plain
    write(catalogue, REPORT, 3, "Nothing but a blank page.")
    assert again.scores(question, both) == {}
    catalogue.erase(DECK)
    assert again.update() == 1
    catalogue.close()
