"""Installing the rules that ask who is writing: for admins."""

from typing import Annotated

import strawberry

from models.channels import Channel
from resolvers import identity_rules
from schema.errors import LimitReached, NotAllowed, NotFound, ValidationFailed
from schema.fields import Info
from schema.rules import Rule
from schema.tags import Tag
from services.identity_rules import CHAT_CHANNELS, REMINDERS_PER_HOUR


@strawberry.input(description="On which chats of a brand to ask who is writing, and how.")
class IdentityRulesInstallInput:
    """On which chats of a brand to ask who is writing, and how."""

    brand_id: strawberry.ID = strawberry.field(description="The brand.")
    channels: list[Channel] = strawberry.field(
        default_factory=lambda: list(CHAT_CHANNELS),
        description="The chat channels on which customers are asked.",
    )
    language: str | None = strawberry.field(
        default=None,
        description="The language of the questions: `en`, `tr` or `el`; absent: the brand's.",
    )
    max_reminders: int = strawberry.field(
        default=3,
        description="How often an answer without an address is answered by asking again, within "
        f"24 hours, 1 to 10: then agents take over. Never more than {REMINDERS_PER_HOUR} times "
        "within an hour, whatever this says: who writes so fast wants a person.",
    )


@strawberry.type(description="The rules are installed.")
class IdentityRulesInstallSuccess:
    """The rules are installed."""

    rules: list[Rule] = strawberry.field(
        description="The six rules, in the order in which they are tried."
    )
    kept_rules: list[Rule] = strawberry.field(
        description="Those of them that stay as they are, because somebody has edited them since "
        "they were installed. Delete such a rule and install again to have it anew."
    )
    tag: Tag = strawberry.field(
        description="The tag that tickets have while their customer is asked."
    )


IdentityRulesInstallResult = Annotated[
    IdentityRulesInstallSuccess | ValidationFailed | NotFound | NotAllowed | LimitReached,
    strawberry.union(
        "IdentityRulesInstallResult", description="The rules, or why none was installed."
    ),
]


@strawberry.type
class IdentityRulesMutation:
    """Installing the rules that ask who is writing."""

    @strawberry.mutation(
        description="Install the six rules that ask who is writing on first contact by chat, or "
        "bring those that there are up to date. It may be repeated: nothing is doubled. For admins."
    )
    async def identity_rules_install(
        self, info: Info, input: IdentityRulesInstallInput
    ) -> IdentityRulesInstallResult:
        """Install the rules."""
        installed = await identity_rules.install(
            info.context, input.brand_id, input.channels, input.language, input.max_reminders
        )
        return IdentityRulesInstallSuccess(
            rules=[Rule.from_row(row) for row in installed.rules],
            kept_rules=[Rule.from_row(row) for row in installed.kept],
            tag=Tag.from_row(installed.tag),
        )
