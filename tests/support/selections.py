"""What a replica keeps of an object: every field that it has, found in the schema.

A field that is added is kept and compared from that day on.
"""

from functools import cache
from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_abstract_type, is_leaf_type

from schema.schema import build_schema

# Ways back to what the replica is about, which never change; and presence, which `presence` tells.
NOT_KEPT = {
    "Ticket": {"viewers"},
    "TicketChat": {"customerIsHere"},
    "Message": {"ticket"},
    "Note": {"ticket", "customer", "company"},
    "Favorite": {"ticket"},
    "ChannelProfile": {"customer", "suggestions"},
    "Interaction": {"form"},  # which only the viewer's own lists tell
}

# Objects with an id that are kept whole where they stand.
KEPT_WHOLE = {"Customer": {"profiles"}}

# Lists of their own, which a replica keeps item by item. A new one wants a decision here.
CONNECTIONS = {
    "Ticket": {
        "messages",
        "timeline",
        "notes",
        "favorites",
        "changes",
        "ruleRuns",  # a log that admins open: what rules do is told as what anybody does
    },
    "Message": set[str](),
    "Note": {
        "revisions",  # which NoteChanged adds to: read when somebody opens them
        "corrections",  # the notes of the ticket's list that name it in `corrects`
    },
    "Favorite": set[str](),
    "TicketChange": set[str](),
    "Customer": {
        "notes",
        "tickets",  # which inboxes tell, as `TicketList` keeps them
        "interactions",
        "merges",  # which CustomerMerged adds to: read when somebody opens them
    },
    "ChannelProfile": set[str](),
    "Company": {
        "notes",
        "customers",  # of whom their own streams tell for whom they work
        "tickets",  # which inboxes tell
    },
    "Notification": set[str](),
    "Interaction": set[str](),
    "TicketDraft": {"revisions"},  # which each save adds to: read when somebody goes back
}


@cache
def parts(type_name: str) -> str:
    """Select all that an object says of itself; of other objects with an id only which they are."""
    selected = []
    object_type = build_schema()._schema.type_map[type_name]
    assert isinstance(object_type, GraphQLObjectType)
    for name, field in object_type.fields.items():
        of_type = get_named_type(field.type)
        if name in NOT_KEPT.get(type_name, ()):
            continue
        if is_leaf_type(of_type):
            selected.append(name)
        elif name in KEPT_WHOLE.get(type_name, ()):
            selected.append(f"{name} {{ {parts(of_type.name)} }}")
        elif is_abstract_type(of_type) or "Node" in _interfaces(of_type):
            selected.append(f"{name} {{ __typename ... on Node {{ id }} }}")
        elif not of_type.name.endswith("Connection"):
            selected.append(f"{name} {{ {parts(of_type.name)} }}")
    return " ".join(selected)


def connections(type_name: str) -> set[str]:
    """Return the fields of an object type that are connections."""
    object_type = build_schema()._schema.type_map[type_name]
    assert isinstance(object_type, GraphQLObjectType)
    return {
        name
        for name, field in object_type.fields.items()
        if get_named_type(field.type).name.endswith("Connection")
    }


def _interfaces(of_type: Any) -> set[str]:
    return {interface.name for interface in of_type.interfaces}
