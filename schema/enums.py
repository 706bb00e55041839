"""The words of the domain that clients see as enums."""

import strawberry

from models.agents import AgentRole
from models.channels import Channel
from models.messages import DeliveryState, MessageDirection
from models.notes import NoteKind
from models.presence import PresenceChangeKind, PresenceState
from models.tickets import TicketPriority, TicketStatus
from models.viewers import ApiScope
from resolvers.tickets import TicketOrder

for _enum in (
    AgentRole,
    ApiScope,
    Channel,
    DeliveryState,
    MessageDirection,
    NoteKind,
    PresenceChangeKind,
    PresenceState,
    TicketOrder,
    TicketPriority,
    TicketStatus,
):
    strawberry.enum(_enum, description=(_enum.__doc__ or "").partition("\n\n")[0])
