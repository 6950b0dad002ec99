"""The one place that fetches from somewhere else: http and https, public addresses, limits on time, size, header and hops.

Which addresses are dialled, and why names cannot get past that, is in `_connection`. Decided here:

- A redirect is followed to http and https only, and never from https to http: what was asked for under a seal would come
  from anyone on the way.
- A user name or password in a URL, or in a redirect, is refused and not shown: it would end in files and logs.
- gzip and deflate are unpacked, piece by piece under the limit, and only once: one packing in another can make
  any amount of work of a few bytes without giving a byte out. A gzip file, feed.xml.gz, is unpacked under the same limits.
- One connection a request: no cookies, nothing kept, nothing sent that a later hop should not see.

urllib3, because it unpacks while it reads, so that a limit on size holds for what a small answer grows into.
"""

import contextlib
import functools
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from model.errors import InputError, TopicwireError
from service.settings import Settings, variable

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse
    from urllib3.util import Url

    from service._connection import Deadline, Resolver

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
# Packings that some server may send unasked. Words that name none, `utf-8` say, are ignored, as browsers do.
_UNKNOWN_PACKINGS = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})
# Characters of a URL; servers take no more.
_MAX_URL = 8000
# Characters of a header field that is kept; more could not be sent back.
_MAX_FIELD = 1000
# Characters of what a server or library says that are shown.
_MAX_SHOWN = 200


@dataclass(frozen=True)
class Response:
    """What a server answered in the end, whatever its status; header fields as they came, None = not there."""

    status: int  # 200, 304, 404, 410, 429, …
    url: str  # where it came from, after redirects
    permanent_url: str | None  # the same if it was redirected, and every redirect was for good (301, 308)
    etag: str | None
    last_modified: str | None
    cache_control: str | None
    expires: str | None
    retry_after: str | None
    content_type: str | None
    body: bytes  # unpacked; empty for any status but 200


def is_url(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def fetch(
    url: str,
    settings: Settings,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    resolver: "Resolver | None" = None,
) -> Response:
    """GET a document; with the `etag` or `last_modified` of an earlier response, only if it changed since (else 304).

    Raises InputError, naming the URL, for everything that is no answer: a host that is not there or not public, too slow,
    too large, too many redirects, cut off. `resolver` stands in for the system's.
    """
    from http.client import HTTPException

    from urllib3.exceptions import HTTPError

    from service._connection import Deadline, resolve

    deadline = Deadline(settings)
    try:
        return _follow(url, settings, deadline, _headers(etag, last_modified), resolver or resolve)
    except TopicwireError as error:
        raise error.about(_shown(url)) from None
    except TimeoutError:
        raise deadline.passed().about(_shown(url)) from None
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        raise InputError(f"it cannot be fetched: {_reason(error)}", subject=_shown(url)) from None


def _shown(url: str) -> str:
    """A URL as it may be shown: what could be a user name or password left out, even if it is no proper URL."""
    try:
        secret = len(url) > _MAX_URL or _parsed(url).auth is not None
    except TopicwireError:
        secret = True
    scheme, slashes, rest = url.partition("//")
    return _printable(scheme + slashes + rest.rpartition("@")[2] if secret else url)[:_MAX_URL]


def _follow(url: str, settings: Settings, deadline: "Deadline", headers: dict[str, str], resolver: "Resolver") -> Response:
    from service._connection import connect

    address, permanent = url, True
    for hop in range(settings.max_fetch_redirects + 1):
        target = _target(address)
        try:
            connection = connect(target, settings, deadline, resolver)
        except InputError as error:
            raise (InputError(f"it redirects, and {error.problem}") if hop else error) from None
        try:
            connection.request("GET", target.request_uri, headers=headers, preload_content=False)
            with connection.getresponse() as answer:
                location = answer.headers.get("location", "").strip()
                if answer.status not in _REDIRECTS or not location:
                    return _response(answer, address, address if hop and permanent else None, settings, deadline)
        finally:
            connection.close()
        permanent = permanent and answer.status in _PERMANENT
        address = _next(address, location)
    raise InputError(f"it redirects more than {settings.max_fetch_redirects} times ({variable('max_fetch_redirects')})")


def _headers(etag: str | None, last_modified: str | None) -> dict[str, str]:
    headers = {
        "User-Agent": f"topicwire/{_version()} (feed reader)",
        "Accept": "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "close",
    }
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    return headers


@functools.cache
def _version() -> str:
    from importlib.metadata import version

    return version("topicwire")


def _target(url: str) -> "Url":
    """The parts of a URL that can be fetched. Only this reading of it counts, for the check and for the request."""
    if len(url) > _MAX_URL:
        raise InputError(f"its URL is longer than {_MAX_URL:,} characters")
    target = _parsed(url)
    if target.scheme not in ("http", "https"):
        raise InputError("only http and https URLs are fetched")
    if target.auth is not None:
        raise InputError("a user name or password in a URL is not sent; take it out")
    if not (target.host or "").strip("."):
        raise InputError("it names no host")
    return target


def _parsed(url: str) -> "Url":
    from urllib3.exceptions import LocationParseError
    from urllib3.util import parse_url

    try:
        return parse_url(url)
    except (LocationParseError, ValueError):
        raise InputError("it is no proper URL") from None


def _next(address: str, location: str) -> str:
    """Where a redirect leads. Raises InputError where it must not."""
    with contextlib.suppress(UnicodeError):  # http.client reads a header as Latin-1, servers write UTF-8
        location = location.encode("latin-1").decode()
    joined = urljoin(address, location)
    if not is_url(joined):
        raise InputError(f"it redirects to {urlsplit(joined).scheme[:_MAX_SHOWN]!r}, which is not followed")
    if address.lower().startswith("https:") and not joined.lower().startswith("https:"):
        raise InputError("it redirects from https to http, which is not followed; give its http URL if you trust the way there")
    try:
        return _target(joined)._replace(fragment=None).url
    except InputError as error:
        raise InputError(f"it redirects, and there: {error.problem}") from None


def _response(answer: "BaseHTTPResponse", url: str, permanent: str | None, settings: Settings, deadline: "Deadline") -> Response:
    def header(name: str) -> str | None:
        value = answer.headers.get(name)
        # What cannot be printed is damage, and could be neither stored nor sent back.
        return value if value and value.isprintable() and len(value) <= _MAX_FIELD else None

    return Response(
        status=answer.status,
        url=url,
        permanent_url=permanent,
        etag=header("etag"),
        last_modified=header("last-modified"),
        cache_control=header("cache-control"),
        expires=header("expires"),
        retry_after=header("retry-after"),
        content_type=header("content-type"),
        body=_body(answer, settings, deadline) if answer.status == 200 else b"",
    )


def _body(answer: "BaseHTTPResponse", settings: Settings, deadline: "Deadline") -> bytes:
    from service._connection import too_large

    packing = answer.headers.get("content-encoding", "").strip().lower()
    if "," in packing or packing in _UNKNOWN_PACKINGS:
        raise InputError(f"it is packed as {packing[:_MAX_SHOWN]!r}; only gzip and deflate are unpacked, and only once")
    framing = answer.headers.get("transfer-encoding", "").strip().lower()
    if framing not in ("", "identity", "chunked"):
        raise InputError(f"it is sent as {framing[:_MAX_SHOWN]!r}, which was not asked for")
    data = bytearray()
    while chunk := answer.read1(_CHUNK, decode_content=True):
        data += chunk
        if len(data) > settings.max_fetch_bytes:
            raise too_large(settings)
        deadline.left()
    return _gunzipped(data, settings, deadline) if data.startswith(_GZIP) else bytes(data)


def _gunzipped(packed: bytes | bytearray, settings: Settings, deadline: "Deadline") -> bytes:
    """What is in a gzip file, all its members; rubbish after them is ignored, as gzip does."""
    from service._connection import too_large

    data = bytearray()
    while packed.startswith(_GZIP):
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            data += member.decompress(packed, settings.max_fetch_bytes + 1 - len(data))
        except zlib.error as error:
            raise InputError(f"its gzip data is damaged: {error}") from None
        if len(data) > settings.max_fetch_bytes:
            raise too_large(settings)
        if not member.eof:
            raise InputError("its gzip data is cut off")
        packed = member.unused_data
        deadline.left()
    return bytes(data)


def _reason(error: Exception) -> str:
    """What went wrong, in one line that a terminal can be shown: parts of it may be a server's words."""
    from urllib3.exceptions import HTTPError

    said = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
    if isinstance(error, HTTPError) and error.args:
        said = str(error.args[0])  # the others are for programs
    return _printable((said or type(error).__name__)[:_MAX_SHOWN]).strip()


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
