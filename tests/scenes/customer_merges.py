"""Two customers who turn out to be one person, or not to be one after all."""

from collections.abc import AsyncIterator

from tests.scenes.stage import UNCHANGED, Stage, Told, scene_of
from tests.support.customers import customer_of


@scene_of("customerUnmerge")
async def two_customers_are_two_again(stage: Stage) -> AsyncIterator[Told]:
    source = await _introduce(stage, "Maria")
    yield {"customers": ["CustomerEntered"], "open_tickets": ["TicketEntered"]}
    note = {"kind": "CUSTOMER", "customerId": source, "body": "Called"}
    await stage.does("ayse", "noteAdd", **note)
    call = {"channel": "PHONE", "customerId": source}
    await stage.does("nikos", "interactionOpen", **call)
    yield {"interactions": ["InteractionOpened"]}

    made = await stage.does(
        "ayse", "customerMerge", "merge { id }", sourceId=source, targetId=stage.customer
    )
    lists = {"open_tickets": ["TicketUpdated"], "interactions": ["InteractionChanged"]}
    yield {
        "customer": ["CustomerMerged"],
        "customers": ["CustomerLeft", "CustomerUpdated"],
        "found_customers": ["CustomerUpdated"],
        "their_tickets": ["TicketEntered"],
        **lists,
    }
    await stage.does("ayse", "customerUnmerge", mergeId=made["merge"]["id"])
    yield {
        "customer": ["CustomerUnmerged"],
        "customers": ["CustomerEntered", "CustomerUpdated"],
        "found_customers": ["CustomerUpdated"],
        "their_tickets": ["TicketLeft"],
        **lists,
    }
    await stage.does("nikos", "customerUnmerge", mergeId=made["merge"]["id"])
    yield UNCHANGED


@scene_of("customerMerge")
async def a_customer_is_merged_into_another(stage: Stage) -> AsyncIterator[Told]:
    source = await _introduce(stage, "Kostas")
    yield {"customers": ["CustomerEntered"], "open_tickets": ["TicketEntered"]}

    both = {"sourceId": source, "targetId": stage.customer}
    await stage.does("ayse", "customerMerge", **both, dryRun=True)
    yield UNCHANGED
    await stage.does("ayse", "customerMerge", **both, fields={"name": "SOURCE"})
    renamed = ["TicketUpdated", "TicketUpdated"]
    yield {
        "customer": ["CustomerMerged"],
        "customers": ["CustomerLeft", "CustomerUpdated"],
        "found_customers": ["CustomerLeft"],
        "open_tickets": [*renamed, "TicketUpdated"],
        "their_tickets": [*renamed, "TicketEntered"],
    }
    await stage.is_refused("nikos", "AlreadyMerged", "customerMerge", **both)
    yield UNCHANGED


async def _introduce(stage: Stage, name: str) -> str:
    """Let somebody write who is not known yet."""
    _, ticket = await stage.world.receive(handle=f"{name}@example.com", name=name)
    return await customer_of(stage.world, ticket)
