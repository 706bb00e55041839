"""What a chat customer may ask for. Whatever does not stand here is closed to them.

So a type or a field that is added later is closed until somebody opens it here, and the review of
this file is the review of what customers see. docs/privacy.md tells the whole story.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    Node,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

from models.viewers import Viewer

OpenFields = Mapping[str, frozenset[str]]

_ERROR = "code message"


def _fields(**names: str) -> OpenFields:
    return {type_name: frozenset(text.split()) for type_name, text in names.items()}


OPEN_FIELDS: OpenFields = _fields(
    Query="me node nodes ticket chat chatTranscript attachmentFormats attachmentLimits",
    Mutation="chatStart messageSend attachmentUploadCreate chatEnd chatStateSet chatTranscriptSend "
    "signOut profileVerificationSend profileVerify",
    Subscription="chatEvents chatTyping",
    # The conversation. A ticket's version, counts, moments of change and cursor tell of notes, and
    # its title and fields are the team's.
    Chat="ticket startedAt endedAt endedBy eventCursor",
    Ticket="id number status channel createdAt messages",
    MessageConnection="nodes edges pageInfo totalCount",
    MessageEdge="cursor node",
    PageInfo="hasNextPage hasPreviousPage startCursor endCursor",
    Message="id body author channel direction createdAt attachments",
    Attachment="id filename contentType size url createdAt",
    # Which files they may send, so that a page says so before one is picked.
    AttachmentFormat="extension contentType kind allowed",
    AttachmentLimits="filesPerItem bytesPerFile",
    # Who writes. Integrations are the team's machines: they show as Starling itself.
    Agent="name",
    Customer="id name",
    Automation="name",
    # What is answered and told.
    ChatStartSuccess="token ticket",
    AttachmentUploadCreateSuccess="attachment uploadUrl expiresAt",
    MessageSendSuccess="message ticket",
    ChatEndSuccess="ticket endedAt",
    ChatStateSetSuccess="state",
    ChatTranscriptSendSuccess="email",
    SignOutSuccess="signedOutAt",
    # Yes or no: not whose the address is, nor whether there is one.
    ProfileVerificationSendSuccess="minutes tries",
    ProfileVerifySuccess="verified",
    Expired=_ERROR,
    StreamReady="cursor occurredAt",
    StreamReset="cursor occurredAt reason",
    ChatMessageAdded="cursor occurredAt message",
    ChatEnded="cursor occurredAt endedBy",
    ChatResumed="cursor occurredAt",
    ChatTyping="isTyping agent",
    ValidationFailed=f"{_ERROR} fields",
    FieldError="path code message limit actual",
    NotFound=_ERROR,
    NotAllowed=_ERROR,
    LimitReached=f"{_ERROR} limit",
    FileRefused=f"{_ERROR} reason",
    IdempotencyKeyReused=_ERROR,
    Unavailable=f"{_ERROR} retryAfterSeconds",
    # What they have in common. Of a row that is closed there is no object at all.
    Node="id",
    Event="cursor",
    UserError=_ERROR,
)


@dataclass(frozen=True, slots=True)
class CustomerAccess:
    """How a document looks to a chat customer.

    `refused` is the first place that is closed to them, and `refused_node` where it stands;
    `starts_chat` tells whether a stranger becomes one by it.
    """

    refused: str | None
    refused_node: Node | None
    starts_chat: bool


def customer_access(
    schema: GraphQLSchema, document: DocumentNode, open_fields: OpenFields = OPEN_FIELDS
) -> CustomerAccess:
    """Judge a valid document, all its operations together.

    One walk looks at each selection once, fragments unexpanded.
    """
    type_info = TypeInfo(schema)
    judge = _Judge(schema, type_info, open_fields)
    visit(document, TypeInfoVisitor(type_info, judge))
    return CustomerAccess(judge.refused, judge.refused_node, judge.starts_chat)


def may_reach(viewer: Viewer, type_name: str) -> bool:
    """Tell whether objects of a type may be shown to a viewer at all, as far as they see them."""
    return not viewer.is_customer or type_name in OPEN_FIELDS


def check_customer_access(schema: GraphQLSchema) -> None:
    """Raise TypeError for a name that the schema does not know: it was renamed, or mistyped."""
    unknown = [
        f"{type_name}.{name}"
        for type_name, names in OPEN_FIELDS.items()
        for name in names - _field_names(schema, type_name)
    ]
    if unknown:
        raise TypeError(f"schema.customer_access opens what is not there: {', '.join(unknown)}")


def _field_names(schema: GraphQLSchema, type_name: str) -> frozenset[str]:
    named = schema.type_map.get(type_name)
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        return frozenset()
    return frozenset(named.fields)


class _Judge(Visitor):
    def __init__(self, schema: GraphQLSchema, type_info: TypeInfo, open_fields: OpenFields) -> None:
        super().__init__()
        self.refused: str | None = None
        self.refused_node: Node | None = None
        self.starts_chat = False
        self._schema = schema
        self._type_info = type_info
        self._open_fields = open_fields

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Look at one selected field."""
        parent = self._type_info.get_parent_type()
        name = node.name.value
        if parent is None or name.startswith("__") or parent.name.startswith("__"):
            return  # introspection, which is open to everybody
        if parent is self._schema.mutation_type and name == "chatStart":
            self.starts_chat = True
        if name not in self._open_fields.get(parent.name, ()):
            self._refuse(f"{parent.name}.{name}", node)

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> None:
        """Look at the type that a fragment is about, where it names one."""
        if node.type_condition:
            self._check_type(node.type_condition.name.value, node)

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> None:
        """Look at the type that a fragment is about."""
        self._check_type(node.type_condition.name.value, node)

    def _check_type(self, name: str, node: Node) -> None:
        is_union = isinstance(self._schema.type_map.get(name), GraphQLUnionType)
        if not is_union and name not in self._open_fields and not name.startswith("__"):
            self._refuse(name, node)

    def _refuse(self, place: str, node: Node) -> None:
        if self.refused is None:
            self.refused, self.refused_node = place, node
