"""Everything that makes something can be asked for again without making it twice."""

import re
from collections.abc import Iterator

from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from schema.schema import build_schema

# What these acts make, or send to somebody, would be there twice.
MAKES = {"Add", "Create", "Install", "Merge", "Open", "Receive", "Rotate", "Send", "Start"}
# Acts that find what they want done already, the second time.
FINDS_IT_DONE = {
    "Check",  # one state of a to-do
    "Close",
    "Complete",
    "Confirm",  # one outcome of a delivery
    "Delete",
    "End",
    "Link",  # a profile has one customer
    "Pause",
    "Read",
    "Remove",
    "Reopen",
    "Reorder",
    "Restore",  # an edit with `expectedVersion`
    "Resume",
    "Retry",  # of what has failed: it is on its way then
    "Revoke",
    "Save",  # an edit, or a form of one's own
    "Set",
    "Tag",
    "Undo",
    "Unlink",
    "Unmerge",
    "Verify",  # a profile is verified once
    "Untag",
    "Update",  # an edit that finds its own values
}
# What has a verb of its own, or is no need for a key in spite of it.
EXCEPTIONS = {
    "favoriteAdd": "a set: an item has one star",
    "callbackRun": "keeps nothing",
    "identityRulesInstall": "brings what it installed up to date",
    "brandIdentitySecretRotate": "shows the secret that is valid, whichever time it was",
    "signIn": "opens a session, of which there may be many",
    "signOut": "ends a session",
    "webhookTest": "a try, to be made as often as one likes",
    "webhookReplay": "says again what was said, each with the `webhook-id` that it had",
}
# Acts with another verb of which a part is made anew: `comment`, a draft without an id.
ALSO_MAKE = {"ticketTransfer", "ticketDraftSave"}


def mutations() -> Iterator[tuple[str, str, bool]]:
    """Yield each mutation, the last word of its name, and whether it takes a key."""
    of_schema = build_schema()._schema.mutation_type
    assert isinstance(of_schema, GraphQLObjectType)
    for name, field in of_schema.fields.items():
        given = get_named_type(field.args["input"].type) if "input" in field.args else None
        takes_key = isinstance(given, GraphQLInputObjectType) and "idempotencyKey" in given.fields
        yield name, re.findall("[A-Z][a-z]+", name)[-1], takes_key


def test_whatever_makes_something_takes_an_idempotency_key() -> None:
    makes = {name for name, verb, _ in mutations() if verb in MAKES} - EXCEPTIONS.keys()
    taking = {name for name, _, takes_key in mutations() if takes_key}

    assert (makes | ALSO_MAKE) - taking == set()


def test_of_each_act_it_is_known_what_the_second_time_does() -> None:
    known = MAKES | FINDS_IT_DONE
    unknown = {name for name, verb, _ in mutations() if verb not in known}

    assert unknown - EXCEPTIONS.keys() - ALSO_MAKE == set()
