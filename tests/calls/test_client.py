"""Calls to servers that are slow, huge, hostile, or not who they say."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from time import perf_counter

import pytest

from core.errors import CallbackFailed, CallbackFailure
from services.calls.addresses import AddressGuard
from services.calls.client import BODY_BYTES_MAXIMUM, Call, GuardedClient
from services.calls.network import Resolve, Resolver
from tests.calls.company_server import (
    HOST,
    Answer,
    Certificates,
    CompanyServer,
    breaks_tls_after,
    company_server,
    make_certificates,
    never,
    says,
    sends,
)

LOOPBACK = AddressGuard([ip_network("127.0.0.0/8")])
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
async def company(certificates: Certificates) -> AsyncIterator[CompanyServer]:
    async with company_server(certificates.server) as server:
        yield server


def resolving_to(*answers: Sequence[str]) -> Resolve:
    """Return a resolver that gives these answers one after the other, and the last one for ever."""
    waiting = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return resolve


def a_call(company: CompanyServer, *, host: str = HOST, scheme: str = "https") -> Call:
    return Call(scheme, host, company.port, "GET", "/", (), None, timeout_seconds=3)


def hurried(call: Call) -> Call:
    return replace(call, timeout_seconds=0.4)


async def fetch(company: CompanyServer, certificates: Certificates, answer: Answer) -> bytes:
    return await client_of(certificates).fetch(asking(company, answer))


def client_of(certificates: Certificates) -> GuardedClient:
    return GuardedClient(resolving_to(["127.0.0.1"]), LOOPBACK, certificates.ca_file)


def asking(company: CompanyServer, answer: Answer) -> Call:
    company.answers["/"] = answer
    return a_call(company)


async def failure_of(client: GuardedClient, call: Call) -> tuple[CallbackFailure, int | None]:
    with pytest.raises(CallbackFailed) as failed:
        await client.fetch(call)
    assert failed.value.__cause__ is None
    return failed.value.reason, failed.value.status


async def test_a_server_is_asked_plainly(
    company: CompanyServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    body = await fetch(company, certificates, says(b"{}", "Set-Cookie: a=b"))
    again = await fetch(company, certificates, says(b"[]"))

    assert (body, again) == (b"{}", b"[]")
    assert company.connections == 2
    for asked in company.asked:
        assert asked.headers == {
            "host": f"{HOST}:{company.port}",
            "connection": "close",
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": "Starling",
        }


HOSTILE: dict[str, tuple[Answer, str, int | None]] = {
    "silence": (never, "TIMEOUT", None),
    "a head that drips": (sends(*[b"H"] * 20, pause=0.1), "TIMEOUT", None),
    "a body that drips": (
        sends(HEAD + b"Content-Length: 50\r\n\r\n", *[b"x"] * 20, pause=0.1),
        "TIMEOUT",
        None,
    ),
    "a byte too many": (says(b"x" * (BODY_BYTES_MAXIMUM + 1)), "TOO_LARGE", None),
    "a byte too many, unannounced": (
        sends(HEAD + b"\r\n" + b"x" * (BODY_BYTES_MAXIMUM + 1)),
        "TOO_LARGE",
        None,
    ),
    "chunks without end": (
        sends(CHUNKED, *[b"1000\r\n" + b"x" * 4096 + b"\r\n"] * 17),
        "TOO_LARGE",
        None,
    ),
    "crumbs": (sends(CHUNKED, b"1\r\nx\r\n" * 20_000), "TOO_LARGE", None),
    "a header without end": (sends(HEAD + b"X-Long: " + b"x" * 200_000), "TOO_LARGE", None),
    "promises": (sends(b"HTTP/1.1 100 Continue\r\n\r\n" * 8_000), "TOO_LARGE", None),
    "a gzip bomb": (
        says(gzip.compress(b"0" * 10_000_000), "Content-Encoding: gzip"),
        "ENCODED",
        None,
    ),
    "a redirect inside": (
        says(b"", "Location: http://127.0.0.1/", status="302 Found"),
        "REDIRECTED",
        302,
    ),
    "nothing new": (says(b"", status="304 Not Modified"), "REDIRECTED", 304),
    "not found": (says(b"{}", status="404 Not Found"), "HTTP_STATUS", 404),
    "broken": (says(b"{}", status="503 Service Unavailable"), "HTTP_STATUS", 503),
    "another protocol": (sends(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "CONNECTION", None),
    "half an answer": (sends(HEAD + b"Content-Length: 50\r\n\r\nx"), "CONNECTION", None),
    "two lengths": (
        sends(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
        "CONNECTION",
        None,
    ),
    "a length that fills pages": (
        sends(HEAD + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n"),
        "CONNECTION",
        None,
    ),
    "a closed door": (sends(), "CONNECTION", None),
    "clear text inside TLS": (breaks_tls_after(CHUNKED), "TLS", None),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_answer_is_given_up_in_time(
    company: CompanyServer, certificates: Certificates, name: str
) -> None:
    answer, reason, status = HOSTILE[name]
    call = asking(company, answer)
    began = perf_counter()

    failure = await failure_of(
        client_of(certificates), hurried(call) if reason == "TIMEOUT" else call
    )

    assert failure == (reason, status)
    assert perf_counter() - began < 2


async def test_a_call_says_by_itself_what_it_accepts(
    company: CompanyServer, certificates: Certificates
) -> None:
    call = replace(a_call(company), headers=(("accept", "application/vnd.crm+json"),))

    await client_of(certificates).fetch(call)

    (asked,) = company.asked
    assert asked.headers["accept"] == "application/vnd.crm+json"


async def test_an_answer_of_exactly_64_kib_is_taken(
    company: CompanyServer, certificates: Certificates
) -> None:
    assert len(await fetch(company, certificates, says(b"x" * 65_536))) == 65_536


@pytest.mark.parametrize("name", ["a body that drips", "half an answer", "a byte too many"])
async def test_who_only_tells_has_told_once_there_is_a_status(
    company: CompanyServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("services.calls.client.LISTENING_SECONDS", 0.2)
    answer, *_ = HOSTILE[name]

    assert await client_of(certificates).tell(asking(company, answer)) == 200


async def test_internal_addresses_are_not_even_connected_to(
    company: CompanyServer, certificates: Certificates
) -> None:
    names = ("localhost", "127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "0", "::1")
    resolver = Resolver(1)
    client = GuardedClient(resolver, AddressGuard(), certificates.ca_file)

    failures = {name: await failure_of(client, a_call(company, host=name)) for name in names}
    resolver.close()

    assert failures == dict.fromkeys(names, (CallbackFailure.REFUSED_ADDRESS, None))
    assert company.connections == 0


async def test_a_name_with_one_internal_address_is_refused_whole(
    company: CompanyServer, certificates: Certificates
) -> None:
    mixed = resolving_to(["93.184.216.34", "127.0.0.1"])
    client = GuardedClient(mixed, AddressGuard(), certificates.ca_file)

    assert await failure_of(client, a_call(company)) == (CallbackFailure.REFUSED_ADDRESS, None)
    assert company.connections == 0


async def test_a_name_is_looked_up_once_and_what_was_checked_is_called(
    certificates: Certificates,
) -> None:
    """The trick of rebinding: the first answer passes the check, the second leads inside."""
    async with AsyncExitStack() as stack:
        company = await stack.enter_async_context(company_server(certificates.server))
        allowed = AddressGuard([ip_network("127.0.0.2/32")])
        rebound = resolving_to(["127.0.0.2"], ["127.0.0.1"])
        client = GuardedClient(rebound, allowed, certificates.ca_file)

        # Nobody listens on the address that was checked; on the other one somebody does.
        assert (await failure_of(client, a_call(company)))[0] is CallbackFailure.CONNECTION
        assert (await failure_of(client, a_call(company)))[0] is CallbackFailure.REFUSED_ADDRESS
        assert company.connections == 0


async def test_the_next_address_is_tried_when_one_is_dead(
    company: CompanyServer, certificates: Certificates
) -> None:
    both = resolving_to(["127.0.0.2", "127.0.0.1"])
    client = GuardedClient(both, LOOPBACK, certificates.ca_file)

    assert await client.fetch(a_call(company)) == b'{"ok": true}'


async def test_a_name_server_that_hangs_costs_no_more_than_the_time(
    company: CompanyServer,
) -> None:
    async def hangs(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(10)
        raise AssertionError

    failure = await failure_of(GuardedClient(hangs, LOOPBACK), hurried(a_call(company)))

    assert failure == (CallbackFailure.TIMEOUT, None)


async def test_an_unknown_host_is_no_connection(company: CompanyServer) -> None:
    resolver = Resolver(1)
    client = GuardedClient(resolver, AddressGuard())

    for host in ("no-such-host.invalid", "a" * 300):
        failure = await failure_of(client, a_call(company, host=host))
        assert failure == (CallbackFailure.CONNECTION, None)
    resolver.close()


async def test_a_server_must_prove_who_it_is(
    company: CompanyServer, certificates: Certificates, tmp_path: Path
) -> None:
    here = resolving_to(["127.0.0.1"])
    stranger = GuardedClient(here, LOOPBACK, make_certificates(tmp_path).ca_file)
    other_name = GuardedClient(here, LOOPBACK, certificates.ca_file)

    assert (await failure_of(stranger, a_call(company)))[0] is CallbackFailure.TLS
    for host in ("other.example", "127.0.0.1"):
        assert (await failure_of(other_name, a_call(company, host=host)))[0] is CallbackFailure.TLS
    async with company_server(None) as unencrypted:
        unencrypted.greeting = b"SSH-2.0-OpenSSH_9.6"
        assert (await failure_of(other_name, a_call(unencrypted)))[0] is CallbackFailure.TLS
    assert company.asked == []


async def test_http_works_where_it_is_asked_for(certificates: Certificates) -> None:
    async with company_server(None) as company:
        client = GuardedClient(resolving_to(["127.0.0.1"]), LOOPBACK)

        assert await client.fetch(a_call(company, scheme="http")) == b'{"ok": true}'
