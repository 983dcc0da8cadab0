"""Two readings of one place: agreement makes sure, disagreement is told."""

from hypothesis import given
from hypothesis import strategies as st

from pagehop.agents.model.looking.twice import compared, same
from pagehop.agents.team import Findings
from pagehop.tools.evidence import Evidence


def evidence(quote="2015: 45 %", **fields):
    settings = {
        "document": "deck.pdf", "document_id": "d1", "page": 3, "modality": "figure",
        "verbatim": False, "sub_question": "q1", "agent": "image", "confidence": 0.6,
    }  # fmt: skip
    return Evidence(quote=quote, **(settings | fields))


def findings(*found, answer="45 %", confidence=0.5, failures=()):
    return Findings(evidence=found, answer=answer, confidence=confidence, failures=failures)


def test_what_both_read_is_kept_once_and_is_surer():
    boxed = evidence(bbox=(0.1, 0.1, 0.2, 0.2), confidence=0.5)
    both = compared(findings(evidence()), findings(boxed, answer="45%", confidence=0.4))
    (entry,) = both.evidence
    assert (entry.bbox, entry.confidence) == (boxed.bbox, 0.8)
    assert (both.answer, both.confidence, both.failures) == ("45 %", 0.7, ())


def test_readings_that_differ_are_both_kept_and_say_so():
    both = compared(
        findings(evidence(), confidence=0.9),
        findings(evidence("2015: 54 %"), answer="54 %", confidence=0.3),
    )
    assert [entry.quote for entry in both.evidence] == ["2015: 45 %", "2015: 54 %"]
    assert both.evidence[0].reading == "(A second, separate reading gave: 54 %)"
    assert both.evidence[1].reading == "(A second, separate reading gave: 45 %)"
    assert (both.answer, both.confidence) == ("45 %", 0.45)
    assert both.failures == ("image agent: two readings of the place differ: '45 %' and '54 %'",)


def test_an_answer_that_only_one_reading_found_is_worth_half():
    both = compared(findings(answer="", confidence=0.0), findings(evidence(), confidence=0.8))
    assert (both.answer, both.confidence, len(both.evidence)) == ("45 %", 0.4, 1)


def test_what_a_tool_said_is_not_doubted():
    said = evidence(modality="tool", page=0)
    both = compared(findings(said), findings(evidence(), answer="7"))
    assert said in both.evidence


def test_the_same_number_of_another_thing_is_not_the_same_reading():
    both = compared(findings(evidence("Cloud: 45")), findings(evidence("Devices: 45")))
    assert len(both.evidence) == 2


answers = st.sampled_from(["", "45 %", "about 45%", "54", "Berlin", "berlin", "Bern"])
readings = st.builds(
    lambda quotes, answer, confidence: findings(
        *map(evidence, quotes), answer=answer, confidence=confidence
    ),
    st.lists(st.sampled_from(["2015: 45 %", "2015, 45%", "2014: 1", "Berlin"]), unique=True),
    answers,
    st.sampled_from([0.0, 0.3, 0.9]),
)


@given(readings, readings)
def test_it_makes_no_difference_which_reading_came_first(one, other):
    a, b = compared(one, other), compared(other, one)
    assert (a.answer, a.confidence, a.failures) == (b.answer, b.confidence, b.failures)
    assert {found.id for found in a.evidence} == {found.id for found in b.evidence}


@given(readings, readings)
def test_no_reading_is_lost_and_confidence_stays_a_share(one, other):
    both = compared(one, other)
    quotes = [entry.quote for entry in both.evidence]
    for found in (*one.evidence, *other.evidence):
        assert any(same(found.quote, quote) for quote in quotes)
    assert all(0 <= entry.confidence <= 1 for entry in both.evidence)
    assert 0 <= both.confidence <= 1
