"""Half-filled forms in tests: what people do with theirs, and what their screens keep of them."""

from typing import Any

from tests.support.desk import Client
from tests.support.replicas import Parts, Replica
from tests.support.selections import parts

_SHOWN = """
    id version step
    brand { name } template { name } topic { name } status title
    customer { name } customerName customerEmail customerPhone emailSubject description
    attachments { filename } priority assignee { name } team { name } tags { name }
    saveAsTemplateName lostFields
"""
_REFUSED = "__typename ... on UserError { code }"
_CONFLICT = """
    ... on ValidationFailed { fields { path code limit actual } }
    ... on EditConflict {
      currentVersion changedBy { ... on Agent { name } }
      conflicts: fields { field base theirs yours }
      current { ... on TicketDraft { title } }
    }
"""
SAVE = f"""
    mutation ($input: TicketDraftSaveInput!) {{
      ticketDraftSave(input: $input) {{
        {_REFUSED} {_CONFLICT} ... on LimitReached {{ limit }}
        ... on TicketDraftSaveSuccess {{ mergedFields draft {{ {_SHOWN} }} }}
      }}
    }}
"""
RESTORE = f"""
    mutation ($input: TicketDraftRestoreInput!) {{
      ticketDraftRestore(input: $input) {{
        {_REFUSED} {_CONFLICT}
        ... on TicketDraftRestoreSuccess {{ mergedFields draft {{ {_SHOWN} }} }}
      }}
    }}
"""
DELETE = f"""
    mutation ($input: TicketDraftDeleteInput!) {{
      ticketDraftDelete(input: $input) {{ {_REFUSED} }}
    }}
"""
DRAFT = f"query ($id: ID!) {{ ticketDraft(id: $id) {{ {_SHOWN} }} }}"
REVISIONS = """
    query ($id: ID!) {
      ticketDraft(id: $id) {
        revisions(first: 100) { totalCount nodes {
          id fields title description attachments { filename } lostFields
        } }
      }
    }
"""
EMPTY: dict[str, Any] = {
    "step": 1,
    **dict.fromkeys(
        (
            "brand", "template", "topic", "status", "title",
            "customer", "customerName", "customerEmail", "customerPhone",
            "emailSubject", "description", "priority", "assignee", "team", "saveAsTemplateName",
        )
    ),
    "attachments": [],
    "tags": [],
    "lostFields": [],
}  # fmt: skip


async def attempt(client: Client, **given: Any) -> dict[str, Any]:
    """Save a form; return whatever was answered."""
    return await client.act(SAVE, input=given)


async def save(client: Client, **given: Any) -> dict[str, Any]:
    """Save a form; return the draft."""
    result = await attempt(client, **given)
    assert result["__typename"] == "TicketDraftSaveSuccess", result
    draft: dict[str, Any] = result["draft"]
    return draft


async def load(client: Client, draft_id: str) -> dict[str, Any] | None:
    """Return a draft as a reload of the page finds it."""
    found: dict[str, Any] | None = (await client.ask(DRAFT, id=draft_id))["ticketDraft"]
    return found


async def revisions(client: Client, draft_id: str) -> list[dict[str, Any]]:
    """Return what a draft was, the newest first."""
    found = (await client.ask(REVISIONS, id=draft_id))["ticketDraft"]["revisions"]
    assert found["totalCount"] == len(found["nodes"])
    nodes: list[dict[str, Any]] = found["nodes"]
    return nodes


class DraftList(Replica):
    """The viewer's drafts, the one saved last first."""

    is_fetched_first = True
    document = f"""
        query {{
          ticketDraftEventCursor
          ticketDrafts(first: 50) {{ nodes {{ {parts("TicketDraft")} }} }}
        }}
    """
    subscription = f"""
        subscription ($after: EventCursor) {{
          ticketDraftEvents(after: $after) {{
            __typename
            ... on Event {{ cursor }}
            ... on TicketDraftSaved {{ draftId draft {{ {parts("TicketDraft")} }} }}
            ... on TicketDraftDeleted {{ draftId }}
          }}
        }}
    """

    def opening(self) -> Parts:
        """Go on from where the events of the fetched list stand."""
        return {"after": self.state["eventCursor"]}

    async def fetch(self, client: Client) -> Any:
        """Return the list."""
        found = await client.ask(self.document)
        return {
            "eventCursor": found["ticketDraftEventCursor"],
            "drafts": found["ticketDrafts"]["nodes"],
        }

    def apply(self, event: Parts) -> None:
        """Put a draft on top, or take one out; of a later event it may be gone already."""
        self.state["eventCursor"] = event["cursor"]
        others = [each for each in self.state["drafts"] if each["id"] != event["draftId"]]
        shown = event.get("draft")
        self.state["drafts"] = [shown, *others] if shown else others
