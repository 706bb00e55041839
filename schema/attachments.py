"""Files on messages and notes."""

from datetime import datetime

import strawberry

from core.ids import NodeKind
from models import attachments as rows
from resolvers import attachments
from resolvers.audiences import same_for_audience
from schema.fields import column, derived_in_scope
from schema.nodes import FromRow, Node, node_id
from schema.registry import register


@strawberry.type(description="A file that came with a message or stands on an inline note.")
class Attachment(FromRow, Node):
    """A file."""

    id: strawberry.ID = node_id(NodeKind.ATTACHMENT)
    filename: str = column("What the file is called.")
    content_type: str = column("Its media type, such as image/png.")
    size: int = column("Its size in bytes.")
    url: str = derived_in_scope(
        "Where to download it: a path at the address of this API. The link is signed and works "
        "for a short time: do not keep it.",
        same_for_audience(lambda row, scope: scope.resources.sign(row)),
        needs=("id", "filename", "content_type", "size", "storage_key"),
    )
    created_at: datetime = column("When it was uploaded.")


register(NodeKind.ATTACHMENT, Attachment, rows.Attachment, attachments.by_id)
