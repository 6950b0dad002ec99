"""Fetching: what is refused before anything is dialled, what is read within limits, what a poller is told.

The servers are real ones on loopback, allowed by the setting. The one stand-in is the resolver, since nobody has a DNS.
"""

import datetime
import gzip
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.metadata import version
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
import trustme
from hypothesis import example, given
from hypothesis import strategies as st

from model.errors import InputError
from service import _connection, addresses
from service.fetch import Response, fetch
from service.settings import Settings, read

PUBLIC = "93.184.215.14"
LOOPBACK = Settings(allow_addresses=(ip_network("127.0.0.1"),))
Handler = Callable[[socket.socket, bytes], None]


class Server:
    """Says the same, or what a function says, to each request; keeps the requests; counts the connections."""

    def __init__(self, answer: bytes | Handler, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.names: list[str | None] = []
        self._answer = answer
        self._context = context
        if context:
            context.sni_callback = lambda sock, name, context: self.names.append(name)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def url(self, path: str = "/feed", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._threads.append(threading.Thread(target=self._talk, args=[connection]))
            self._threads[-1].start()

    def _talk(self, connection: socket.socket) -> None:
        # The other side may have seen enough at any time.
        with connection:
            try:
                if self._context:
                    connection = self._context.wrap_socket(connection, server_side=True)
                with connection:
                    request = b""
                    while not request.endswith(b"\r\n\r\n"):
                        if not (piece := connection.recv(65536)):
                            return
                        request += piece
                    self.requests.append(request)
                    if isinstance(self._answer, bytes):
                        connection.sendall(self._answer)
                    else:
                        self._answer(connection, request)
            except OSError:
                pass

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()


@contextmanager
def serving(answer: bytes | Handler, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    with closing(Server(answer, context)) as server:
        yield server


def answer(body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def redirect(location: str, status: int = 302) -> bytes:
    return answer(b"moved", f"Location: {location}", status=f"{status} Moved")


def named(*answers: str) -> _connection.Resolver:
    """A resolver that knows every name."""
    return lambda host, port: answers


def refusal(url: str, settings: Settings = LOOPBACK, resolver: _connection.Resolver | None = None) -> str:
    with pytest.raises(InputError) as caught:
        fetch(url, settings, resolver=resolver)
    assert str(caught.value).isprintable()
    return caught.value.problem


# What may be dialled

# As the system reads them, and none may be read as something public: most are 127.0.0.1 or 169.254.169.254.
HOSTS = """
    127.0.0.1  127.1  127.0.1  127.0.0.1.  127.255.255.254  2130706433  017700000001  0x7f000001  0x7F.0x0.0x0.0x1
    0177.0.0.1  0177.0000.0000.0001  0x7f.1  127.0x1  0  0.0.0.0  00.0  0x0
    169.254.169.254  2852039166  0xA9FEA9FE  0251.0376.0251.0376  169.254.43518  0xa9.0xfe.43518  100.100.100.200
    168.63.129.16  192.0.0.192  10.0.0.1  012.1  0xa000001  172.16.0.1  172.31.255.255  192.168.0.1  192.168.257  3232235777
    100.64.0.1  100.127.255.255  192.0.0.8  192.0.2.1  192.88.99.1  198.18.0.1  198.51.100.1  203.0.113.1
    224.0.0.1  239.255.255.250  240.0.0.1  255.255.255.255  4294967295
    [::1]  [0:0:0:0:0:0:0:1]  [0000:0000:0000:0000:0000:0000:0000:0001]  [::]  [::127.0.0.1]  [::7f00:1]
    [::ffff:127.0.0.1]  [::ffff:7f00:1]  [::FFFF:169.254.169.254]  [::ffff:93.184.215.14]  [::ffff:0:127.0.0.1]
    [64:ff9b::127.0.0.1]  [64:ff9b::a9fe:a9fe]  [64:ff9b::93.184.215.14]  [64:ff9b:1::10.0.0.1]
    [2002:7f00:1::]  [2002:a9fe:a9fe::1]  [2001:0:1::1]  [2001::]  [2001:20::1]  [2001:db8::1]  [3fff::1]
    [fc00::1]  [fd00:ec2::254]  [fd12:3456:789a::1]  [fe80::1]  [fe80::1%25lo]  [fe80::1%lo]  [2606:4700::1%25lo]
    [fec0::1]  [ff02::1]  [ff0e::1]  [100::1]  [5f00::1]  [4000::1]
    127%2e0%2e0%2e1  %31%32%37.0.0.1  127.0.0.1%00  127.0.0.1%2f@a.example
    127。0。0。1  127．0．0．1  １２７.0.0.1  ①②⑦.⓪.⓪.①  ⑯⑨。②⑤④。⑯⑨｡②⑤④  ١٢٧.٠.٠.١  ⅼocalhost  [::１]
    localhost  LOCALHOST  localhost.  a.example@127.0.0.1  a.example:80@127.0.0.1  a:b@c@127.0.0.1
    127.0.0.1\\@a.example  127.0.0.1\\.a.example  127.0.0.1#@a.example/  127.0.0.1?@a.example/  :@[::1]
    256.256.256.256  127.0.0.1.1.1  1.2.3.4.5  0x7f.0.0.0x100  08.8.8.8.  .  ..  [::1  ::1  [v1.fe80]
""".split()
URLS = [f"http://{host}/" for host in HOSTS] + [
    "http://",
    "http:///feed",
    "http://?a",
    "http://:80/",
    "http:/\\127.0.0.1/",
    "http:127.0.0.1/",
    "http://\t127.0.0.1/",
    "http://127.0.0.1\n/",
    "http://127.0.0.1\x00.a.example/",
    "http://127.0.0.1 .a.example/",
    "HTTP://127.0.0.1/",
    "https://127.0.0.1/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:١/",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:70/_GET",
    "//127.0.0.1/",
    "",
]


@pytest.fixture
def undialled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Proves that nothing was dialled, by any way that Python has."""

    def connect(sock: socket.socket, where: object) -> None:
        dialled.append(where)
        raise AssertionError(f"{where} was dialled")

    dialled: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    yield
    assert not dialled


@pytest.mark.usefixtures("undialled")
@pytest.mark.parametrize("url", URLS)
def test_forbidden_spellings_are_refused_and_nothing_is_dialled(url: str) -> None:
    assert len(URLS) > 40
    assert refusal(url, Settings())


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was dialled; all of it leads to this machine, so that a server here can play a public one."""

    def connect(sock: socket.socket, where: tuple[str, int]) -> None:
        found.append(where)
        real(sock, ("127.0.0.1", where[1]))

    found: list[object] = []
    real = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", connect)
    return found


def test_a_public_address_is_dialled_as_it_is(dialled: list[object]) -> None:
    with serving(answer(b"feed")) as server:
        assert fetch(server.url(host="a.example"), Settings(), resolver=named(PUBLIC)).body == b"feed"
        assert fetch(server.url(host=PUBLIC), Settings()).body == b"feed"
        assert dialled == [(PUBLIC, server.port)] * 2


@pytest.mark.parametrize("url", list(filter(None, URLS)))
def test_a_redirect_to_them_is_refused_as_well(url: str, dialled: list[object]) -> None:
    def resolver(host: str, port: int) -> list[str]:
        return [PUBLIC] if host == "a.example" else _connection.resolve(host, port)

    with serving(redirect(url.encode().decode("latin-1"))) as server:
        assert refusal(server.url(host="a.example"), Settings(), resolver)
        assert set(dialled) == {(PUBLIC, server.port)}


@pytest.mark.usefixtures("undialled")
@pytest.mark.parametrize(
    "answers",
    [
        ["10.0.0.1"],
        ["::1"],
        ["fe80::1%2"],
        ["::ffff:10.0.0.1", "64:ff9b::a00:1"],
        ["127.0.0.1"] * 1000,
        ["a.example"],  # a resolver that gives a name has resolved nothing
        ["127.1"],
        [],
    ],
)
def test_a_name_that_leads_to_no_public_address_is_refused(answers: list[str]) -> None:
    assert refusal("https://a.example/feed", Settings(), named(*answers))


def test_the_address_that_was_checked_is_the_one_that_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: a name that is public when first asked for, and private whenever asked again."""
    asked = []
    dialled = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    def getaddrinfo(host: str, *rest: object, **named: object) -> object:
        assert ip_address(host), "nothing but numbers may reach the system's resolver"
        return real(host, *rest, **named)  # type: ignore[arg-type]

    def connect(sock: socket.socket, where: tuple[str, int]) -> None:
        dialled.append(where)
        raise ConnectionRefusedError(111, "Connection refused")

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connect)
    for scheme, port in (("http", 80), ("https", 443)):
        asked.clear()
        dialled.clear()
        assert refusal(f"{scheme}://a.example/", Settings(), rebinding) == "it cannot be fetched: Connection refused"
        assert (asked, dialled) == (["a.example"], [(PUBLIC, port)])


def test_a_name_is_asked_for_again_and_checked_again_on_every_hop() -> None:
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with serving(redirect("/again")) as server:
        assert refusal(server.url(host="a.example"), resolver=rebinding) == (
            "it redirects, and a.example is at 127.0.0.2, not at a public address; "
            "if you trust it, set TOPICWIRE_ALLOW_ADDRESSES=127.0.0.2"
        )
        assert (asked, server.connections) == (["a.example", "a.example"], 1)


def test_addresses_that_may_not_be_dialled_are_passed_over(dialled: list[object]) -> None:
    """A name server that makes IPv6 addresses of IPv4 ones (DNS64) adds a forbidden one to every host."""
    with serving(answer(b"feed")) as server:
        resolver = named("64:ff9b::5db8:d70e", "10.0.0.1", PUBLIC, "::1")
        assert fetch(server.url(host="a.example"), Settings(), resolver=resolver).body == b"feed"
        assert dialled == [(PUBLIC, server.port)]


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    settings = read({"TOPICWIRE_ALLOW_ADDRESSES": "127.0.0.0/8"})
    with serving(answer(b"feed")) as server:
        assert fetch(server.url(host="a.example"), settings, resolver=named("127.0.0.9", "127.0.0.1")).body == b"feed"


FORBIDDEN = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 ::/3 4000::/2 8000::/1
    2001::/23 2001:db8::/32 2002::/16 3fff::/20
""".split()


@given(
    st.one_of(st.ip_addresses(), st.builds(lambda a, b: IPv6Address(a << 96 | b), st.integers(0, 2**32 - 1), st.integers(0, 9)))
)
@example(ip_address("223.255.255.255"))
@example(ip_address("2000::"))
@example(ip_address("2001:200::"))
@example(ip_address("2606:4700::1111"))
@example(ip_address("168.63.129.17"))
def test_an_address_may_be_dialled_if_and_only_if_it_is_public(address: IPv4Address | IPv6Address) -> None:
    special = any(address in ip_network(text) for text in FORBIDDEN)
    odd = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local or address.is_loopback
    wrapped = isinstance(address, IPv6Address) and (address.ipv4_mapped or address.sixtofour or address.teredo)

    assert addresses.is_public(address) == (address.is_global and not special)
    assert not (addresses.is_public(address) and (odd or wrapped or address.is_private))
    assert addresses.may_be_dialled(address, [ip_network(address)])
    if isinstance(address, IPv4Address):  # wrapped in any way that leads on to it
        number = int(address)
        for inside in (number, 0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
            assert not addresses.is_public(IPv6Address(inside))


@pytest.mark.parametrize(
    "text", ["93.184.215.14", "1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1"]
)
def test_public_addresses_may_be_dialled(text: str) -> None:
    assert addresses.is_public(ip_address(text))
    assert not addresses.is_public(ip_address("2a00:1450::1%1"))


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(b"feed")) as server, serving(answer(b"proxy")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        assert fetch(server.url(), LOOPBACK).body == b"feed"
        assert proxy.connections == 0


# What is asked, and answered


def test_what_is_sent() -> None:
    with serving(answer(b"feed")) as server:
        fetch(
            server.url("/a b?c=ü#d", host="bücher.example"),
            LOOPBACK,
            etag='W/"1"',
            last_modified="Mon, 01 Jun 2026 00:00:00 GMT",
            resolver=named("127.0.0.1"),
        )

    lines = server.requests[0].decode().split("\r\n")
    assert lines[0] == "GET /a%20b?c=%C3%BC HTTP/1.1"
    assert set(lines[1:-2]) == {
        f"Host: xn--bcher-kva.example:{server.port}",
        f"User-Agent: topicwire/{version('topicwire')} (feed reader)",
        "Accept: application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
        "Accept-Encoding: gzip, deflate",
        "Connection: close",
        'If-None-Match: W/"1"',
        "If-Modified-Since: Mon, 01 Jun 2026 00:00:00 GMT",
    }


def test_what_comes_back() -> None:
    headers = [
        'ETag: "ä"',
        "Last-Modified: Mon, 01 Jun 2026 00:00:00 GMT",
        "Cache-Control: max-age=60",
        "cache-control: public",
        "Expires: 0",
        "Content-Type: application/rss+xml",
        "Retry-After: \x01",
    ]
    with serving(answer(b"feed", *headers)) as server:
        got = fetch(server.url(), LOOPBACK)
        assert got == Response(
            status=200,
            url=server.url(),
            permanent_url=None,
            etag='"ä"',
            last_modified="Mon, 01 Jun 2026 00:00:00 GMT",
            cache_control="max-age=60, public",
            expires="0",
            retry_after=None,
            content_type="application/rss+xml",
            body=b"feed",
        )
        fetch(server.url(), LOOPBACK, etag=got.etag)
    assert 'If-None-Match: "ä"\r\n'.encode("latin-1") in server.requests[1]


def test_fields_that_could_not_be_sent_back_are_left_out() -> None:
    with serving(answer(b"feed", f"ETag: {'a' * 1001}", f"Last-Modified: {'a' * 1000}")) as server:
        got = fetch(server.url(), LOOPBACK)

    assert (got.etag, got.last_modified) == (None, "a" * 1000)


@pytest.mark.parametrize("status", [304, 404, 410, 429, 500, 503])
def test_other_answers_are_answers(status: int) -> None:
    body = b"" if status == 304 else b"<p>Sorry"
    with serving(answer(body, "Retry-After: 120", 'ETag: "1"', status=f"{status} So")) as server:
        got = fetch(server.url(), LOOPBACK)

    assert (got.status, got.retry_after, got.etag, got.body) == (status, "120", '"1"', b"")


@pytest.mark.parametrize(
    ("statuses", "for_good"),
    [([301], True), ([308, 301, 308], True), ([302], False), ([301, 307], False), ([303, 301], False), ([], False)],
)
def test_a_feed_has_moved_if_every_redirect_was_for_good(statuses: list[int], for_good: bool) -> None:
    def hop(connection: socket.socket, request: bytes) -> None:
        number = int(request.split()[1].removeprefix(b"/"))
        there = answer(b"feed")
        connection.sendall(redirect(f"/{number + 1}#part", statuses[number]) if number < len(statuses) else there)

    with serving(hop) as server:
        got = fetch(server.url("/0"), LOOPBACK)

    assert got.url == server.url(f"/{len(statuses)}")
    assert got.permanent_url == (got.url if for_good else None)


def test_a_redirect_may_be_relative_and_in_letters() -> None:
    def hop(connection: socket.socket, request: bytes) -> None:
        connection.sendall(
            redirect("über/uns".encode().decode("latin-1")) if request.startswith(b"GET /feed/x ") else answer(b"x")
        )

    with serving(hop) as server:
        assert fetch(server.url("/feed/x"), LOOPBACK).url == server.url("/feed/%C3%BCber/uns")
        assert server.requests[1].startswith(b"GET /feed/%C3%BCber/uns ")


def test_a_redirect_that_leads_nowhere_is_an_answer() -> None:
    with serving(answer(status="302 Found")) as server:
        assert fetch(server.url(), LOOPBACK).status == 302


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        ("/feed", "it redirects more than 2 times (TOPICWIRE_MAX_FETCH_REDIRECTS)"),
        ("file:///etc/passwd", "it redirects to 'file', which is not followed"),
        ("/" + "a" * 8000, "it redirects, and there: its URL is longer than 8,000 characters"),
        ("javascript:1", "it redirects to 'javascript', which is not followed"),
        ("http://[::1/", "it cannot be fetched: Invalid IPv6 URL"),
        ("http://./", "it redirects, and there: it names no host"),
        ("http://me:secret@127.0.0.1/", "it redirects, and there: a user name or password in a URL is not sent; take it out"),
    ],
)
def test_redirects_that_are_not_followed(location: str, problem: str) -> None:
    with serving(redirect(location)) as server:
        assert (
            refusal(server.url(), read({"TOPICWIRE_ALLOW_ADDRESSES": "127.0.0.1", "TOPICWIRE_MAX_FETCH_REDIRECTS": "2"}))
            == problem
        )
        assert server.connections == (3 if location == "/feed" else 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://me:secret@a.example/@me.rss",
        "http://secret@a.example/",
        "http://me:secret@127.0.0.1:x/",
        "http://me:se/secret@a.example/",
        "http://me:secret\\@a.example/",
        "http://me:secret\n@a.example/",
        "ftp://me:secret@a.example/",
    ],
)
@pytest.mark.usefixtures("undialled")
def test_passwords_are_neither_sent_nor_shown(url: str) -> None:
    with pytest.raises(InputError) as caught:
        fetch(url, Settings(), resolver=named(PUBLIC))

    assert "secret" not in str(caught.value)


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """TLS of a server that is a.example, and an environment that trusts its authority alone."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    _connection._tls.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("a.example").configure_cert(context)
    yield context
    _connection._tls.cache_clear()


def test_the_name_is_what_a_certificate_is_checked_for(secure: ssl.SSLContext) -> None:
    with serving(answer(b"feed"), secure) as server:
        for host in ("a.example", "A.example."):
            assert fetch(server.url(host=host, scheme="https"), LOOPBACK, resolver=named("127.0.0.1")).body == b"feed"
        wrong = refusal(server.url(host="b.example", scheme="https"), resolver=named("127.0.0.1"))
        number = refusal(server.url(scheme="https"))

    assert server.names[:3] == ["a.example", "a.example", "b.example"]
    assert f"Host: a.example:{server.port}\r\n".encode() in server.requests[0]
    assert wrong.startswith("it cannot be fetched: Hostname mismatch, certificate is not valid for 'b.example'")
    assert number.startswith("it cannot be fetched: IP address mismatch")
    assert len(server.requests) == 2


def test_a_certificate_of_nobody_known_or_of_the_past_is_refused(secure: ssl.SSLContext, authority: trustme.CA) -> None:
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("a.example").configure_cert(stranger)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    authority.issue_cert("a.example", not_before=past, not_after=past).configure_cert(old)
    for context, problem in ((stranger, "unable to get local issuer certificate"), (old, "certificate has expired")):
        with serving(answer(b"feed"), context) as server:
            said = refusal(server.url(host="a.example", scheme="https"), resolver=named("127.0.0.1"))
        assert said == f"it cannot be fetched: {problem}"
        assert not server.requests


def test_https_is_not_left_for_http(secure: ssl.SSLContext) -> None:
    with serving(answer(b"feed")) as open_, serving(redirect(open_.url()), secure) as server:
        said = refusal(server.url(host="a.example", scheme="https"), resolver=named("127.0.0.1"))
        assert said == "it redirects from https to http, which is not followed; give its http URL if you trust the way there"
        assert open_.connections == 0
    with serving(answer(b"feed"), secure) as sealed:
        target = sealed.url(host="a.example", scheme="https")
        with serving(redirect(target, 301)) as first:
            assert fetch(first.url(host="a.example"), LOOPBACK, resolver=named("127.0.0.1")).permanent_url == target


# Limits

SHORT = Settings(allow_addresses=LOOPBACK.allow_addresses, max_fetch_seconds=0.5)
SMALL = Settings(allow_addresses=LOOPBACK.allow_addresses, max_fetch_bytes=100_000)
TOO_LARGE = "it is larger than 100,000 bytes (TOPICWIRE_MAX_FETCH_BYTES)"
TOO_SLOW = "it took longer than 0.5 s (TOPICWIRE_MAX_FETCH_SECONDS)"


def drip(first: bytes, piece: bytes = b"a") -> Handler:
    def handler(connection: socket.socket, request: bytes) -> None:
        connection.sendall(first)
        while True:
            time.sleep(0.02)
            connection.sendall(piece)

    return handler


@pytest.mark.parametrize(
    ("handler", "https"),
    [
        (drip(b""), False),  # a status line without end
        (drip(b"HTTP/1.1 200 OK\r\n"), False),
        (drip(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"), False),
        (drip(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"), False),
        (drip(answer(length=10_000)), False),
        (drip(b"HTTP/1.1 200 OK\r\n\r\n"), False),
        (drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"), False),
        (drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1"), False),
        (drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"), False),
        (drip(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08aaaaaa"), False),
        (drip(answer(length=10_000)), True),
        (lambda connection, request: time.sleep(1), False),
    ],
)
def test_a_server_that_drips_is_left_in_time(handler: Handler, https: bool, secure: ssl.SSLContext) -> None:
    with serving(handler, secure if https else None) as server:
        began = time.monotonic()
        url = server.url(host="a.example", scheme="https" if https else "http")
        assert refusal(url, SHORT, named("127.0.0.1")) == TOO_SLOW
        assert 0.4 < time.monotonic() - began < 1


def test_a_handshake_a_resolver_and_redirects_are_left_in_time() -> None:
    def never(host: str, port: int) -> list[str]:
        time.sleep(2)
        return [PUBLIC]

    def handshake() -> None:
        with suppress(OSError):
            connection, _ = dripping.accept()
            with connection:
                drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")(connection, b"")

    def slow(connection: socket.socket, request: bytes) -> None:
        time.sleep(0.2)
        connection.sendall(redirect("/feed"))

    local = ("127.0.0.1", 0)
    with socket.create_server(local) as silent, socket.create_server(local) as dripping, serving(slow) as server:
        thread = threading.Thread(target=handshake)
        thread.start()
        for url, resolver in [
            (f"https://127.0.0.1:{dripping.getsockname()[1]}/", None),
            (f"https://127.0.0.1:{silent.getsockname()[1]}/", None),
            ("http://a.example/", never),
            (server.url(), None),
        ]:
            began = time.monotonic()
            assert refusal(url, SHORT, resolver) == TOO_SLOW
            assert time.monotonic() - began < 1
        thread.join(10)
        assert not thread.is_alive()


HEADER = "it cannot be fetched: got more than 100 headers"
TOO_LONG = "its header is larger than 65,536 bytes (TOPICWIRE_MAX_FETCH_HEADER_BYTES)"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (answer(b"", *["A: b"] * 101), HEADER),
        (answer(b"", *[f"A{number}: {'b' * 6000}" for number in range(12)]), TOO_LONG),
        (answer(b"", "A: " + "b" * 70_000), TOO_LONG),
        (b"HTTP/1.1 200 " + b"b" * 70_000, TOO_LONG),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 3000, TOO_LONG),
        (answer(b"", "A: b", *[" " + "b" * 6000] * 12), TOO_LONG),
        (b"", "it cannot be fetched: Remote end closed connection without response"),
        (b"SSH-2.0-\x1b[31mred\r\n", "it cannot be fetched: SSH-2.0- [31mred"),
        (b"HTTP/1.1 999999 OK\r\n\r\n", "it cannot be fetched: HTTP/1.1 999999 OK"),
    ],
)
def test_headers_that_are_too_much_or_none(said: bytes, problem: str) -> None:
    with serving(said) as server:
        assert refusal(server.url()) == problem


def chunked(body: bytes, *headers: str) -> bytes:
    head = "\r\n".join(["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *headers, "", ""]).encode()
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:5], body[5:])) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (answer(gzip.compress(b"feed"), "Content-Encoding: gzip"), b"feed"),
        (answer(gzip.compress(b"feed"), "Content-Encoding: X-GZIP"), b"feed"),
        (answer(gzip.compress(b"fe") + gzip.compress(b"ed"), "Content-Encoding: gzip"), b"feed"),
        (answer(zlib.compress(b"feed"), "Content-Encoding: deflate"), b"feed"),
        (answer(zlib.compress(b"feed")[2:-4], "Content-Encoding: deflate"), b"feed"),
        (answer(gzip.compress(b"fe") + gzip.compress(b"ed") + b"\0"), b"feed"),  # a gzip file
        (answer(gzip.compress(gzip.compress(b"feed")), "Content-Encoding: gzip"), b"feed"),
        (answer(gzip.compress(b"a" * 100_000)), b"a" * 100_000),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2 + answer(b"feed"), b"feed"),
        (answer(b"feed", "Content-Encoding: utf-8"), b"feed"),
        (chunked(b"feed, in two pieces"), b"feed, in two pieces"),
        (chunked(gzip.compress(b"feed"), "Content-Encoding: gzip"), b"feed"),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", b"to the end"),
        (answer(b"feed and more", length=4), b"feed"),
        (answer(b"a" * 100_000), b"a" * 100_000),
        (answer(b""), b""),
    ],
)
def test_bodies(said: bytes, body: bytes) -> None:
    with serving(said) as server:
        assert fetch(server.url(), SMALL).body == body


BOMB = gzip.compress(b"\0" * 200_000_000, 9)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (answer(b"a" * 100_001), TOO_LARGE),
        (chunked(b"a" * 100_001), TOO_LARGE),
        (b"HTTP/1.0 200 OK\r\n\r\n" + b"a" * 100_001, TOO_LARGE),
        (answer(BOMB, "Content-Encoding: gzip"), TOO_LARGE),
        (chunked(BOMB, "Content-Encoding: gzip"), TOO_LARGE),
        (answer(BOMB), TOO_LARGE),
        (answer(gzip.compress(BOMB), "Content-Encoding: gzip"), TOO_LARGE),
        (answer(gzip.compress(b"feed")[:-5]), "its gzip data is cut off"),
        (
            answer(gzip.compress(b"feed")[:-5] + b"12345"),
            "its gzip data is damaged: Error -3 while decompressing data: incorrect data check",
        ),
        (chunked(b"feed", "Transfer-Encoding: gzip"), "it is sent as 'chunked, gzip', which was not asked for"),
        (answer(zlib.compress(b"\0" * 200_000_000), "Content-Encoding: deflate"), TOO_LARGE),
        (answer(gzip.compress(b"") * 100_000, "Content-Encoding: gzip"), TOO_LARGE),  # much packed, nothing in it
        (
            answer(BOMB, "Content-Encoding: gzip, gzip"),
            "it is packed as 'gzip, gzip'; only gzip and deflate are unpacked, and only once",
        ),
        (
            answer(BOMB, "Content-Encoding: gzip", "Content-Encoding: deflate"),
            "it is packed as 'gzip, deflate'; only gzip and deflate are unpacked, and only once",
        ),
        (answer(b"feed", "Content-Encoding: br"), "it is packed as 'br'; only gzip and deflate are unpacked, and only once"),
        (
            answer(b"feed", "Content-Encoding: gzip"),
            "it cannot be fetched: Received response with content-encoding: gzip, but failed to decode it.",
        ),
        (
            answer(b"feed", length=9),
            "it cannot be fetched: Connection broken: IncompleteRead(4 bytes read, 5 more expected)",
        ),
        (
            chunked(b"a" * 50)[:-20],
            "it cannot be fetched: Connection broken: IncompleteRead(0 bytes read)",
        ),
        (
            answer(b"feed", "Content-Length: 5"),
            "it cannot be fetched: Content-Length contained multiple unmatching values (4, 5)",
        ),
    ],
)
def test_bodies_that_are_too_large_or_damaged(said: bytes, problem: str) -> None:
    with serving(said) as server:
        tracemalloc.start()
        try:
            assert refusal(server.url(), SMALL) == problem
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()
