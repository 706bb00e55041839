"""Who may use the desk. Screens are told what people do, not who they are."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, scene_of

NEWEST = "query { notifications(first: 1) { nodes { id } } }"
NEW_AGENT = {"name": "Eleni", "email": "eleni@desk.example", "password": "correct horse"}


@scene_of("agentCreate")
async def an_agent_is_added(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("admin", "agentCreate", **NEW_AGENT)
    yield SILENCE

    await stage.is_refused("admin", "AlreadyExists", "agentCreate", **NEW_AGENT)
    await stage.is_refused("ayse", "NotAllowed", "agentCreate", **NEW_AGENT)
    yield UNCHANGED


@scene_of("signIn")
async def somebody_signs_in(stage: Stage) -> AsyncIterator[Told]:
    who = {"email": "another@desk.example", "password": NEW_AGENT["password"]}
    await stage.does("admin", "agentCreate", **NEW_AGENT | who)
    yield SILENCE
    await stage.does("nobody", "signIn", **who)
    await stage.is_refused("nobody", "WrongCredentials", "signIn", **who | {"password": "wrong"})
    yield UNCHANGED


@scene_of("signOut")
async def somebody_signs_out(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("stranger", "signOut")
    yield UNCHANGED


@scene_of("agentUpdate")
async def an_agent_is_edited(stage: Stage) -> AsyncIterator[Told]:
    agent = stage.world.id_of("stranger")
    await stage.edits("agentUpdate", agentId=agent, name="Xenia", teamIds=[stage.sales])
    yield SILENCE
    await stage.edits("agentUpdate", agentId=agent, active=False)
    yield SILENCE

    await stage.edits("agentUpdate", agentId=agent, name="Xenia", active=False)
    yield UNCHANGED


def api_token(stage: Stage) -> dict[str, Any]:
    return {"name": "Shop", "scopes": ["TICKETS_READ"], "brandIds": [stage.acme]}


@scene_of("apiTokenCreate")
async def an_integration_gets_a_token(stage: Stage) -> AsyncIterator[Told]:
    given = api_token(stage)
    await stage.does("admin", "apiTokenCreate", **given)
    yield SILENCE
    await stage.is_refused("ayse", "NotAllowed", "apiTokenCreate", **given)
    yield UNCHANGED


@scene_of("apiTokenRevoke")
async def an_integration_loses_its_token(stage: Stage) -> AsyncIterator[Told]:
    given = api_token(stage)
    made = await stage.does("admin", "apiTokenCreate", "apiToken { id }", **given)
    token = made["apiToken"]["id"]
    await stage.does("admin", "apiTokenRevoke", apiTokenId=token)
    yield SILENCE
    await stage.does("admin", "apiTokenRevoke", apiTokenId=token)
    yield UNCHANGED


@scene_of("apiTokenRotate")
async def an_integration_gets_another_secret(stage: Stage) -> AsyncIterator[Told]:
    made = await stage.does("admin", "apiTokenCreate", "apiToken { id }", **api_token(stage))
    given = {"apiTokenId": made["apiToken"]["id"], "overlapSeconds": 60, "idempotencyKey": "k"}
    await stage.does("admin", "apiTokenRotate", **given)
    yield SILENCE
    await stage.does("admin", "apiTokenRotate", **given)
    await stage.is_refused("ayse", "NotAllowed", "apiTokenRotate", **given)
    yield UNCHANGED


@scene_of("apiTokenUpdate")
async def an_integration_gets_other_rights(stage: Stage) -> AsyncIterator[Told]:
    made = await stage.does("admin", "apiTokenCreate", "apiToken { id }", **api_token(stage))
    given = {"apiTokenId": made["apiToken"]["id"], "name": "Web shop", "scopes": ["NOTES_READ"]}
    await stage.does("admin", "apiTokenUpdate", **given, expectedVersion=1)
    yield SILENCE
    await stage.does("admin", "apiTokenUpdate", **given, expectedVersion=2)
    await stage.is_refused("ayse", "NotAllowed", "apiTokenUpdate", **given, expectedVersion=2)
    yield UNCHANGED


@scene_of("notificationsMarkRead")
async def somebody_reads_what_they_were_told(stage: Stage) -> AsyncIterator[Told]:
    note = {"kind": "CUSTOMER", "customerId": stage.customer, "body": "Tell @Nikos"}
    await stage.does("ayse", "noteAdd", **note)
    await stage.does("admin", "noteAdd", **note)
    added = ["NotificationAdded"] * 2
    yield {"customer": ["NoteAdded"] * 2, "notifications": added}
    newest = (await stage.world.nikos.ask(NEWEST))["notifications"]["nodes"][0]["id"]
    await stage.does("nikos", "notificationsMarkRead", notificationIds=[newest])
    yield {"notifications": ["NotificationsRead"]}
    await stage.does("nikos", "notificationsMarkRead", upToId=newest)
    yield {"notifications": ["NotificationsRead"]}

    await stage.does("nikos", "notificationsMarkRead", upToId=newest)
    await stage.is_refused("ayse", "NotFound", "notificationsMarkRead", upToId=newest)
    yield UNCHANGED


@scene_of("presenceSet")
async def somebody_types(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("ayse", "presenceSet", resourceId=stage.ticket, state="TYPING", field="reply")
    yield UNCHANGED  # it is no history: `presence` tells of it
