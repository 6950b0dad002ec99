"""Who may read, and who may write.

On loopback there is one more reader than whoever uses the machine: a web page in its browser, once the page's own name has
been pointed here (DNS rebinding). To the browser page and service are then one site, and the page reads what it likes. The
name gives it away, so that on loopback requests are answered under a name of this machine (`Host`), or one that
TOPICWIRE_ALLOW_HOSTS lists. Beyond loopback names are the business of whoever put the service there.

A service that listens beyond loopback asks for a bearer token (RFC 6750), and without one in its settings takes no
writes at all. On loopback whoever uses the machine may write, as they may write the database itself, unless a token is
set. But a browser on that machine sends requests on behalf of any website, so that without a token a write is taken only

- from a loopback address, and not handed on by a proxy, which would make strangers look like neighbours;
- under a name of this machine (`Host`): a website whose DNS has been pointed here sends its own;
- from no page (`Sec-Fetch-Site`, `Origin`), or from one of this service.
"""

import hmac
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import request

from service.problems import ProblemError
from service.settings import Settings

_HANDED_ON = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


def must_read(settings: Settings) -> None:
    """Refuse a request to another site: 421."""
    if is_loopback(settings.host) and not is_loopback(name := _asked_for()) and name not in settings.allow_hosts:
        raise ProblemError(
            421,
            "the service listens to this machine alone, and not under this name; if it should, add it to TOPICWIRE_ALLOW_HOSTS",
        )


def must_write(settings: Settings) -> None:
    """Refuse a request that may not write: 401 or 403."""
    if settings.token:
        _must_have(settings.token)
    elif not is_loopback(settings.host):
        raise ProblemError(403, "beyond loopback writing needs a token: set TOPICWIRE_TOKEN where the service runs")
    else:
        _must_be_near()


def may_write(settings: Settings) -> bool:
    """Whether a request may: for what is shown to those only who could change it, too."""
    try:
        must_write(settings)
    except ProblemError:
        return False
    return True


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether a name or address, in brackets or not, is one of this machine alone."""
    name = host.lower().strip("[]").rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _must_have(token: str) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        asked = {"WWW-Authenticate": 'Bearer realm="topicwire"'}
        raise ProblemError(401, "writing needs `Authorization: Bearer` and the token of TOPICWIRE_TOKEN", headers=asked)
    # In constant time: how long it takes must not tell how much of a guess is right.
    if not hmac.compare_digest(given.strip().encode(), token.encode()):
        asked = {"WWW-Authenticate": 'Bearer realm="topicwire", error="invalid_token"'}
        raise ProblemError(401, "this is not the token of TOPICWIRE_TOKEN", headers=asked)


def _must_be_near() -> None:
    reason = ""
    if not is_loopback(request.remote_addr or "") or any(name in request.headers for name in _HANDED_ON):
        reason = "from elsewhere, or through a proxy"
    elif not is_loopback(_asked_for()):
        reason = "under a name that is not this machine's"
    elif request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") or not _is_own(
        request.headers.get("Origin")
    ):
        reason = "from a page of another site"
    if reason:
        raise ProblemError(403, f"{reason} writing needs a token: set TOPICWIRE_TOKEN where the service runs")


def _asked_for() -> str:
    """The name that the request is sent to, in lower case and without its port; "" for one that cannot be."""
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""


def _is_own(origin: str | None) -> bool:
    return origin is None or origin == f"{request.scheme}://{request.host}"
