"""The second look: claims beside their pictures, within what the model takes."""

from dataclasses import replace

import pytest

from pagehop.agents import Budget, Calls, ScriptedChatModel
from pagehop.agents.model.looking.second_look import look_again
from pagehop.agents.team import Reading
from pagehop.tools.evidence import Evidence

LEFT, RIGHT = (0.05, 0.6, 0.45, 0.75), (0.5, 0.6, 0.95, 0.75)


def seen(corpus, quote, bbox):
    return Evidence(
        document="report.pdf", document_id=corpus.document("report.pdf").id, page=2, bbox=bbox,
        modality="page", quote=quote, verbatim=False, sub_question="q1", agent="image",
    )  # fmt: skip


@pytest.fixture
def two(small_corpus):
    """A claim on two pictures of one page."""
    return Reading(
        claim="59 units in all.",
        evidence=(seen(small_corpus, "42 units", LEFT), seen(small_corpus, "17 units", RIGHT)),
    )


def entry(claim="k1", text="v1: 42 units; v2: 17 units", ruling="stands"):
    return {"claim": claim, "seen": text, "ruling": ruling, "reason": ""}


def look(corpus, readings, *script, **profile):
    model = ScriptedChatModel(script=[{"claims": claims} for claims in script])
    model.profile = profile
    looks = look_again(readings, corpus=corpus, calls=Calls(Budget()), model=model)
    return looks, model.calls


def pictures(call):
    return sum(block["type"] == "image" for block in call.messages[-1].content)


def test_a_claim_is_looked_at_in_one_call_with_all_its_pictures(small_corpus, two):
    (found,), (call,) = look(small_corpus, [two], [entry()])
    assert (found.claim, found.ruling) == (two.claim, "stands")
    assert found.evidence == tuple(one.id for one in two.evidence)
    assert pictures(call) == 2


def test_every_number_of_every_picture_must_be_read_again(small_corpus, two):
    (found,), _ = look(small_corpus, [two], [entry(text="v1: 42 units; v2: nothing")])
    assert (found.ruling, found.reason) == ("unclear", "17 was not read again")


def test_claims_that_do_not_fit_into_one_call_are_looked_at_in_more(small_corpus, two):
    other = Reading(claim="17 in the south.", evidence=two.evidence[1:])
    looks, calls = look(small_corpus, [two, other], [entry()], [entry()], max_images=2)
    assert [found.claim for found in looks] == [two.claim, other.claim]
    assert [pictures(call) for call in calls] == [2, 1]


def test_a_picture_of_two_claims_is_shown_once(small_corpus, two):
    other = Reading(claim="17 in the south.", evidence=two.evidence[1:])
    _, (call,) = look(small_corpus, [two, other], [entry(), entry("k2")])
    assert pictures(call) == 2
    assert "Claim k2, its pictures: v2" in call.prompt


@pytest.mark.parametrize("profile", [{"max_images": 1}, {"image_inputs": False}])
def test_a_claim_with_more_pictures_than_the_model_takes_is_not_looked_at(
    small_corpus, two, profile
):
    assert look(small_corpus, [two], **profile) == ((), ())


def test_a_claim_that_was_passed_over_is_asked_for_again(small_corpus, two):
    other = replace(two, claim="Each has units.")
    found, calls = look(small_corpus, [two, other], [entry()], [entry(), entry("k2")])
    assert len(found) == len(calls) == 2
    assert "one entry for each of the claims ['k1', 'k2']" in calls[1].prompt
