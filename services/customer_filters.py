"""The filter of customer lists: asked of the database, and of a customer's state in the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from models.channel_profiles import ChannelProfile
from models.channels import Channel
from models.customers import Customer
from services.ticket_filters import MomentRange


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """All that is given must hold."""

    company_id: UUID | None = None
    channel: Channel | None = None
    has_email: bool | None = None
    created: MomentRange = field(default_factory=MomentRange)

    def clauses(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL over `Customer`."""
        clauses = self.created.clauses(Customer.created_at)
        if self.company_id is not None:
            clauses.append(Customer.company_id == self.company_id)
        if self.channel is not None:
            known = select(ChannelProfile.customer_id).where(ChannelProfile.channel == self.channel)
            clauses.append(Customer.id.in_(known))
        if self.has_email is not None:
            absent = Customer.email.is_(None)
            clauses.append(~absent if self.has_email else absent)
        return clauses

    def matches(self, state: Mapping[str, Any]) -> bool:
        """Tell whether a customer in this state (as `CustomerListChanged` keeps it) passes."""
        return (
            (self.company_id is None or self.company_id.hex == state["company_id"])
            and (self.channel is None or self.channel in state["channels"])
            and (self.has_email is None or self.has_email == (state["email"] is not None))
            and self.created.holds(datetime.fromisoformat(state["created_at"]))
        )
