"""The schema: all types, put together."""

from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig

import schema.enums  # noqa: F401  # declares the enums before they are used
from schema.agent_mutations import AgentMutation
from schema.agents import AgentQuery
from schema.api_tokens import ApiTokenMutation, ApiTokenQuery
from schema.assignees import AssigneeQuery
from schema.attachments import AttachmentMutation
from schema.brands import BrandMutation, BrandQuery
from schema.callback_mutations import CallbackMutation
from schema.callback_runs import CallbackRunMutation
from schema.callbacks import CallbackQuery
from schema.chat_events import ChatSubscription
from schema.chats import ChatMutation, ChatQuery
from schema.companies import CompanyQuery
from schema.company_events import CompanySubscription
from schema.company_mutations import CompanyMutation
from schema.customer_access import check_customer_access
from schema.customer_events import CustomerSubscription
from schema.customer_list_events import CustomerListQuery, CustomerListSubscription
from schema.customer_merge_mutations import CustomerMergeMutation
from schema.customer_mutations import CustomerMutation
from schema.customers import CustomerQuery
from schema.dashboard import DashboardQuery, DashboardSubscription
from schema.delivery_requests import (
    DeliveryRequestMutation,
    DeliveryRequestQuery,
    DeliveryRequestSubscription,
)
from schema.edit_warnings import EditWarningSubscription
from schema.enum_values import describe_enum_values
from schema.error_handlers import EXCEPTION_HANDLERS
from schema.favorite_list import FavoriteSubscription
from schema.favorites import FavoriteMutation
from schema.fields import compile_fields
from schema.file_formats import FileFormatMutation, FileFormatQuery
from schema.handover import HandoverQuery
from schema.identity_rules import IdentityRulesMutation
from schema.identity_tokens import IdentityTokenMutation
from schema.inbox_events import InboxQuery, InboxSubscription
from schema.inputs import describe_inputs
from schema.interaction_closing import InteractionClosingMutation
from schema.interaction_events import InteractionSubscription
from schema.interaction_mutations import InteractionMutation
from schema.interactions import InteractionQuery
from schema.message_mutations import MessageMutation
from schema.node_query import NodeQuery
from schema.note_mutations import NoteMutation
from schema.notes import NoteQuery
from schema.notification_events import NotificationSubscription
from schema.notifications import NotificationMutation, NotificationQuery
from schema.presence import PresenceMutation, PresenceSubscription
from schema.profile_mutations import ProfileMutation
from schema.profile_verifications import ProfileVerificationMutation
from schema.reminders import ReminderMutation
from schema.rule_mutations import RuleMutation
from schema.rule_runs import RuleRunQuery
from schema.rules import RuleQuery
from schema.scalars import SCALARS
from schema.sessions import SessionMutation, SessionQuery
from schema.sharing import check_marks
from schema.tags import TagMutation, TagQuery
from schema.teams import TeamMutation, TeamQuery
from schema.ticket_creation import TicketCreationMutation
from schema.ticket_draft_events import TicketDraftSubscription
from schema.ticket_draft_mutations import TicketDraftMutation
from schema.ticket_drafts import TicketDraftQuery
from schema.ticket_events import TicketSubscription
from schema.ticket_mutations import TicketMutation
from schema.ticket_tags import TicketTagMutation
from schema.ticket_template_mutations import TicketTemplateMutation
from schema.ticket_templates import TicketTemplateQuery
from schema.tickets import TicketQuery
from schema.todos import TodoMutation
from schema.topics import TopicMutation, TopicQuery
from schema.webhook_mutations import WebhookMutation
from schema.webhooks import WebhookQuery


@strawberry.type(description="What can be read. Lists come in pages.")
class Query(
    SessionQuery,
    NodeQuery,
    TicketQuery,
    TicketTemplateQuery,
    TicketDraftQuery,
    HandoverQuery,
    InteractionQuery,
    CustomerQuery,
    CustomerListQuery,
    BrandQuery,
    TeamQuery,
    AgentQuery,
    TopicQuery,
    TagQuery,
    AssigneeQuery,
    CompanyQuery,
    ApiTokenQuery,
    NoteQuery,
    InboxQuery,
    NotificationQuery,
    DashboardQuery,
    ChatQuery,
    DeliveryRequestQuery,
    FileFormatQuery,
    CallbackQuery,
    RuleQuery,
    RuleRunQuery,
    WebhookQuery,
):
    """What can be read."""


@strawberry.type(description="What changes something. Each is one act: it happens whole or not.")
class Mutation(
    SessionMutation,
    FavoriteMutation,
    CustomerMutation,
    CustomerMergeMutation,
    BrandMutation,
    TeamMutation,
    AgentMutation,
    TopicMutation,
    TagMutation,
    CompanyMutation,
    ApiTokenMutation,
    TicketMutation,
    TicketCreationMutation,
    TicketTemplateMutation,
    TicketTagMutation,
    TicketDraftMutation,
    MessageMutation,
    DeliveryRequestMutation,
    AttachmentMutation,
    NoteMutation,
    ReminderMutation,
    InteractionMutation,
    InteractionClosingMutation,
    TodoMutation,
    NotificationMutation,
    PresenceMutation,
    ChatMutation,
    IdentityTokenMutation,
    ProfileMutation,
    ProfileVerificationMutation,
    FileFormatMutation,
    CallbackMutation,
    CallbackRunMutation,
    RuleMutation,
    IdentityRulesMutation,
    WebhookMutation,
):
    """What changes something."""


@strawberry.type(
    description="What happens, live. Streams with `after` are resumed where their cursor stands."
)
class Subscription(
    TicketSubscription,
    FavoriteSubscription,
    TicketDraftSubscription,
    InboxSubscription,
    CustomerSubscription,
    CustomerListSubscription,
    InteractionSubscription,
    CompanySubscription,
    NotificationSubscription,
    EditWarningSubscription,
    PresenceSubscription,
    DashboardSubscription,
    ChatSubscription,
    DeliveryRequestSubscription,
):
    """What happens, live."""


@cache
def build_schema() -> strawberry.Schema:
    """Build the schema and compile its fields: once, for all who answer with it."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        exception_handlers=EXCEPTION_HANDLERS,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    graphql_schema = schema._schema  # noqa: SLF001  # Strawberry has no public name for it
    compile_fields(graphql_schema)
    describe_enum_values(graphql_schema)
    describe_inputs(graphql_schema)
    check_marks(graphql_schema)
    check_customer_access(graphql_schema)
    return schema
