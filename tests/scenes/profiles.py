"""Profiles that turn out to be of a known customer, and proof of it."""

from collections.abc import AsyncIterator
from typing import Any

from models.channels import Channel
from models.profile_verifications import SENT_PER_HOUR
from services.profile_verifications import code_of
from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, of_ticket, scene_of
from tests.support.profiles import newest_verification, profile_of

_ENTERED = {"customers": ["CustomerEntered"], "open_tickets": ["TicketEntered"]}
_LINKED = {
    "customer": ["CustomerMerged", "ProfileLinked"],
    "customers": ["CustomerLeft", "CustomerUpdated"],
    "found_customers": ["CustomerUpdated"],
    "open_tickets": ["TicketUpdated", "TicketUpdated"],  # whose it is, and how sure that is
    "their_tickets": ["TicketEntered", "TicketUpdated"],
}


@scene_of("profileLink")
async def a_profile_is_linked_to_a_known_customer(stage: Stage) -> AsyncIterator[Told]:
    linked = await _meet(stage, "Kostas")
    yield _ENTERED
    await stage.does("ayse", "profileLink", **linked)
    yield _LINKED
    await stage.does("nikos", "profileLink", **linked)
    yield UNCHANGED


@scene_of("profileUnlink")
async def a_profile_goes_back_to_whom_it_came_with(stage: Stage) -> AsyncIterator[Told]:
    linked = await _meet(stage, "Maria")
    await stage.does("ayse", "profileLink", **linked)
    yield {name: [*_ENTERED.get(name, []), *_LINKED.get(name, [])] for name in _LINKED}
    await stage.does("ayse", "profileUnlink", profileId=linked["profileId"])
    yield {
        "customer": ["CustomerUnmerged", "ProfileUnlinked"],
        "customers": ["CustomerEntered", "CustomerUpdated"],
        "found_customers": ["CustomerUpdated"],
        "open_tickets": ["TicketUpdated", "TicketUpdated"],
        "their_tickets": ["TicketLeft"],
    }
    await stage.does("nikos", "profileUnlink", profileId=linked["profileId"])
    yield UNCHANGED


@scene_of("profileVerify")
async def a_profile_is_proven_to_be_the_customers(stage: Stage) -> AsyncIterator[Told]:
    of_mail = {"profileId": await profile_of(stage.world, stage.ticket)}
    await stage.does("ayse", "profileVerificationSend", **of_mail)
    sent = await newest_verification(stage.world)
    code = code_of(stage.world.desk.resources.secrets, sent)
    wrong: dict[str, Any] = {**of_mail, "code": str((int(code) + 1) % 1_000_000).zfill(6)}
    await stage.is_refused("ayse", "ValidationFailed", "profileVerify", **wrong)
    yield UNCHANGED

    await stage.does("ayse", "profileVerify", **of_mail, code=code)
    of_both = ["TicketUpdated", "TicketUpdated"]  # what came in by the profile, and is not finished
    yield of_ticket(
        "TicketChanged", customer=["ProfileVerified"], open_tickets=of_both, their_tickets=of_both
    )
    await stage.does("ayse", "profileVerify", **of_mail, code=code)
    await stage.is_refused("ayse", "NotAllowed", "profileVerificationSend", **of_mail)
    yield UNCHANGED


@scene_of("profileVerificationSend")
async def a_code_is_mailed(stage: Stage) -> AsyncIterator[Told]:
    _message, ticket = await stage.world.receive(handle="maria@example.com", name="Maria D")
    yield _ENTERED
    of_mail = {"profileId": await profile_of(stage.world, ticket)}
    for _ in range(SENT_PER_HOUR):
        await stage.does("ayse", "profileVerificationSend", **of_mail)
    await stage.is_refused("ayse", "LimitReached", "profileVerificationSend", **of_mail)
    yield UNCHANGED


@scene_of("brandIdentitySecretRotate")
async def a_brand_gets_a_secret_for_its_site(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("admin", "brandIdentitySecretRotate", brandId=stage.acme)
    yield SILENCE
    await stage.is_refused("ayse", "NotAllowed", "brandIdentitySecretRotate", brandId=stage.acme)
    yield UNCHANGED


async def _meet(stage: Stage, name: str) -> dict[str, str]:
    """Let somebody write by Telegram who is the stage's customer."""
    _message, ticket = await stage.world.receive(
        handle=f"@{name}", name=name, channel=Channel.TELEGRAM
    )
    return {"profileId": await profile_of(stage.world, ticket), "customerId": stage.customer}
