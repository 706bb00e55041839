"""The words of the domain that clients see as enums."""

import strawberry

from models.agents import AgentRole
from models.callbacks import CallbackMethod, CallbackParameterPlace, CallbackParameterSource
from models.channels import Channel
from models.messages import DeliveryFailure, DeliveryState, FileOmission, MessageDirection
from models.notes import NoteKind
from models.presence import PresenceChangeKind, PresenceState
from models.tickets import TicketPriority, TicketStatus
from models.viewers import ApiScope
from resolvers.tickets import TicketOrder

for _enum in (
    AgentRole,
    ApiScope,
    CallbackMethod,
    CallbackParameterPlace,
    CallbackParameterSource,
    Channel,
    DeliveryFailure,
    DeliveryState,
    FileOmission,
    MessageDirection,
    NoteKind,
    PresenceChangeKind,
    PresenceState,
    TicketOrder,
    TicketPriority,
    TicketStatus,
):
    strawberry.enum(_enum, description=(_enum.__doc__ or "").partition("\n\n")[0])
