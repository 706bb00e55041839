"""What can be starred."""

from typing import Annotated, Any

import strawberry

from schema.messages import Message
from schema.notes import Note

FavoriteItem = Annotated[
    Message | Note, strawberry.union("FavoriteItem", description="What can be starred.")
]


def favorite_item(found: tuple[bool, Any] | None) -> Message | Note | None:
    """Return the object that shows a starred message (True) or note (False)."""
    if found is None:
        return None
    is_message, row = found
    return Message.from_row(row) if is_message else Note.from_row(row)
