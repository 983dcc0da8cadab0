"""How long a provider asks to wait before the next attempt."""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime

from pagehop.agents.calling.failures import causes


def asked_delay(error: BaseException) -> float:
    """Seconds that the provider asks to wait; 0 where it says nothing that can be read.

    It says so in `retry-after-ms` or `Retry-After`, the latter in seconds or as a date
    (RFC 9110, section 10.2.3).
    """
    for cause in causes(error):
        headers = getattr(getattr(cause, "response", None), "headers", None)
        if isinstance(headers, Mapping):
            told = {str(name).lower(): str(value).strip() for name, value in headers.items()}
            for seconds in _read(told):
                if math.isfinite(seconds) and seconds > 0:
                    return seconds
    return 0.0


def _read(headers: Mapping[str, str]) -> Iterator[float]:
    millis, after = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    with suppress(ValueError):
        yield float(millis) / 1000
    with suppress(ValueError):
        yield float(after)
    with suppress(ValueError):
        yield parsedate_to_datetime(after).timestamp() - time.time()
