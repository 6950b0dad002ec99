"""Publishers' wishes, and when that makes us come back."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.pace import Pace
from service import schedule
from service.fetch import Response

NOW = datetime(2026, 6, 5, 12, 30, tzinfo=UTC)  # a Friday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Never(random.Random):
    """No chance: nothing is added."""

    def random(self) -> float:
        return 0.0


def response(status: int = 200, **fields: str) -> Response:
    names = ("etag", "last_modified", "cache_control", "expires", "retry_after", "content_type")
    return Response(status, "https://a.example/", None, *(fields.get(name) for name in names), body=b"")


@pytest.mark.parametrize(
    ("fields", "pace", "wait"),
    [
        ({}, Pace(), timedelta()),
        ({"cache_control": "max-age=3600"}, Pace(), HOUR),
        ({"cache_control": "public, Max-Age=60, must-revalidate"}, Pace(), timedelta(minutes=1)),
        ({"cache_control": "s-maxage=60"}, Pace(), timedelta()),
        ({"cache_control": "max-age=31536000"}, Pace(), DAY),
        ({"cache_control": "max-age=soon"}, Pace(), timedelta()),
        ({"cache_control": "no-cache", "expires": format_datetime(NOW + HOUR, usegmt=True)}, Pace(), timedelta()),
        ({"expires": format_datetime(NOW + HOUR, usegmt=True)}, Pace(), HOUR),
        ({"expires": format_datetime(NOW - HOUR, usegmt=True)}, Pace(), timedelta()),
        ({"expires": "0"}, Pace(), timedelta()),
        ({"expires": "Fri, 99 Jun 2026 99:00:00 GMT"}, Pace(), timedelta()),
        ({"cache_control": "max-age=60", "expires": format_datetime(NOW + HOUR, usegmt=True)}, Pace(), timedelta(minutes=1)),
        ({"retry_after": "120"}, Pace(), timedelta(minutes=2)),
        ({}, Pace(ttl=HOUR), HOUR),
        ({"cache_control": "max-age=60"}, Pace(ttl=HOUR), HOUR),
        ({"cache_control": "max-age=7200"}, Pace(ttl=HOUR), 2 * HOUR),
        ({}, Pace(ttl=timedelta(days=400)), DAY),
        ({}, Pace(skip_hours=frozenset({12, 13})), timedelta(hours=1, minutes=30)),
        ({}, Pace(skip_days=frozenset({4, 5})), timedelta(hours=35, minutes=30)),
        ({"cache_control": "max-age=3600"}, Pace(skip_hours=frozenset({13})), timedelta(hours=1, minutes=30)),
        ({}, Pace(skip_hours=frozenset(range(24))), timedelta()),
        ({}, Pace(skip_days=frozenset(range(7))), timedelta()),
    ],
)
def test_after_an_answer(fields: dict[str, str], pace: Pace, wait: timedelta) -> None:
    assert schedule.after_answer(NOW, response(**fields), pace, Never()) - NOW == wait


@pytest.mark.parametrize(
    ("failures", "fields", "wait"),
    [
        (1, None, timedelta(minutes=5)),
        (2, None, timedelta(minutes=10)),
        (5, None, timedelta(minutes=80)),
        (9, None, timedelta(minutes=1280)),
        (10, None, DAY),
        (10_000, None, DAY),
        (1, {"retry_after": "3600"}, HOUR),
        (1, {"retry_after": "10"}, timedelta(minutes=5)),
        (1, {"retry_after": format_datetime(NOW + 3 * HOUR, usegmt=True)}, 3 * HOUR),
        (1, {"retry_after": "9999999999"}, timedelta(days=7)),
        (1, {"retry_after": "later"}, timedelta(minutes=5)),
    ],
)
def test_after_a_failure(failures: int, fields: dict[str, str] | None, wait: timedelta) -> None:
    answer = response(429, **fields) if fields is not None else None

    assert schedule.after_failure(NOW, answer, failures, Never()) - NOW == wait


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=30), st.integers(1, 50), st.randoms())
def test_no_header_makes_it_fail_wait_for_ever_or_go_back(
    control: str, expires: str, retry: str, failures: int, chance: random.Random
) -> None:
    answer = response(cache_control=control, expires=expires, retry_after=retry)

    for moment in (
        schedule.after_answer(NOW, answer, Pace(), chance),
        schedule.after_failure(NOW, answer, failures, chance),
    ):
        assert NOW <= moment <= NOW + schedule.LONGEST_RETRY * (1 + schedule.JITTER)
