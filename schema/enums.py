"""The words of the domain that clients see as enums."""

import strawberry

from models.agents import AgentRole
from models.callbacks import CallbackMethod, CallbackParameterPlace, CallbackParameterSource
from models.channel_profiles import ProfileLinkState
from models.channels import Channel
from models.chats import ChatSide
from models.messages import DeliveryFailure, DeliveryState, FileOmission, MessageDirection
from models.notes import NoteKind
from models.presence import PresenceChangeKind, PresenceState
from models.tickets import TicketPriority, TicketStatus
from models.viewers import ApiScope
from resolvers.profile_suggestions import ProfileSuggestionReason
from resolvers.tickets import TicketOrder
from services.delivery_confirmations import DeliveryOutcome
from services.presence import ChatState

for _enum in (
    AgentRole,
    ApiScope,
    CallbackMethod,
    CallbackParameterPlace,
    CallbackParameterSource,
    Channel,
    ChatSide,
    ChatState,
    DeliveryFailure,
    DeliveryOutcome,
    DeliveryState,
    FileOmission,
    MessageDirection,
    NoteKind,
    PresenceChangeKind,
    PresenceState,
    ProfileLinkState,
    ProfileSuggestionReason,
    TicketOrder,
    TicketPriority,
    TicketStatus,
):
    strawberry.enum(_enum, description=(_enum.__doc__ or "").partition("\n\n")[0])
