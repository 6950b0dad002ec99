"""When a source is asked again: as its publisher wishes, and later each time it fails.

HTTP says how long an answer holds (RFC 9111: Cache-Control, Expires) and when to come back
(RFC 9110: Retry-After); RSS 2.0 has ttl, skipHours and skipDays.
"""

import random
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from model.pace import Pace
from service.fetch import Response

# However long an answer is said to hold: some say a year, and mean their pictures.
LONGEST_FRESH = timedelta(days=1)
# However long a server asks to be left alone.
LONGEST_RETRY = timedelta(days=7)
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(minutes=5), timedelta(days=1)
# What is added by chance, as a share of the wait, so that sources of one host do not all come back at once.
JITTER = 0.1

_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|,)\s*no-(?:cache|store)\b", re.IGNORECASE)


def after_answer(now: datetime, response: Response, pace: Pace, chance: random.Random) -> datetime:
    """When to ask a source again that answered 200 or 304: at once, unless somebody asks for more time."""
    wait = max(_fresh(now, response), min(pace.ttl or timedelta(), LONGEST_FRESH))
    return _allowed(now + _jittered(wait, chance), pace)


def after_failure(now: datetime, response: Response | None, failures: int, chance: random.Random) -> datetime:
    """When to ask a source again that failed, now for the `failures`-th time in a row: twice as late each time, and not
    before the server wants to."""
    doublings = min(failures - 1, 20)
    backoff = min(FIRST_BACKOFF * 2**doublings, LONGEST_BACKOFF)
    return now + _jittered(max(backoff, _retry_after(now, response.retry_after if response else None)), chance)


def _fresh(now: datetime, response: Response) -> timedelta:
    control = response.cache_control or ""
    wait = timedelta()
    if age := _MAX_AGE.search(control):
        wait = timedelta(seconds=int(age.group(1)))
    elif not _NOT_KEPT.search(control):
        wait = _until(now, response.expires)
    return max(min(wait, LONGEST_FRESH), _retry_after(now, response.retry_after))


def _retry_after(now: datetime, field: str | None) -> timedelta:
    """Seconds or a date; what is neither asks for nothing."""
    text = (field or "").strip()
    wait = timedelta(seconds=int(text)) if re.fullmatch(r"\d{1,10}", text, re.ASCII) else _until(now, text)
    return min(wait, LONGEST_RETRY)


def _until(now: datetime, date: str | None) -> timedelta:
    try:
        moment = parsedate_to_datetime(date or "")
    except (ValueError, OverflowError, TypeError):
        return timedelta()
    return max((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now, timedelta())


def _jittered(wait: timedelta, chance: random.Random) -> timedelta:
    return wait * (1 + JITTER * chance.random())


def _allowed(moment: datetime, pace: Pace) -> datetime:
    """The first moment from this one on that is in none of the hours and days to be skipped."""
    if len(pace.skip_hours) == 24 or len(pace.skip_days) == 7:
        return moment  # a feed that is never to be read is a mistake
    moment = moment.astimezone(UTC)
    while moment.hour in pace.skip_hours or moment.weekday() in pace.skip_days:
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return moment
