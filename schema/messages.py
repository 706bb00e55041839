"""Messages between customers and agents."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.errors import ScopeMissing
from core.ids import NodeKind
from models import messages as rows
from models.channels import Channel
from models.delivery_requests import is_connector
from models.messages import DeliveryFailure, DeliveryState, FileOmission, MessageDirection
from models.viewers import ApiScope
from resolvers import attachments, authors, favorites, messages
from resolvers import tickets as ticket_batches
from schema.actors import Actor, wrap_actor
from schema.attachments import Attachment
from schema.fields import Info, column, derived, relation, selects
from schema.nodes import FromRow, Node, node_id
from schema.registry import register

if TYPE_CHECKING:
    from schema.favorites import Favorite
    from schema.tickets import Ticket


@strawberry.type(description="How far an outgoing message has come.")
class Delivery:
    """How far an outgoing message has come."""

    state: DeliveryState = strawberry.field(
        description="How far it has come, or that it has failed or was taken back. "
        "`DeliveryChanged` tells of each change."
    )
    recipient: str | None = strawberry.field(
        description="Where it goes, an address or a handle: fixed when the message was sent. Null "
        "where nobody knew."
    )
    reason: DeliveryFailure | None = strawberry.field(
        description="Why the last try failed; null before the first one, and once it is sent."
    )
    detail: str | None = strawberry.field(
        description="What the mail server, or the channel, said to that, for people who know it."
    )
    attempts: int = strawberry.field(
        description="How many tries have ended since it was sent, or was tried anew. On the "
        "channels of connectors: how many requests, those before `messageRetry` as well."
    )
    next_try_at: datetime | None = strawberry.field(
        description="When it is tried again, after a try that failed."
    )
    sent_at: datetime | None = strawberry.field(
        description="When the mail server, or the channel, took it; null for what was sent before "
        "this was kept."
    )
    delivered_at: datetime | None = strawberry.field(
        description="When the channel said that it was on the customer's device."
    )
    read_at: datetime | None = strawberry.field(
        description="When the channel said that the customer had read it."
    )
    undo_until: datetime | None = strawberry.field(
        description="Until when `messageUndo` can take it back, unless it begins to go out "
        "earlier; null where the brand gives no time for that, or it was taken back. While it "
        "waits for `nextTryAt` it can be taken back in any case."
    )


def _delivery(row: rows.Message) -> Delivery | None:
    if row.delivery_state is None:
        return None
    return Delivery(
        state=row.delivery_state,
        recipient=row.recipient,
        reason=row.delivery_failure,
        detail=row.delivery_detail,
        attempts=row.delivery_attempts,
        next_try_at=row.delivery_next_try_at,
        sent_at=row.delivery_sent_at,
        delivered_at=row.delivery_delivered_at,
        read_at=row.delivery_read_at,
        undo_until=row.delivery_undo_until,
    )


@strawberry.type(description="A file that came with a mail, and was not kept.")
class OmittedFile:
    """A file that came with a mail, and was not kept."""

    filename: str = strawberry.field(description="What the sender called it, made safe to show.")
    size: int = strawberry.field(description="In bytes.")
    reason: FileOmission = strawberry.field(description="Why it was not kept.")


def _omitted_files(row: rows.Message) -> list[OmittedFile]:
    return [
        OmittedFile(
            filename=file["filename"], size=file["size"], reason=FileOmission(file["reason"])
        )
        for file in row.omitted_files or ()
    ]


@strawberry.type(description="What a customer or an agent wrote to the other.")
class Message(FromRow, Node):
    """What a customer or an agent wrote to the other."""

    id: strawberry.ID = node_id(NodeKind.MESSAGE)
    ticket: Annotated["Ticket", strawberry.lazy("schema.tickets")] = relation(
        "The ticket it belongs to. Not for API tokens without the scope `TICKETS_READ`: where one "
        "takes in or delivers messages, an operation that asks for it is refused with "
        "`NOT_ALLOWED`, before anything is done.",
        ticket_batches.by_id,
        key="ticket_id",
    )
    author: Actor = relation(
        "Who wrote it.",
        authors.by_message,
        key=("author_kind", "author_id", "ticket_id"),
        wrap=wrap_actor,
    )
    channel: Channel = column("The way it came or went.")
    direction: MessageDirection = column("From the customer, or to them.")
    body: str = column("The text.")
    body_html: str | None = column("The text as sanitised HTML, where the mail had some.")
    quoted_text: str | None = column(
        "What the mail quotes of those before it: to be folded away, since it stands in the "
        "conversation already. Null where it quotes nothing, and where all that was written is a "
        "quotation; `bodyHtml` always holds both."
    )
    is_automatic: bool = column(
        "Whether no person wrote it: a machine of the customer's, such as to say that somebody is "
        "on holiday, or a rule of the desk. Nobody waits for an answer to it, it opens no ticket "
        "again, and no rule answers it."
    )
    created_at: datetime = column("When it was written.")
    omitted_files: list[OmittedFile] = derived(
        "The files that came with the mail and were not kept, in their order: those that the desk "
        "does not take, and what was too much.",
        _omitted_files,
        needs=("omitted_files",),
    )
    attachments: list[Attachment] = relation(
        "The files that came or went with it.", attachments.by_message, key="id"
    )
    delivery: Delivery | None = derived(
        "How far it has come on its way out; null for what came in, and for what is read here: in "
        "live chats, and notes of calls.",
        _delivery,
        needs=(
            "delivery_state",
            "recipient",
            "delivery_failure",
            "delivery_detail",
            "delivery_attempts",
            "delivery_next_try_at",
            "delivery_sent_at",
            "delivery_delivered_at",
            "delivery_read_at",
            "delivery_undo_until",
        ),
    )
    favorite: Annotated["Favorite", strawberry.lazy("schema.favorites")] | None = relation(
        "Its star, if somebody starred it.", favorites.by_item, key="id"
    )


def refuse_hidden_ticket(info: Info, *to_message: str) -> None:
    """Raise ScopeMissing if `Message.ticket` is asked for by a connector that reads no tickets.

    `to_message` leads from the returned type to the message. There is no null in the ticket's
    place, so the whole answer would be lost, and an act would be done that looks as if it had
    failed: it is refused before it is done.
    """
    viewer = info.context.viewer
    if not is_connector(viewer) or viewer.may(ApiScope.TICKETS_READ):
        return
    if selects(info._raw_info, *to_message, "ticket"):  # noqa: SLF001  # not public otherwise
        raise ScopeMissing(ApiScope.TICKETS_READ)


register(NodeKind.MESSAGE, Message, rows.Message, messages.by_id)
