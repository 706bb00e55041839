"""What the values of enums mean, for those who write apps."""

from graphql import GraphQLEnumType, GraphQLSchema

_MEANINGS: dict[str, dict[str, str]] = {
    "AgentRole": {
        "ADMIN": "Sees all tickets, and keeps brands, teams, agents, topics, tags and tokens.",
        "AGENT": "Works on the tickets of their brands and teams, and on those assigned to them.",
    },
    "ApiScope": {
        "TICKETS_READ": "Read the tickets of its brands, with messages and customers.",
        "TICKETS_WRITE": "Edit, transfer, close and reopen those tickets, and star messages.",
        "MESSAGES_WRITE": "Write to customers, and hand in what they wrote.",
        "NOTES_READ": "Read private notes.",
        "NOTES_WRITE": "Write private notes; edit and delete those that it may read.",
        "CUSTOMERS_READ": "Read all customers, companies and interactions.",
        "CUSTOMERS_WRITE": "Create and edit customers and companies.",
    },
    "Channel": {
        "EMAIL": "E-mail.",
        "PHONE": "A call, written down by an agent or a call centre.",
        "WEB": "A form on a web page.",
        "INTERNAL": "Opened by an agent for a customer.",
        "LIVE_CHAT": "The desk's own chat on a web page.",
        "TELEGRAM": "Telegram.",
        "VIBER": "Viber.",
        "SKYPE": "Skype.",
        "SLACK": "Slack.",
        "WHATSAPP": "WhatsApp.",
        "LINE": "Line.",
        "INSTAGRAM": "Direct messages of Instagram.",
        "FACEBOOK": "Facebook Messenger.",
    },
    "DeliveryState": {
        "QUEUED": "On its way.",
        "SENT": "Handed to the channel.",
        "FAILED": "Given up.",
    },
    "ErrorCode": {
        "VALIDATION_FAILED": "Values of the input break a rule; `fields` names them.",
        "NOT_FOUND": "There is no such object, or the viewer may not see it.",
        "NOT_ALLOWED": "The viewer sees the object but may not do this.",
        "EDIT_CONFLICT": "Somebody else has changed the same fields meanwhile.",
        "LIMIT_REACHED": "There is no room for one more; `limit` says how many there may be.",
        "ALREADY_EXISTS": "Something else has this name, address or key.",
        "UNSAVED_CHANGES": "Something was typed and not saved; `fields` names where it stands.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used with another input before.",
        "NEW_ACTIVITY": "There is something new that the viewer has not loaded.",
        "UNAVAILABLE": "A part of the system is busy or down; try again later.",
        "WRONG_CREDENTIALS": "The address or the password is wrong.",
    },
    "FieldErrorCode": {
        "REQUIRED": "It must be there, and not be empty.",
        "TOO_LONG": "It has more characters, or items, than `limit`.",
        "TOO_SHORT": "It has fewer characters than `limit`.",
        "INVALID_FORMAT": "It is not written as such a value is.",
        "INVALID_EMAIL": "It is no e-mail address.",
        "INVALID_PHONE": "It is no phone number.",
        "INVALID_ID": "It is no id, or the id of something of another kind.",
        "INVALID_CURSOR": "It is no cursor that the API gave out for this.",
        "NOT_ALLOWED_VALUE": "It is none of the values that are allowed.",
        "OUT_OF_RANGE": "It is too small or too large.",
        "PAGE_TOO_LARGE": "A page has at most `limit` items.",
        "ALREADY_TAKEN": "Something else has it.",
        "UNKNOWN_REFERENCE": "What it refers to does not exist, or not here.",
        "VERSION_IN_FUTURE": "There is no such version yet; `limit` is the newest one.",
        "PUBLIC_MAIL_DOMAIN": "Anybody can have an address at this domain, so it is no company's.",
        "MOMENT_IN_PAST": "The moment is over: choose a later one.",
    },
    "InteractionOutcome": {
        "SAVE": "Save what was typed into the customer's form.",
        "DISCARD": "Drop what was typed into the customer's form.",
        "CREATE": "Create the customer out of what was typed.",
    },
    "MessageDirection": {
        "INCOMING": "From the customer.",
        "OUTGOING": "To the customer.",
    },
    "NoteKind": {
        "INLINE": "In the conversation of a ticket. Never changed or deleted.",
        "TICKET": "On the info panel of a ticket.",
        "CUSTOMER": "On a customer.",
        "COMPANY": "On a company.",
    },
    "NotificationKind": {
        "MENTIONED": "A colleague has named the agent in a note.",
        "ASSIGNED": "A colleague has assigned a ticket to the agent.",
        "REMINDER_DUE": "A note was to be remembered at this moment.",
    },
    "PresenceChangeKind": {
        "ARRIVED": "Was not there before.",
        "CHANGED": "Is there, and does something else now.",
        "LEFT": "Is there no more.",
    },
    "PresenceState": {
        "AWAY": "Has it open, but is not looking.",
        "VIEWING": "Looks at it.",
        "EDITING": "Edits a field of it. Fades to VIEWING after 30 seconds.",
        "TYPING": "Types a reply or a note. Fades to VIEWING after 6 seconds.",
    },
    "ResetReason": {
        "RETENTION": "What was missed is too much, too old or no longer kept.",
        "FUTURE": "The stream does not reach that far: the database was restored from a copy.",
        "EPOCH": "The cursor belongs to another installation.",
        "TOPICS": "The cursor is one of another stream, or what the viewer may follow has changed.",
        "RIGHTS": "What the viewer may see has changed.",
    },
    "TicketAction": {
        "CREATED": "The ticket was opened.",
        "FIELDS_CHANGED": "Fields of it were changed.",
        "FAVORITE_ADDED": "A message or note got a star.",
        "FAVORITE_REMOVED": "A star was taken away.",
        "NOTE_DELETED": "A note on the info panel was deleted.",
    },
    "TicketOrder": {
        "UPDATED_NEWEST_FIRST": "By the last activity, the newest first.",
        "UPDATED_OLDEST_FIRST": "By the last activity, the oldest first.",
        "CREATED_NEWEST_FIRST": "By when they were opened, the newest first.",
        "CREATED_OLDEST_FIRST": "By when they were opened, the oldest first.",
        "MOST_URGENT_FIRST": "By priority, the most urgent first.",
    },
    "TicketPriority": {
        "LOW": "Can wait.",
        "MEDIUM": "As usual.",
        "HIGH": "Before the others.",
        "URGENT": "Now.",
    },
    "TicketStatus": {
        "NEW": "Nobody has answered yet.",
        "OPEN": "Somebody is on it.",
        "PENDING": "Waits for the customer.",
        "ON_HOLD": "Waits for somebody else.",
        "RESOLVED": "Answered; the customer may still come back to it.",
        "CLOSED": "Done.",
    },
}


def describe_enum_values(schema: GraphQLSchema) -> None:
    """Give the values of all enums their descriptions."""
    for name, meanings in _MEANINGS.items():
        enum = schema.type_map[name]
        if not isinstance(enum, GraphQLEnumType):
            raise TypeError(name)
        for value, meaning in meanings.items():
            enum.values[value].description = meaning
