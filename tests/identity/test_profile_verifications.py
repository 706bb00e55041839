"""Verifying profiles: codes by mail, tokens of a company's own site, and what guessing learns."""

import asyncio
import re
from base64 import urlsafe_b64encode
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import select, text, update

from app.worker import job_handlers
from core import clock
from core.ids import decode_global_id
from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.customers import Customer
from models.dev_mails import DevMail
from models.jobs import Job
from models.profile_verifications import ProfileVerification
from models.tickets import Ticket
from services import profile_links, profile_verifications
from services.jobs import TIME_LIMIT
from services.live_chats.transcript_mail import SEND_TRANSCRIPT
from services.mail.parsing import ParsedMail, parse_mail
from services.outgoing_mail.queue import DELIVER
from services.profile_verifications import VERIFY as VERIFY_JOB
from services.unit_of_work import UnitOfWork
from tests.support.chats import Chat, brand_id, start_chat
from tests.support.desk import Client, World
from tests.support.profiles import LINK, SEND, VERIFY, add_customer, claim, profile, profile_of

ROTATE = """
    mutation ($brand: ID!) {
      brandIdentitySecretRotate(input: {brandId: $brand}) {
        __typename ... on BrandIdentitySecretRotateSuccess { secret }
      }
    }
"""
CLOSED = """
    mutation {
      profileVerify(input: {code: "1"}) { ... on ProfileVerifySuccess { profile { id } } }
    }
"""
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
WAITERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
SENT = {"__typename": "ProfileVerificationSendSuccess", "minutes": 10, "tries": 5}
YES = {"__typename": "ProfileVerifySuccess", "verified": True}


async def claimed_profile(world: World) -> str:
    """Link a profile of Telegram, on its writer's word, to Elif, who writes Turkish."""
    await add_customer(world, "Elif Demir", email="elif@example.com", language="tr")
    _message, ticket = await world.receive("Merhaba", handle="@elif", channel=Channel.TELEGRAM)
    assert await claim(world, ticket, "elif@example.com")
    return await profile_of(world, ticket)


async def mailed(world: World) -> list[ParsedMail]:
    """Do the jobs that mail codes; return all mails that went out, oldest first."""
    database = world.desk.database
    async with database.transaction() as session:
        waiting = select(Job).where(Job.kind == VERIFY_JOB, Job.finished_at.is_(None))
        payloads = [job.payload for job in await session.scalars(waiting)]
        done = update(Job).where(Job.kind == VERIFY_JOB).values(finished_at=clock.now())
        await session.execute(done)
    for payload in payloads:
        await job_handlers(world.desk)[VERIFY_JOB].do(payload)
    async with database.reading() as connection:
        rows = await connection.execute(select(DevMail.content).order_by(DevMail.kept_at))
        return [parse_mail(row.content) for row in rows]


def code_in(mail: ParsedMail) -> str:
    """Return the code that a mail tells."""
    (code,) = re.findall(r"^(\d{6})$", mail.text, re.MULTILINE)
    return str(code)


def another(code: str) -> str:
    """Return a wrong code."""
    return str((int(code) + 1) % 1_000_000).zfill(6)


def wrong(**known: Any) -> dict[str, Any]:
    """Return the answer to a wrong code."""
    problem = {"path": ["input", "code"], "code": "WRONG_CODE", "limit": None, "actual": None}
    return {"__typename": "ValidationFailed", "fields": [problem | known]}


async def verify(client: Client, **given: Any) -> dict[str, Any]:
    """Verify a profile; return the answer without its words."""
    answer = await client.act(VERIFY, **given)
    return {name: value for name, value in answer.items() if name not in ("code", "message")}


async def test_the_code_in_the_customers_mail_verifies_the_profile(world: World) -> None:
    of_elif = await claimed_profile(world)

    assert await world.ayse.act(SEND, profile=of_elif, key="once") == SENT
    assert await world.ayse.act(SEND, profile=of_elif, key="once") == SENT
    (mail,) = await mailed(world)
    code = code_in(mail)
    assert [recipient.address for recipient in mail.to] == ["elif@example.com"]
    assert mail.subject == f"Acme için kodunuz: {code}"
    assert "Elif Demir" not in mail.text
    assert code not in await _kept(world)

    assert await verify(world.ayse, profile=of_elif, code=another(code)) == wrong(limit=5, actual=1)
    assert await verify(world.ayse, profile=of_elif, code=f" {code[:3]} {code[3:]}") == YES
    assert (await profile(world.ayse, of_elif))["linkState"] == "VERIFIED"
    assert await verify(world.ayse, profile=of_elif, code=code) == YES
    void = await verify(world.ayse, profile=of_elif, code=another(code))
    assert void == {"__typename": "Expired"}
    again = await world.ayse.act(SEND, profile=of_elif)
    assert again["__typename"] == "NotAllowed"


async def test_guessing_ends_with_the_tries_and_codes_end_with_the_hour(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_elif = await claimed_profile(world)
    await world.ayse.act(SEND, profile=of_elif)
    (mail,) = await mailed(world)
    code = code_in(mail)
    for tried in range(1, 6):
        refused = await verify(world.ayse, profile=of_elif, code=another(code))
        assert refused == wrong(limit=5, actual=tried)
    void = await verify(world.ayse, profile=of_elif, code=code)
    assert void == {"__typename": "LimitReached", "limit": 5}

    for _ in range(2):
        assert await world.ayse.act(SEND, profile=of_elif) == SENT
    refused = await world.ayse.act(SEND, profile=of_elif)
    assert (refused["__typename"], refused["limit"]) == ("LimitReached", 3)
    newest = code_in((await mailed(world))[-1])

    later = clock.now() + timedelta(minutes=10)
    monkeypatch.setattr(clock, "now", lambda: later)
    late = await verify(world.ayse, profile=of_elif, code=newest)
    assert late == {"__typename": "Expired"}
    assert (await profile(world.ayse, of_elif))["linkState"] == "CLAIMED"


async def test_the_customer_of_a_chat_learns_yes_or_no_and_nothing_else(world: World) -> None:
    await add_customer(world, "Elif Demir", email="elif@example.com")
    stranger, claimant = await start_chat(world, "A"), await start_chat(world, "A")
    assert await claim(world, claimant.ticket, "elif@example.com")

    for _ in range(3):
        assert await _send(stranger) == await _send(claimant) == SENT
    mails = await mailed(world)
    assert len(mails) == 3
    third = await start_chat(world, "A")  # the address has had its three codes of this hour
    assert await claim(world, third.ticket, "elif@example.com")
    assert await _send(third) == SENT
    assert len(await mailed(world)) == 3

    code = code_in(mails[-1])
    for _ in range(4):
        for chat in (stranger, claimant):
            assert await verify(chat.customer, code=another(code)) == wrong()
    assert await verify(stranger.customer, code=code) == wrong()
    assert await verify(claimant.customer, code=code) == YES
    assert await verify(claimant.customer, code=code) == YES
    assert await verify(claimant.customer, code=another(code)) == wrong()
    profile_id = await profile_of(world, claimant.ticket)
    named = await verify(stranger.customer, profile=profile_id, code=code)
    assert named["fields"][0]["code"] == "NOT_ALLOWED_VALUE"
    assert (await claimant.customer.send(CLOSED)).error["extensions"]["code"] == "NOT_ALLOWED"


async def test_a_token_of_the_brands_own_site_verifies_once(world: World) -> None:
    known = await add_customer(world, "Elif Demir", email="elif@example.com")
    acme = brand_id(world.acme)
    assert (await world.ayse.act(ROTATE, brand=acme))["__typename"] == "NotAllowed"
    secret = (await world.admin.act(ROTATE, brand=acme))["secret"]
    chat = await start_chat(world, "A")
    now = int(clock.now().timestamp())
    claims = {"email": "Elif@example.com", "aud": acme, "iat": now, "exp": now + 300, "jti": "1"}
    key = OctKey.import_key(secret)

    def signed(key: OctKey = key, alg: str = "HS256", **changed: Any) -> str:
        told = {name: value for name, value in (claims | changed).items() if value is not None}
        return jwt.encode({"alg": alg}, told, key, algorithms=[alg])

    def headed(header: str) -> str:
        return f"{urlsafe_b64encode(header.encode()).decode().rstrip('=')}.e30.e30"

    unsigned = "eyJhbGciOiJub25lIn0." + signed().split(".")[1] + "."
    other_key = OctKey.import_key("another secret that is long enough for it")
    for token in (
        unsigned,
        signed(other_key),
        signed(alg="HS512"),
        signed(aud=brand_id(world.other)),
        signed(aud=[acme]),
        signed(exp=now - 1),
        signed(exp=now + 3_600),
        signed(exp=None),
        signed(iat=now + 120, exp=now + 300),
        signed(jti=None),
        signed(email=None),
        signed(email="elif@example.com, su@example.com"),
        signed(exp=1e400),
        signed(more="x" * 5_000),
        headed('{"alg":"HS256","crit":1}'),
        headed('{"alg":"HS256","crit":[1]}'),
        "",
        "ğ.ğ.ğ",
    ):
        refused = await verify(chat.customer, token=token)
        assert refused["fields"][0]["code"] == "WRONG_TOKEN", token

    of_chat = await profile_of(world, chat.ticket)
    assert (await profile(world.ayse, of_chat))["linkState"] == "OWN"
    assert await verify(chat.customer, token=signed()) == YES
    assert await verify(chat.customer, token=signed()) == YES
    linked = await profile(world.ayse, of_chat)
    assert (linked["linkState"], linked["customer"]["id"]) == ("VERIFIED", known)
    replayed = await verify((await start_chat(world, "B")).customer, token=signed())
    assert replayed["fields"][0]["code"] == "WRONG_TOKEN"
    # The page was loaded anew: there is nothing left to prove, and the token counts all the same.
    assert await verify(chat.customer, token=signed(jti="of the page")) == YES
    thief = (await start_chat(world, "D")).customer
    stolen = await verify(thief, token=signed(jti="of the page"))
    assert stolen["fields"][0]["code"] == "WRONG_TOKEN"

    await add_customer(world, "Su", email="su@example.com")
    elsewhere = await verify(chat.customer, token=signed(email="su@example.com", jti="2"))
    assert elsewhere["fields"][0]["code"] == "WRONG_TOKEN"
    assert not await claim(world, chat.ticket, "elif@example.com")
    await world.admin.act(ROTATE, brand=acme)
    old = await verify((await start_chat(world, "C")).customer, token=signed(jti="3"))
    assert old["fields"][0]["code"] == "WRONG_TOKEN"


async def test_tries_that_prove_nothing_hold_up_no_merges(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_customer(world, "Elif Demir", email="elif@example.com")
    chat = await start_chat(world, "A")
    assert await claim(world, chat.ticket, "elif@example.com")
    taken: list[UnitOfWork] = []

    async def take_turn_to_move(work: UnitOfWork) -> None:
        taken.append(work)

    monkeypatch.setattr(profile_links, "take_turn_to_move", take_turn_to_move)
    assert await _send(chat) == SENT
    code = code_in((await mailed(world))[-1])
    assert await verify(chat.customer, code=another(code)) == wrong()
    assert (await verify(chat.customer, token="none"))["__typename"] == "ValidationFailed"
    assert taken == []

    assert await verify(chat.customer, code=code) == YES
    assert await verify(chat.customer, code=code) == YES
    assert len(taken) == 1


async def test_codes_are_mailed_while_they_are_valid_and_keep_nothing_else_waiting(
    world: World,
) -> None:
    limits = {kind: handler.time_limit for kind, handler in job_handlers(world.desk).items()}
    longer = {kind for kind, limit in limits.items() if limit > TIME_LIMIT}
    of_codes = limits.pop(VERIFY_JOB)

    assert longer == {DELIVER, SEND_TRANSCRIPT}
    assert of_codes not in limits.values()  # jobs of other limits have places of their own


@ON_POSTGRESQL
async def test_a_wrong_code_waits_for_nothing_that_a_link_holds(world: World) -> None:
    """Else the time of the answer tells whether the desk knows the address that was claimed."""
    await add_customer(world, "Elif Demir", email="elif@example.com")
    claimant, stranger = await start_chat(world, "A"), await start_chat(world, "B")
    assert await claim(world, claimant.ticket, "elif@example.com")
    assert await _send(claimant) == SENT
    code = code_in((await mailed(world))[-1])

    async with world.work() as work:
        for model in (ChannelProfile, Customer, Ticket):
            (await work.session.scalars(select(model).with_for_update())).all()
        async with asyncio.timeout(5):
            assert await verify(claimant.customer, code=another(code)) == wrong()
            assert await verify(stranger.customer, code=another(code)) == wrong()
    assert await verify(claimant.customer, code=code) == YES


@ON_POSTGRESQL
async def test_codes_that_are_guessed_at_once_have_five_tries_together(world: World) -> None:
    of_elif = await claimed_profile(world)
    await world.ayse.act(SEND, profile=of_elif)
    code = code_in((await mailed(world))[-1])

    guesses = [verify(world.ayse, profile=of_elif, code=another(code)) for _ in range(8)]
    answers = await asyncio.gather(*guesses)

    used_up = {"__typename": "LimitReached", "limit": 5}
    counted = [wrong(limit=5, actual=tried) for tried in range(1, 6)]
    assert sorted(map(str, answers)) == sorted(map(str, [*counted, *[used_up] * 3]))
    assert await verify(world.ayse, profile=of_elif, code=code) == used_up


@ON_POSTGRESQL
async def test_a_code_goes_to_an_address_that_is_claimed_while_it_is_asked_for(
    world: World,
) -> None:
    chat = await start_chat(world, "A")
    of_chat = decode_global_id(await profile_of(world, chat.ticket))[1]

    async with world.work() as work:
        held = await work.session.get_one(ChannelProfile, of_chat, with_for_update=True)
        sending = asyncio.create_task(_send(chat))
        async with asyncio.timeout(5), world.desk.database.reading() as connection:
            while not await connection.scalar(WAITERS):
                await asyncio.sleep(0.02)
        held.claimed_email = "elif@example.com"
    assert await sending == SENT

    (mail,) = await mailed(world)
    assert [recipient.address for recipient in mail.to] == ["elif@example.com"]


async def test_an_address_that_keeps_changing_is_an_answer_of_the_mutation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_elif = await claimed_profile(world)
    addresses = (f"{place}@example.com" for place in count())
    monkeypatch.setattr(profile_verifications, "_address", lambda *_: next(addresses))
    before = await world.counts()

    answer = await world.ayse.act(SEND, profile=of_elif, key="once")

    assert (answer["__typename"], await world.counts()) == ("Unavailable", before)
    assert next(addresses) == "10@example.com"  # five times two were read


async def test_a_code_proves_nothing_for_whom_the_profile_is_linked_to_later(world: World) -> None:
    of_elif = await claimed_profile(world)
    su = await add_customer(world, "Su", email="su@example.com")
    await world.ayse.act(SEND, profile=of_elif)
    (mail,) = await mailed(world)
    await world.ayse.act(LINK, profile=of_elif, customer=su)

    late = await verify(world.ayse, profile=of_elif, code=code_in(mail))
    assert late == {"__typename": "Expired"}
    assert (await profile(world.ayse, of_elif))["linkState"] == "CLAIMED"


async def _send(chat: Chat) -> dict[str, Any]:
    return await chat.customer.act(SEND)


async def _kept(world: World) -> str:
    """Return all that is kept of codes."""
    async with world.desk.database.reading() as connection:
        codes = (await connection.execute(select(*ProfileVerification.__table__.columns))).all()
        payloads = (await connection.execute(select(Job.payload))).all()
    return str([*codes, *payloads])
