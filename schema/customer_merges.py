"""Merges: two customers who turned out to be one person."""

from datetime import datetime
from typing import Any

import strawberry

from core.ids import NodeKind, encode_global_id
from models.customer_moves import CustomerMove
from resolvers import actors, customer_merges, customers
from schema.actors import Actor, wrap_actor
from schema.customers import Customer
from schema.fields import column, derived, relation
from schema.nodes import FromRow, Node, node_id
from schema.registry import register
from services.customer_merges import MergePreview, preview_of
from services.merging.fields import MergedField, MergeSide

strawberry.enum(MergeSide, description="Which of the two customers of a merge.")


@strawberry.type(description="How much a merge takes along from one customer to the other.")
class CustomerMergeCounts:
    """How much a merge takes along."""

    tickets: int = strawberry.field(description="Tickets, also those that the viewer cannot see.")
    open_tickets: int = strawberry.field(description="Those of them that are not done.")
    messages: int = strawberry.field(description="Messages in these tickets.")
    favorites: int = strawberry.field(description="Favourites in these tickets.")
    interactions: int = strawberry.field(description="Times they were in touch with an agent.")
    profiles: int = strawberry.field(description="By what the channels know them.")
    notes: int = strawberry.field(description="Notes on the customer.")


@strawberry.type(description="A field in which the two customers differ.")
class CustomerMergeField:
    """A field in which the two customers differ."""

    field: str = strawberry.field(
        description="Its name: `name`, `email`, `phone`, `language` or `company`."
    )
    source: str | None = strawberry.field(description="The value of who is merged.")
    target: str | None = strawberry.field(description="The value of who stays.")
    wins: MergeSide = strawberry.field(
        description="Whose value stays: the target's unless you choose otherwise. Nothing never "
        "wins over something."
    )
    is_conflict: bool = strawberry.field(
        description="Whether both have a value, so that one of them goes. An address or a number "
        "that goes stays known as a profile."
    )

    @classmethod
    def of(cls, merged: MergedField) -> "CustomerMergeField":
        """Return the field as the API shows it."""
        return cls(
            field=merged.field,
            source=merged.source,
            target=merged.target,
            wins=merged.wins,
            is_conflict=merged.is_conflict,
        )


@strawberry.type(description="What a merge does: in which direction, with how much, and how.")
class CustomerMergePreview:
    """What a merge does."""

    source_id: strawberry.ID = strawberry.field(description="Who is merged into the other.")
    target_id: strawberry.ID = strawberry.field(description="Who stays, and gets everything.")
    counts: CustomerMergeCounts = strawberry.field(description="What goes from one to the other.")
    fields: list[CustomerMergeField] = strawberry.field(
        description="The fields in which the two differ."
    )

    @classmethod
    def of(cls, foreseen: MergePreview) -> "CustomerMergePreview":
        """Return the preview as the API shows it."""
        return cls(
            source_id=_customer_id(foreseen.source_id),
            target_id=_customer_id(foreseen.target_id),
            counts=CustomerMergeCounts(**foreseen.counts),
            fields=[CustomerMergeField.of(one) for one in foreseen.fields],
        )


@strawberry.type(description="A merge of two customers, which can be undone.")
class CustomerMerge(FromRow, Node):
    """A merge of two customers."""

    id: strawberry.ID = node_id(NodeKind.CUSTOMER_MERGE)
    source_id: strawberry.ID = derived(
        "Who was merged: the id leads to who stayed until the merge is undone.",
        lambda row: _customer_id(row.source_id),
        needs=("source_id",),
    )
    source_name: str = column("What they were called then.")
    target: Customer = relation(
        "Who stayed, or who they are known as now.", customers.by_id, key="target_id"
    )
    merged_by: Actor = relation(
        "Who merged them.", actors.by_key, key=("moved_by_kind", "moved_by_id"), wrap=wrap_actor
    )
    merged_at: datetime = column("When they were merged.", name="moved_at")
    undone_by: Actor | None = relation(
        "Who undid it, if anybody.",
        actors.by_key,
        key=("undone_by_kind", "undone_by_id"),
        wrap=wrap_actor,
    )
    undone_at: datetime | None = column("When it was undone, if it was.")
    preview: CustomerMergePreview = derived(
        "What it did, as it stood before.",
        lambda row: CustomerMergePreview.of(preview_of(row)),
        needs=("source_id", "target_id", "kept"),
    )


def _customer_id(row_id: Any) -> strawberry.ID:
    return strawberry.ID(encode_global_id(NodeKind.CUSTOMER, row_id))


register(NodeKind.CUSTOMER_MERGE, CustomerMerge, CustomerMove, customer_merges.by_id)
