"""The one place that opens a connection to somewhere else, with limits on time, size and hops.

urllib3, because it unpacks while it reads, so that a limit on size holds for what a small answer grows into.
"""

import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit

from model.errors import InputError
from service.settings import Settings

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

MAX_REDIRECTS = 5
_CHUNK = 1 << 16


class Fetched(NamedTuple):
    data: bytes
    url: str  # where it came from in the end


def is_url(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def fetch(url: str, settings: Settings) -> Fetched:
    """GET a document. Raises InputError: not there, too slow, too large, too many redirects."""
    import urllib3
    from urllib3.util import Retry, Timeout

    deadline = time.monotonic() + settings.max_fetch_seconds
    headers = {
        "User-Agent": "topicwire (feed tagger)",
        "Accept": "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
        "Accept-Encoding": "gzip, deflate",
    }
    address = url
    with urllib3.PoolManager(num_pools=2, retries=Retry(0, redirect=False, raise_on_status=False)) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            left = deadline - time.monotonic()
            if left <= 0:
                raise _too_slow(url, settings)
            try:
                answer = pool.request(
                    "GET", address, headers=headers, redirect=False, preload_content=False, timeout=Timeout(total=left)
                )
                with answer:
                    if answer.status in (301, 302, 303, 307, 308) and answer.headers.get("Location"):
                        address = urljoin(address, answer.headers["Location"])
                        if not is_url(address):
                            raise InputError(f"it redirects to {urlsplit(address).scheme!r}, which is not followed", subject=url)
                        continue
                    if answer.status != 200:
                        raise InputError(f"its server answered {answer.status}", subject=url)
                    return Fetched(_body(answer, url, settings, deadline), address)
            except urllib3.exceptions.TimeoutError:
                raise _too_slow(url, settings) from None
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                reason = str(getattr(error, "reason", None) or error)
                raise InputError(f"it cannot be fetched: {reason}", subject=url) from None
    raise InputError(f"it redirects more than {MAX_REDIRECTS} times", subject=url)


def _body(answer: "BaseHTTPResponse", url: str, settings: Settings, deadline: float) -> bytes:
    data = bytearray()
    while chunk := answer.read1(_CHUNK, decode_content=True):
        data += chunk
        if len(data) > settings.max_fetch_bytes:
            raise InputError(f"it is larger than {settings.max_fetch_bytes:,} bytes (TOPICWIRE_MAX_FETCH_BYTES)", subject=url)
        if time.monotonic() > deadline:
            raise _too_slow(url, settings)
    return bytes(data)


def _too_slow(url: str, settings: Settings) -> InputError:
    return InputError(f"it took longer than {settings.max_fetch_seconds:g} s (TOPICWIRE_MAX_FETCH_SECONDS)", subject=url)
