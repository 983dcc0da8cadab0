"""What a provider's error means is read from it as each provider words it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus

import httpx
import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.agents.calling.delays import asked_delay
from pagehop.agents.calling.failures import (
    as_pagehop_error,
    may_pass_later,
    never_arrived,
    status_of,
)
from pagehop.tools.errors import (
    ContentRefusedError,
    ContextTooLongError,
    MissingKeyError,
    ModelCallError,
    RequestRefusedError,
)

REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")


def answered(status, body=None, **headers):
    """An openai error, as its client makes it of a response."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx2.Response(status, headers=sent, request=REQUEST)
    kinds = {400: openai.BadRequestError, 401: openai.AuthenticationError,
             404: openai.NotFoundError, 429: openai.RateLimitError}  # fmt: skip
    kind = kinds.get(status, openai.InternalServerError)
    return kind(f"Error code: {status} - {body}", response=response, body=body)


class GoogleError(Exception):
    """As google-genai raises it: the code, the status as a word, the whole reply."""

    def __init__(self, code, status, message):
        self.code, self.status, self.details = code, status, {"error": {"message": message}}
        super().__init__(f"{code} {status}. {message}")


class OldGoogleError(Exception):
    """As google-api-core raises it: the code is an enumeration."""

    code = HTTPStatus.TOO_MANY_REQUESTS


class StreamedError(Exception):
    """As anthropic raises what comes in mid-stream: the status is that of the stream, 200."""

    def __init__(self, kind):
        self.status_code = 200
        self.body = {"type": "error", "error": {"type": kind, "message": "Overloaded"}}
        super().__init__(str(self.body))


class WrappedError(Exception):
    """As LangChain wraps a provider's own."""


def wrapped(error):
    outer = WrappedError("the model failed")
    outer.__cause__ = error
    return outer


PASSING = [
    *(answered(status) for status in (408, 409, 429, 500, 502, 503, 529)),
    openai.APIConnectionError(request=REQUEST),
    openai.APITimeoutError(REQUEST),
    *(kind("x") for kind in (httpx.ReadTimeout, httpx.ConnectError, httpx.RemoteProtocolError)),
    *(kind("x") for kind in (httpx2.ReadTimeout, httpx2.ReadError, httpx2.RemoteProtocolError)),
    TimeoutError("late"),
    ConnectionResetError("gone"),
    OSError("the network is unreachable"),
    GoogleError(503, "UNAVAILABLE", "The model is overloaded."),
    OldGoogleError("Resource has been exhausted"),
    StreamedError("overloaded_error"),
    ValueError({"code": 502, "message": "bad upstream"}),  # langchain-openai: an error in a 200
    openai.APIError("overloaded", REQUEST, body={"type": "server_error"}),  # in mid-stream
]
LASTING = [
    *(answered(status) for status in (400, 401, 404, 413, 422)),
    answered(429, {"code": "insufficient_quota", "message": "You exceeded your current quota"}),
    GoogleError(400, "INVALID_ARGUMENT", "no"),
    StreamedError("invalid_request_error"),
    httpx.UnsupportedProtocol("no http"),
    httpx2.LocalProtocolError("an illegal header"),
    FileNotFoundError("weights"),
    KeyError("colour"),
    ValueError("no JSON"),
]


def called(errors):
    return [pytest.param(error, id=f"{type(error).__name__}-{error}"[:60]) for error in errors]


@pytest.mark.parametrize("error", called(PASSING))
def test_a_limit_an_overload_or_a_fault_of_the_network_may_pass(error):
    assert may_pass_later(error)
    assert may_pass_later(wrapped(error))


@pytest.mark.parametrize("error", called(LASTING))
def test_a_bad_request_or_a_fault_of_ours_does_not(error):
    assert not may_pass_later(error)
    assert not may_pass_later(wrapped(error))


TOO_LONG = [
    answered(400, {"code": "context_length_exceeded", "message": "Please reduce"}),
    answered(400, "This model's maximum context length is 8192 tokens. However, you requested"),
    answered(400, "prompt is too long: 210000 tokens > 200000 maximum"),
    answered(400, "input length and `max_tokens` exceed context limit: 190000 + 16000 > 200000"),
    GoogleError(400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum"),
    answered(400, "the request exceeds the available context size. try increasing it"),
    answered(400, "Prompt contains 40000 tokens, too large for model with 32768 maximum context"),
    answered(413, "Request Entity Too Large"),
]
FILTERED = [
    answered(400, {"code": "content_filter", "message": "The response was filtered"}),
    answered(400, "triggering Azure OpenAI's content management policy"),
    answered(400, {"code": "content_policy_violation", "message": "no"}),
    GoogleError(400, "INVALID_ARGUMENT", "blocked: PROHIBITED_CONTENT"),
    openai.ContentFilterFinishReasonError(),
]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        *((error, ContextTooLongError) for error in TOO_LONG),
        *((error, ContentRefusedError) for error in FILTERED),
        (answered(400, "messages: field required"), RequestRefusedError),
        (answered(401, "wrong key"), MissingKeyError),
        (answered(429, {"code": "insufficient_quota"}), ModelCallError),
        (answered(503, "maximum context length"), ModelCallError),
        (ValueError("context window"), ModelCallError),
    ],
    ids=lambda part: str(part)[:50],
)
def test_an_error_is_named_for_what_can_be_done_about_it(error, kind):
    for each in (error, wrapped(error)):
        assert type(as_pagehop_error(each, role="planner", model=None, attempts=1)) is kind


def test_what_a_provider_refused_or_never_got_costs_nothing():
    for error in (
        answered(400),
        answered(503),
        httpx.ConnectError("x"),
        StreamedError("api_error"),
    ):
        assert never_arrived(error)
    for error in (httpx.ReadTimeout("x"), httpx2.RemoteProtocolError("x"), ValueError("no JSON")):
        assert not never_arrived(error)


def test_the_delay_is_read_in_seconds_in_milliseconds_and_as_a_date():
    assert asked_delay(answered(429, retry_after="12")) == 12
    assert asked_delay(wrapped(answered(429, retry_after="0.5"))) == 0.5
    assert asked_delay(answered(429, retry_after="3", retry_after_ms="250")) == 0.25
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    assert 17 < asked_delay(answered(503, retry_after=later)) <= 20
    passed = format_datetime(datetime.now(UTC) - timedelta(seconds=20), usegmt=True)
    assert asked_delay(answered(503, retry_after=passed)) == 0
    assert asked_delay(ValueError("nothing")) == 0


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_a_delay_that_is_no_delay_is_none(text):
    error = answered(429)
    error.response = httpx.Response(429, headers={"Retry-After": text})
    assert 0 <= asked_delay(error) < float("inf")


def test_a_status_is_found_in_the_body_too():
    assert status_of(ValueError({"error": {"code": "429"}})) == 429
    assert status_of(ValueError({"code": 200})) is None
    assert status_of(GoogleError(500, "INTERNAL", "x")) == 500
