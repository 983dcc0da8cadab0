"""search: by words or a picture, for a person and for a program; what it says of the route."""

import json

import jsonschema
import pytest
from PIL import Image

from pagehop.apps.search import search_schema
from tests.agents.openai_server import OpenAIServer, Refuse, Say
from tests.apps.program import REPORT, RIVAL, run_here, write_pdf

PARTS = {
    "document",
    "page",
    "page_label",
    "bbox",
    "modality",
    "score",
    "channels",
    "text",
    "reasons",
    "copies",
}


def of_json(ran):
    """What was printed, once it is known to be valid."""
    assert ran.code == 0, ran.err
    record = json.loads(ran.out)
    jsonschema.validate(record, search_schema())
    return record


@pytest.fixture(scope="module")
def crop(library):
    """A picture of the line that tells Birch Looms' revenue."""
    box = ("--page", "1", "--box", "0.1,0.14,0.7,0.24")
    drawn = ("info", "birch.pdf", *box, "--picture", "crop.png")
    ran = run_here("--corpus", "corpus", *drawn, cwd=library)
    assert ran.code == 0, ran.err
    with Image.open(library / "crop.png") as small:
        small.resize((small.width * 2, small.height * 2)).save(library / "crop.png")
    return "crop.png"


def test_the_schema_is_one_and_refuses_what_is_not_promised():
    jsonschema.Draft202012Validator.check_schema(search_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"query": "", "image": None, "hits": []}, search_schema())


def test_a_search_prints_hits_best_first_with_their_route(here):
    found = of_json(here("search", "number of employees", "--json"))
    assert (found["query"], found["image"]) == ("number of employees", None)
    best = found["hits"][0]
    assert (best["document"], best["page"], best["copies"]) == ("alder.pdf", 2, [])
    assert set(best) == PARTS
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert "lexical" in found["route"]["channels"]
    assert "text" in found["route"]["modalities"]
    assert "alder.pdf, page 2, text" in here("search", "number of employees").out


def test_the_pages_that_a_query_names_are_in_the_route(here):
    query = "What is on page 2 of alder.pdf?"
    assert of_json(here("search", query, "--json"))["route"]["references"] == [
        {"document": "alder.pdf", "page": 2}
    ]
    assert "route: named alder.pdf, page 2\n" in here("search", query).err


def test_the_route_is_told_in_short_and_in_full_when_asked_why(here):
    short, full = here("search", "total revenue"), here("search", "total revenue", "--why")
    assert short.out == full.out
    reasons = of_json(here("search", "total revenue", "--json"))["route"]["reasons"]
    assert full.err == "".join(f"route: {reason}\n" for reason in reasons)
    (line,) = short.err.splitlines()
    assert line.endswith("(--why tells more)")
    assert "lexical" in line


def test_a_picture_is_looked_for_alone_and_with_words(here, crop):
    alone = of_json(here("search", "--image", crop, "--json"))
    assert (alone["query"], alone["image"]) == ("", crop)
    assert (alone["hits"][0]["document"], alone["hits"][0]["page"]) == ("birch.pdf", 1)
    words = of_json(here("search", "of Alder Mills, in Ghent", "--image", crop, "--json"))
    assert "alder.pdf" in {hit["document"] for hit in words["hits"]}
    assert words["query"] == "of Alder Mills, in Ghent"


def test_a_part_of_a_page_is_looked_for_elsewhere(here):
    part = ("--image", "birch.pdf", "--page", "1", "--box", "0.1,0.14,0.7,0.24")
    found = of_json(here("search", *part, "--json"))
    assert "51.7" in found["crop"]["text"]
    assert found["crop"]["of"] == "birch"
    assert (found["image"], found["crop"]["page"]) == ("birch.pdf", 1)
    assert found["crop"]["bbox"] == [0.1, 0.14, 0.7, 0.24]
    assert ("birch.pdf", 1) not in {(hit["document"], hit["page"]) for hit in found["hits"]}
    best = found["hits"][0]
    assert (best["document"], best["page"]) == ("alder.pdf", 1)
    assert "picture, by what stands in it: " in here("search", *part, "--why").err


def test_a_model_reads_the_picture_too(here, crop):
    seen = {"title": "Employees of Alder Mills", "labels": ["chief executive"], "subject": ""}
    with OpenAIServer(Say(fields=seen)) as server:
        reading = ("--model", f"openai:seer@{server.url}")
        found = of_json(here("search", "people", "--image", crop, *reading, "--json"))
    assert found["crop"]["reading"] == "Employees of Alder Mills\nchief executive"
    assert (found["hits"][0]["document"], found["hits"][0]["page"]) == ("alder.pdf", 2)
    (request,) = server.requests
    assert len(request.pictures) == 1
    assert "51.7" in request.prompt


def test_where_the_model_fails_it_is_told_and_the_picture_is_searched_for_without(here, crop):
    with OpenAIServer(answer=lambda _: Refuse(status=400, message="too busy")) as server:
        ran = here("search", "--image", crop, "--model", f"openai:seer@{server.url}", "--json")
    assert ran.err.startswith("Reading the picture failed: RequestRefusedError: ")
    assert len(ran.err.splitlines()) == 1
    found = of_json(ran)
    assert found["crop"]["reading"] == ""
    assert (found["hits"][0]["document"], found["hits"][0]["page"]) == ("birch.pdf", 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "openai:seer@http://127.0.0.1:9/v1"), "--image FILE"),
        (("--page", "1"), "--image FILE"),
        (("--image", "crop.png", "--box", "0,0,1,1"), "--page N"),
        (("--image", "birch.pdf", "--page", "1", "--box", "all"), "four numbers"),
        (("--image", "birch.pdf", "--page", "7"), "has one page"),
        (("--image", "birch.pdf"), "It is a PDF"),
        (("--image", "nowhere.png"), "no picture"),
        (("--image", "crop.png", "--model", "local:/no/where"), "/no/where"),
        (("--image", "crop.png", "--model", "openai:gpt-3.5-turbo"), "takes no pictures"),
    ],
)
def test_a_picture_that_cannot_be_looked_for_is_said_in_one_line(
    here, crop, monkeypatch, options, said
):
    monkeypatch.setenv("OPENAI_API_KEY", "none: nothing is called")
    ran = here("search", "revenue", *options)
    assert ran.code == 2
    assert said in ran.complaint
    assert len(ran.err.splitlines()) == 1
    assert not ran.out


def test_a_search_is_narrowed_to_documents_channels_regions_and_a_number_of_hits(here):
    narrow = ("--in", "birch.pdf", "--channel", "lexical", "-k", "1", "--regions", "--json")
    found = of_json(here("search", "total revenue 2023", *narrow))
    (hit,) = found["hits"]
    assert hit["document"] == "birch.pdf"
    assert set(hit["channels"]) == {"lexical"}
    assert hit["bbox"]
    assert found["route"]["channels"] == ["lexical"]
    assert found["route"]["modalities"] == []


def test_a_cut_keeps_the_beginning(library):
    pages = tuple((f"Chapter {n}", f"Line {n} of loom maintenance.") for n in range(6))
    write_pdf(library / "manual.pdf", (*pages, ("Grease", "The zinc grease is renewed yearly.")))
    added = run_here("add", "manual.pdf", "--until", "text", "--corpus", "many", cwd=library)
    assert added.code == 0, added.err
    query = ("search", "When is the zinc grease renewed?", "--corpus", "many", "--json")
    every = of_json(run_here(*query, cwd=library))["hits"]
    for cut in ("ratio", "mixture"):
        some = of_json(run_here(*query, "--cut", cut, cwd=library))["hits"]
        assert some == every[: len(some)]
        assert len(some) < len(every)


def test_the_same_page_elsewhere_is_told_beside_the_hit(tmp_path):
    text = tuple(f"Clause {n}: the parties keep the goods of kind {n} dry." for n in range(12))
    page = ("Terms of trade", *text)
    write_pdf(tmp_path / "first.pdf", (page, REPORT[1]))
    write_pdf(tmp_path / "second.pdf", (RIVAL[0], page))
    added = run_here("add", "first.pdf", "second.pdf", "--until", "text", cwd=tmp_path)
    assert added.code == 0, added.err
    query = ("search", "terms of trade: goods kept dry by the parties")
    best = of_json(run_here(*query, "--json", cwd=tmp_path))["hits"][0]
    (copy,) = best["copies"]
    told = {(best["document"], best["page"]), (copy["document"], copy["page"])}
    assert told == {("first.pdf", 1), ("second.pdf", 2)}
    printed = run_here(*query, cwd=tmp_path).out
    assert f"     the same page: {copy['document']}, page {copy['page']}\n" in printed
