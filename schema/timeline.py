"""The timeline of a ticket."""

from typing import Annotated

import strawberry

from schema.messages import Message
from schema.notes import Note

TimelineItem = Annotated[Message | Note, strawberry.union("TimelineItem", description="…")]
