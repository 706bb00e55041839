"""Rules on a desk under test, and the worker that tries them."""

from typing import Any

from app.worker import job_handlers
from core.ids import NodeKind, encode_global_id
from models.channels import Channel
from services import jobs
from services.automation.linking import LINK_CLAIMED
from services.automation.triggers import RUN_RULES
from tests.support.desk import World

ERRORS = """
    __typename
    ... on UserError { message }
    ... on ValidationFailed { fields { path code limit actual } }
"""
CREATE = f"""
    mutation ($input: RuleCreateInput!) {{
      ruleCreate(input: $input) {{
        {ERRORS}
        ... on RuleCreateSuccess {{ rule {{ id version }} }}
        ... on LimitReached {{ limit }}
      }}
    }}
"""
INSTALL = f"""
    mutation ($input: IdentityRulesInstallInput!) {{
      identityRulesInstall(input: $input) {{
        {ERRORS}
        ... on IdentityRulesInstallSuccess {{
          rules {{ id name version enabled identityStep actions {{ kind text }} }}
          keptRules {{ id }}
          tag {{ id name }}
        }}
      }}
    }}
"""


def acme(world: World) -> str:
    """Return the id of the brand whose rules are tested."""
    return encode_global_id(NodeKind.BRAND, world.acme.id)


async def add_tag(world: World, name: str) -> str:
    """Add a tag; return its id."""
    document = """
        mutation ($name: String!) {
          tagCreate(input: {name: $name}) { ... on TagCreateSuccess { tag { id } } }
        }
    """
    return str((await world.admin.act(document, name=name))["tag"]["id"])


def on_telegram(**other: Any) -> dict[str, Any]:
    """Return a condition that holds on Telegram."""
    return {"kind": "CHANNEL", "channels": ["TELEGRAM"], **other}


def rule(world: World, **other: Any) -> dict[str, Any]:
    """Return what a rule is to be: one that makes all messages on Telegram urgent."""
    return {
        "brandId": acme(world),
        "name": "Urgent",
        "trigger": "INCOMING",
        "allOf": [on_telegram()],
        "actions": [{"kind": "SET_PRIORITY", "priority": "URGENT"}],
        **other,
    }


async def add_rule(world: World, **other: Any) -> str:
    """Add a rule; return its id."""
    result = await world.admin.act(CREATE, input=rule(world, **other))
    assert result["__typename"] == "RuleCreateSuccess", result
    return str(result["rule"]["id"])


async def install(world: World, **other: Any) -> dict[str, Any]:
    """Install the rules that ask who is writing, on Telegram."""
    given = {"brandId": acme(world), "channels": ["TELEGRAM"], **other}
    return await world.admin.act(INSTALL, input=given)


async def writes(world: World, body: str, *, handle: str = "4711") -> str:
    """Let a customer write on Telegram, and the rules be tried; return the ticket's id."""
    _, ticket = await world.receive(body, handle=handle, channel=Channel.TELEGRAM)
    await run_rules(world)
    return ticket


async def run_rules(world: World) -> None:
    """Do the jobs of rules, as the worker does, until there are none."""
    database = world.desk.database
    handlers = job_handlers(world.desk)
    while claimed := await jobs.claim(database, [RUN_RULES, LINK_CLAIMED], 10):
        for job in claimed:
            await jobs.run(database, job, handlers[job.kind])


def problems(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the refused places of an input, and why."""
    assert result["__typename"] == "ValidationFailed", result
    return [(".".join(each["path"][1:]), each["code"]) for each in result["fields"]]
