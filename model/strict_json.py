"""Strict JSON, in and out: what leaves is always JSON, and what enters can always leave again."""

import json
import math
from typing import Any


def loads(document: str | bytes) -> Any:
    """Parse JSON (RFC 8259). Raises ValueError, in words for people, for anything else: NaN and infinities, which
    Python's reader lets through, numbers too large for a double, text that is not UTF-8, nesting beyond reason."""
    try:
        if isinstance(document, bytes):
            document = document.decode("utf-8-sig")
        return _DECODER.decode(document)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start + 1})") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise ValueError("its values are nested too deeply") from None


def dumps(value: Any) -> bytes:
    """One line of JSON in UTF-8."""
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:  # an unpaired surrogate, which came in as an escape and leaves as one
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def dumps_pretty(value: Any) -> bytes:
    """A document for people as well, its keys sorted, so that the same value is always the same bytes."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True).encode() + b"\n"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"the number {digits[:20]} is too large")
    return value


# Made once: json's functions make a new one for each document.
_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
