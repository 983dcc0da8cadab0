"""The router: nearest pilots, what the question names, what its words' pages are made of."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pagehop.tools.corpus.records import Region
from pagehop.tools.errors import BadPilotsError, InputError
from pagehop.tools.retrieval.channel import Match
from pagehop.tools.retrieval.dense.encoder import Encoder
from pagehop.tools.retrieval.routing.makeup import LOOKED_AT, made_of
from pagehop.tools.retrieval.routing.pilot_vectors import vectors_of
from pagehop.tools.retrieval.routing.pilots import SHIPPED, own_pilots, read_pilots
from pagehop.tools.retrieval.routing.router import CONTENTS, Router


@pytest.fixture(scope="module")
def encoder():
    return Encoder()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def router(encoder, cache):
    return Router(None, encoder, cache=cache)


def likeliest(router, question):
    routed = router.route(question)
    return max(contents(routed), key=routed.modalities.get)


def contents(routed):
    return {kind for kind in routed.modalities if kind in CONTENTS}


def test_the_middle_of_the_pilots_is_like_all_of_them_and_like_none(router, encoder):
    middle = router.middle()
    likeness = [float(encoder.query(one.question) @ middle) for one in read_pilots(SHIPPED)]
    assert np.isclose(np.mean(likeness), float(middle @ middle), atol=1e-3)
    assert max(likeness) < 0.6


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who founded the monastery, and why?", "text"),
        ("How do I descale the kettle?", "text"),
        ("What was operating income in fiscal 2016, in millions?", "table"),
        ("How many points did the team score on average per season?", "table"),
        ("What colour are the bars for solar energy?", "figure"),
        ("What is the man in the photograph wearing?", "figure"),
        ("Which component does the arrow in the diagram lead to?", "figure"),
    ],
)
def test_the_likeliest_modality_is_that_of_questions_like_it(router, question, kind):
    assert likeliest(router, question) == kind
    assert 0 <= router.route(question).margin <= 1


@pytest.mark.parametrize(
    ("question", "kind", "word"),
    [
        ("Why is the chart on innovation upside down?", "figure", "chart"),
        ("Who wrote what Table 3 says?", "table", "Table 3"),
        ("What does the law say in Figure 2b?", "figure", "Figure 2b"),
        ("How many figures are there?", "figure", "many figures"),
        ("Who drew the map?", "figure", "map"),
    ],
)
def test_what_the_question_names_is_asked_and_the_reason_quotes_it(router, question, kind, word):
    routed = router.route(question, made={"text": 1.0})
    assert routed.modalities[kind] == 1.0
    assert any(word in reason and kind in reason for reason in routed.reasons)


@pytest.mark.parametrize(
    "question",
    ["Who wrote the table of contents?", "Why were the figures for March revised by the clerk?"],
)
def test_other_senses_of_the_words_name_nothing(router, question):
    assert not any("names a" in reason for reason in router.route(question).reasons)


def test_pages_made_of_tables_bring_the_table_channel_in(router):
    question = "How is the milk heated?"
    assert "table" not in router.route(question, made={"text": 1.0}).modalities
    routed = router.route(question, made={"text": 0.2, "table": 0.8})
    assert "table" in routed.modalities
    assert any("20% text, 80% table" in reason for reason in routed.reasons)


def test_an_unsure_route_is_a_union(router):
    """A question like none of the pilots, of which nothing is known, leaves nothing out."""
    assert contents(router.route("zxqv", made=dict.fromkeys(CONTENTS, 1 / 3))) == set(CONTENTS)


@pytest.mark.parametrize("hint", ["text", "table", "figure", "page"])
def test_a_hint_is_added_and_takes_nothing_away(router, hint):
    question = "What was net income in 2014?"
    without, hinted = router.route(question), router.route(question, hint=[hint])
    assert set(hinted.modalities) >= {*without.modalities, hint}
    assert any(f"expects the answer in a {hint}" in reason for reason in hinted.reasons)


def test_pictures_of_pages_are_asked_wherever_tables_or_figures_are(router):
    assert "page" in router.route("What was net income in 2014?").modalities
    assert "page" in router.route("Which colour has the line in the chart?").modalities


def test_without_words_everything_is_asked(router):
    assert set(router.route("  ").modalities) == {*CONTENTS, "page"}


@pytest.mark.parametrize(
    ("question", "grain"),
    [
        ("What is the deadline for appeals?", "region"),
        ("What does page 7 say?", "page"),
        ("What does section 4.2 require?", "section"),
        ("How many tables are in the whole report?", "document"),
        ("What is the document about?", "document"),
    ],
)
def test_the_granularity_is_how_much_the_question_is_about(router, question, grain):
    assert router.route(question).granularity == grain


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.text(min_size=1, max_size=60),
    made=st.fixed_dictionaries({kind: st.floats(0, 1) for kind in CONTENTS}),
    hint=st.lists(st.sampled_from(("text", "table", "figure", "page")), max_size=3),
)
def test_a_route_always_leads_somewhere_and_is_the_same_every_time(router, text, made, hint):
    routed = router.route(text, hint=hint, made=made)
    assert contents(routed)
    assert all(0 <= share <= 1 for share in routed.modalities.values())
    assert set(hint) <= set(routed.modalities)
    assert routed.reasons
    assert routed == router.route(text, hint=hint, made=made)


def test_a_pilot_of_ones_own_routes_questions_like_it(encoder, cache, tmp_path):
    question = "Which gemstone adorns the sceptre?"
    assert likeliest(Router(None, encoder, cache=cache), question) != "table"
    lines = [
        {"question": f"Which {stone} adorns the {thing}?", "modalities": ["table"]}
        for stone, thing in (("gemstone", "crown"), ("jewel", "sceptre"))
    ]
    own = tmp_path / "pilots.jsonl"
    own.write_text("\n".join(map(json.dumps, lines)) + "\n\n", encoding="utf-8")
    extended = Router(own_pilots(tmp_path), encoder, cache=cache)
    assert likeliest(extended, question) == "table"
    assert any("adorns" in reason for reason in extended.route(question).reasons)


def test_a_folder_without_pilots_has_none_of_its_own(tmp_path):
    assert own_pilots(tmp_path) is None


def test_the_shipped_pilots_cover_every_modality_and_granularity_and_none_comes_twice():
    pilots = read_pilots(SHIPPED)
    for kind in (*CONTENTS, "page"):
        assert sum(kind in pilot.modalities for pilot in pilots) >= 40
    assert {pilot.granularity for pilot in pilots} == {"region", "page", "section", "document"}
    assert len({pilot.question.casefold() for pilot in pilots}) == len(pilots)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: this is no JSON"),
        ("[1]", "line 2: a pilot is an object"),
        ('{"modalities": ["text"]}', "`question` must be words"),
        ('{"question": " ", "modalities": ["text"]}', "`question` must be words"),
        ('{"question": "Who?", "modalities": []}', "`modalities` must list some of text, table"),
        ('{"question": "Who?", "modalities": ["sound"]}', "and is ['sound']"),
        ('{"question": "Who?", "modalities": "text"}', "`modalities` must list"),
        (
            '{"question": "Who?", "modalities": ["text"], "granularity": "word"}',
            "`granularity` must be one of",
        ),
    ],
)
def test_a_line_that_is_no_pilot_is_named(tmp_path, line, said):
    path = tmp_path / "own.jsonl"
    path.write_text(f'{{"question": "Who?", "modalities": ["text"]}}\n{line}\n', encoding="utf-8")
    with pytest.raises(BadPilotsError) as raised:
        read_pilots(path)
    assert said in str(raised.value)
    assert isinstance(raised.value, InputError)


def test_a_file_of_pilots_that_is_not_there_is_one_clear_error(encoder, tmp_path):
    with pytest.raises(BadPilotsError, match="cannot be read"):
        Router(tmp_path / "none.jsonl", encoder)


def test_the_vectors_of_pilots_are_kept_and_only_new_ones_are_made(encoder, tmp_path):
    asked = ["Who?", "What does the chart show?"]
    made = vectors_of(asked, encoder, tmp_path / "index")
    [kept] = (tmp_path / "index").iterdir()
    with np.load(kept) as stored:
        np.savez(kept, keys=stored["keys"], vectors=-stored["vectors"])
    more = vectors_of([*asked, "When?"], encoder, tmp_path / "index")
    assert np.array_equal(more[:2], -made)  # what stands in the file is what is used
    assert np.array_equal(more[2], encoder.query("When?"))
    assert np.array_equal(more, vectors_of([*asked, "When?"], encoder, tmp_path / "index"))


@pytest.mark.parametrize("damage", ["torn", "other arrays", "another size", "not finite"])
def test_a_damaged_file_of_vectors_is_made_again(encoder, tmp_path, damage):
    made = vectors_of(["Who?"], encoder, tmp_path)
    [kept] = tmp_path.iterdir()
    keys = np.zeros((1, 16), dtype=np.uint8)
    if damage == "torn":
        kept.write_bytes(kept.read_bytes()[:200])
    elif damage == "other arrays":
        np.savez(kept, other=keys)
    elif damage == "another size":
        np.savez(kept, keys=keys, vectors=np.zeros((1, 3), dtype=np.float32))
    else:
        with np.load(kept) as stored:
            keys = stored["keys"]
        np.savez(kept, keys=keys, vectors=np.full((1, encoder.dim), np.nan, dtype=np.float32))
    assert np.array_equal(made, vectors_of(["Who?"], encoder, tmp_path))


def test_a_folder_that_cannot_be_written_is_no_failure(encoder, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder", encoding="utf-8")
    assert vectors_of(["Who?"], encoder, blocked).shape == (1, encoder.dim)


class Shelf:
    """Pages of one document, by the kind and height of what is on them."""

    def __init__(self, **pages):
        self._pages = {int(number[1:]): what for number, what in pages.items()}

    def regions(self, document_id, number=None):
        return [
            Region(
                id=f"{document_id}:{number}:r{order}",
                document_id=document_id,
                page=number,
                order=order,
                kind=kind,
                bbox=(0.1, 0.0, 0.9, height),
            )
            for order, (kind, height) in enumerate(self._pages.get(number, ()))
        ]


def match(page, score):
    return Match(document_id="a", page=page, score=score)


def test_pages_are_made_of_what_covers_them_and_better_ones_count_more():
    shelf = Shelf(
        p1=[("table", 0.6), ("list", 0.1), ("heading", 0.1), ("header", 0.9)],
        p2=[("figure", 0.5)],
    )
    assert made_of([match(1, 4.0)], shelf) == pytest.approx(
        {"text": 0.25, "table": 0.75, "figure": 0}
    )
    assert made_of([match(1, 3.0), match(2, 1.0)], shelf) == pytest.approx(
        {"text": 0.1875, "table": 0.5625, "figure": 0.25}
    )


def test_a_page_that_has_no_regions_yet_counts_as_text():
    assert made_of([match(1, 1.0)], Shelf()) == {"text": 1.0, "table": 0.0, "figure": 0.0}


def test_only_the_best_pages_are_looked_at_and_none_gives_nothing():
    shelf = Shelf(p9=[("table", 0.5)])
    found = [match(page, 1.0) for page in range(1, LOOKED_AT + 1)]
    assert made_of([*found, match(9, 1.0)], shelf)["table"] == 0
    assert made_of([], shelf) == {}
    assert made_of([match(9, 0.0)], shelf) == {}
