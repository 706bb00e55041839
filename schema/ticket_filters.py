"""The filter of ticket lists, as clients write it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from core.errors import FieldErrorCode, FieldProblem, NotAllowed, ValidationFailed
from core.ids import InvalidGlobalId, NodeKind, decode_global_id
from core.pages import MAX_PAGE_SIZE
from models.channels import Channel
from models.tickets import TicketPriority, TicketStatus
from models.viewers import ApiScope, Viewer
from services.ticket_filters import MomentRange, TicketFilter

ValueT = TypeVar("ValueT")


@strawberry.input(
    name="TicketFilter",
    description=(
        "Which tickets: all that is given must hold, and of a list any value will do. "
        "A list has at most 100 values; an empty one finds nothing."
    ),
)
class TicketFilterInput:
    """Which tickets."""

    statuses: list[TicketStatus] | None = strawberry.field(
        default=None, description="Where they stand."
    )
    priorities: list[TicketPriority] | None = strawberry.field(
        default=None, description="How soon they want an answer."
    )
    channels: list[Channel] | None = strawberry.field(
        default=None, description="The way they came in."
    )
    brand_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The brands they are about."
    )
    team_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The teams they are assigned to."
    )
    assignee_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The agents they are assigned to."
    )
    unassigned: bool | None = strawberry.field(
        default=None, description="Whether no agent is assigned (true) or some agent is (false)."
    )
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who asks. Not without the scope `CUSTOMERS_READ`."
    )
    company_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The company that the customer works for. Not without the scope "
        "`CUSTOMERS_READ`.",
    )
    tag_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Labels, of which they have one at least."
    )
    created_since: datetime | None = strawberry.field(
        default=None, description="Opened at this moment or later."
    )
    created_until: datetime | None = strawberry.field(
        default=None, description="Opened before this moment."
    )
    updated_since: datetime | None = strawberry.field(
        default=None, description="Something happened to them at this moment or later."
    )
    updated_until: datetime | None = strawberry.field(
        default=None, description="Nothing happened to them from this moment on."
    )


def ticket_filter(viewer: Viewer, given: TicketFilterInput | None) -> TicketFilter:
    """Return the filter that a client wrote; None finds everything.

    Raises ValidationFailed naming each id that is none of its kind, and each list that is too long;
    and NotAllowed where who may not read all customers asks whose tickets are a customer's: some
    count as theirs by a mere claim.
    """
    if given is None:
        return TicketFilter()
    is_stranger = viewer.actor is None  # who is told so by whatever reads the list
    asks_whose = given.customer_id is not None or given.company_id is not None
    if asks_whose and not is_stranger and not viewer.may(ApiScope.CUSTOMERS_READ):
        raise NotAllowed
    check = _FilterCheck()
    wanted = TicketFilter(
        statuses=check.values("statuses", given.statuses),
        priorities=check.values("priorities", given.priorities),
        channels=check.values("channels", given.channels),
        brand_ids=check.ids("brandIds", given.brand_ids, NodeKind.BRAND),
        team_ids=check.ids("teamIds", given.team_ids, NodeKind.TEAM),
        assignee_ids=check.ids("assigneeIds", given.assignee_ids, NodeKind.AGENT),
        unassigned=given.unassigned,
        customer_id=check.optional_id("customerId", given.customer_id, NodeKind.CUSTOMER),
        company_id=check.optional_id("companyId", given.company_id, NodeKind.COMPANY),
        tag_ids=check.ids("tagIds", given.tag_ids, NodeKind.TAG),
        created=MomentRange(given.created_since, given.created_until),
        updated=MomentRange(given.updated_since, given.updated_until),
    )
    if check.problems:
        raise ValidationFailed(*check.problems)
    return wanted


class _FilterCheck:
    """Reads the values of a filter and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def values(self, field: str, values: Sequence[ValueT] | None) -> frozenset[ValueT] | None:
        """Return a list's values; None for an absent list."""
        if values is None:
            return None
        if len(values) > MAX_PAGE_SIZE:
            self._refuse(
                (field,), FieldErrorCode.OUT_OF_RANGE, limit=MAX_PAGE_SIZE, actual=len(values)
            )
        return frozenset(values)

    def ids(
        self, field: str, texts: Sequence[str] | None, kind: NodeKind
    ) -> frozenset[UUID] | None:
        """Return the rows that a list of ids names; None for an absent list."""
        if self.values(field, texts) is None or texts is None:
            return None
        found = [self._id((field, str(place)), text, kind) for place, text in enumerate(texts)]
        return frozenset(row_id for row_id in found if row_id is not None)

    def optional_id(self, field: str, text: str | None, kind: NodeKind) -> UUID | None:
        """Return the row that an id names; None for an absent one."""
        return None if text is None else self._id((field,), text, kind)

    def _id(self, path: tuple[str, ...], text: str, kind: NodeKind) -> UUID | None:
        try:
            found, row_id = decode_global_id(text)
        except InvalidGlobalId:
            found, row_id = None, None
        if found is not kind:
            self._refuse(path, FieldErrorCode.INVALID_ID)
        return row_id

    def _refuse(self, path: tuple[str, ...], code: FieldErrorCode, **numbers: Any) -> None:
        self.problems.append(FieldProblem(("filter", *path), code, **numbers))
