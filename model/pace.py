"""How often a feed asks to be read. By itself, so that whoever keeps it need not load what reads feeds."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a feed asks to be read (RSS 2.0: ttl, skipHours, skipDays)."""

    ttl: timedelta | None = None  # how long a copy may be kept
    skip_hours: frozenset[int] = frozenset()  # 0 to 23, UTC
    skip_days: frozenset[int] = frozenset()  # 0 = Monday, UTC
