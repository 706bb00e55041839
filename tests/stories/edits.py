"""Two people at the same thing: warnings and conflicts."""

from typing import Any

from tests.stories import words
from tests.stories.person import WHO, Person, Screen

EDIT_WARNINGS = (
    """
    subscription ($ids: [ID!]!, $versions: [Int!]) {
      editWarnings(resourceIds: $ids, versions: $versions) {
        cursor changedBy { ...Who } changes { field before after }
      }
    }
    """
    + WHO
)


class Editing(Person):
    """An agent who has something open that others may change."""

    async def is_warned_of_edits(self, resource: str, version: int) -> Screen:
        """Be told of what others change of something that was loaded in this version."""
        return await self.opens(EDIT_WARNINGS, _warning, ids=[resource], versions=[version])


def conflict(result: dict[str, Any]) -> list[str]:
    """Say what a refused save came upon, field by field."""
    assert result["__typename"] == "EditConflict", result
    who = result["changedBy"]["name"]
    return [
        f"{each['field']}: {each['base'] or '-'} → {each['theirs']} by {who}, {each['yours']} by me"
        for each in result["fields"]
    ]


def _warning(event: dict[str, Any]) -> str:
    return f"{event['changedBy']['name']} changes {words.changes(event['changes'])}"
