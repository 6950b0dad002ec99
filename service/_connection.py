"""A connection to an address that was checked, and an answer that is read within limits.

Names cannot get past the check by changing between it and the connection (DNS rebinding), since there is nothing in
between: a name is resolved once, the addresses that came are checked, and the socket is dialled to one of these very
addresses, as a number. urllib3 is handed the connected socket and may not open another (`auto_open`), so that it never
sees the name but to write it: into the Host header, and TLS into SNI and the check of the certificate. Each hop of a
redirect comes through here again. However an address is spelled, what counts is what the resolver makes of it.

Proxies named in the environment are not used: a proxy would do the resolving and the dialling, out of reach of the check.
"""

import functools
import http.client
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Url

from model.errors import InputError
from service.addresses import Address, may_be_dialled
from service.settings import Settings, variable

# The addresses of a host, as text, most wanted first; may take its time. Raises OSError.
Resolver = Callable[[str, int], Iterable[str]]

# Addresses of one host that are tried; a name may have any number.
_TRIES = 8
_PORTS = {"http": 80, "https": 443}


class Deadline:
    """When a fetch must be over."""

    def __init__(self, settings: Settings) -> None:
        self._seconds = settings.max_fetch_seconds
        self._end = time.monotonic() + self._seconds

    def left(self) -> float:
        """Seconds, more than none. Raises InputError when it has passed."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> InputError:
        return InputError(f"it took longer than {self._seconds:g} s ({variable('max_fetch_seconds')})")


def resolve(host: str, port: int) -> list[str]:
    """The system's answer, hosts file and all; numbers in every spelling that it knows."""
    found = []
    for *_, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        address = str(where[0])
        # An IPv6 address that is valid on one link only has the link as its fourth part.
        found.append(f"{address}%{where[3]}" if len(where) == 4 and where[3] and "%" not in address else address)
    return found


def connect(url: Url, settings: Settings, deadline: Deadline, resolver: Resolver) -> HTTPConnection:
    """A connection to the host of an http(s) URL. Raises InputError, OSError, ValueError (a name that is none)."""
    host = (url.host or "").removeprefix("[").removesuffix("]")
    scheme = url.scheme or ""
    port = _PORTS[scheme] if url.port is None else url.port
    sock = _dial(_addresses(host, port, settings, deadline, resolver), port, deadline)
    try:
        if scheme == "https":
            sock.settimeout(deadline.left())
            sock = _tls().wrap_socket(sock, server_hostname=host.rstrip("."))
        kind = HTTPSConnection if scheme == "https" else HTTPConnection
        connection = kind(host, port, timeout=deadline.left())
    except BaseException:
        sock.close()
        raise
    connection.sock = sock
    connection.auto_open = 0
    connection.response_class = functools.partial(_Answer, settings=settings, deadline=deadline)  # type: ignore[assignment]
    return connection


def _addresses(host: str, port: int, settings: Settings, deadline: Deadline, resolver: Resolver) -> list[Address]:
    """Those addresses of a host that may be dialled, never none."""
    try:
        found = [ip_address(text) for text in _within(deadline, lambda: list(resolver(host, port)))]
    except socket.gaierror as error:
        raise InputError(f"its host {host[:255]} cannot be found: {error.strerror or error}") from None
    good = [address for address in found if may_be_dialled(address, settings.allow_addresses)]
    if not good:
        shown = ",".join(dict.fromkeys(str(address) for address in found[:_TRIES]))
        what = f"is at {shown}, not at a public address" if shown != host else "is not a public address"
        raise InputError(f"{host[:255]} {what}; if you trust it, set {variable('allow_addresses')}={shown}")
    return good[:_TRIES]


def _within(deadline: Deadline, work: Callable[[], list[str]]) -> list[str]:
    """What a function gives that knows no timeout, as getaddrinfo; one that is too slow ends by itself, unheard."""
    outcome: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put(work())
        except Exception as error:
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        got = outcome.get(timeout=deadline.left())
    except queue.Empty:
        raise deadline.passed() from None
    if isinstance(got, Exception):
        raise got
    return got


def _dial(addresses: list[Address], port: int, deadline: Deadline) -> socket.socket:
    """A socket connected to the first address that answers; each has its share of the time that is left."""
    for tries, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            # A number, written by ipaddress: nothing is left to resolve.
            sock = socket.create_connection((str(address), port), timeout=deadline.left() / tries)
        except OSError:
            if tries == 1:
                raise
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise AssertionError("there is no host without an address")


@functools.cache
def _tls() -> ssl.SSLContext:
    """Certificates are checked against the system's authorities, or those of SSL_CERT_FILE. Loaded once: it takes a while."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Answer(http.client.HTTPResponse):
    """An answer whose every byte comes before the deadline, and whose bytes and header are limited as they come."""

    def __init__(self, sock: socket.socket, *rest: Any, settings: Settings, deadline: Deadline, **named: Any) -> None:
        super().__init__(sock, *rest, **named)
        raw = _Timed(self.fp.detach(), sock, settings, deadline)
        self.fp = self._lines = _Lines(raw, settings.max_fetch_header_bytes)

    def begin(self) -> None:
        super().begin()
        while self.status in (102, 103):  # more to come, which http.client knows of 100 alone
            self.headers = None  # type: ignore[assignment]
            super().begin()
        self._lines.in_header = False


class _Timed(io.RawIOBase):
    """The bytes of a socket, before the deadline and not too many, packed as they are.

    A timeout of the socket's own begins anew with each byte, so that a server could drip for ever.
    """

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, settings: Settings, deadline: Deadline) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline
        self._settings = settings
        # For framing, as of chunks, what is left of the header's share is enough.
        self._left = settings.max_fetch_bytes + settings.max_fetch_header_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.left())
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError:
            raise self._deadline.passed() from None
        self._left -= count or 0
        if self._left < 0:
            raise too_large(self._settings)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Lines(io.BufferedReader):
    """Counts what a header takes, status lines and answers that only say "go on" included."""

    def __init__(self, raw: io.RawIOBase, limit: int) -> None:
        super().__init__(raw)
        self.in_header = True
        self._limit = self._left = limit

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        if self.in_header:
            self._left -= len(line)
            if self._left < 0:
                raise InputError(f"its header is larger than {self._limit:,} bytes ({variable('max_fetch_header_bytes')})")
        return line


def too_large(settings: Settings) -> InputError:
    return InputError(f"it is larger than {settings.max_fetch_bytes:,} bytes ({variable('max_fetch_bytes')})")
