"""Merging customers, and undoing that."""

from typing import Annotated

import strawberry

from core.ids import NodeKind
from resolvers import customer_merges
from resolvers.global_ids import row_id_of
from schema.customer_merges import CustomerMerge, CustomerMergePreview
from schema.customers import Customer
from schema.errors import (
    AlreadyMerged,
    EditConflict,
    IdempotencyKeyReused,
    NewerLink,
    NewerMerge,
    NotAllowed,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from schema.fields import Info
from services.customer_merges import MergeWish, preview_of
from services.merging.fields import FIELDS, KeptField, MergeSide


@strawberry.input(
    description="Whose value stays, field by field; the target's where nothing is said. An empty "
    "value never wins over another."
)
class CustomerMergeChoices:
    """Whose value stays."""

    name: MergeSide | None = strawberry.field(default=None, description="Whose name.")
    email: MergeSide | None = strawberry.field(
        default=None, description="Whose address; the other one stays known as a profile."
    )
    phone: MergeSide | None = strawberry.field(
        default=None, description="Whose number; the other one stays known as a profile."
    )
    language: MergeSide | None = strawberry.field(default=None, description="Whose language.")
    company: MergeSide | None = strawberry.field(default=None, description="Whose company.")

    def chosen(self) -> dict[str, MergeSide]:
        """Return the choices by the names of fields."""
        chosen = {name: getattr(self, name) for name in FIELDS}
        return {name: side for name, side in chosen.items() if side is not None}


@strawberry.input(description="Who is merged into whom.")
class CustomerMergeInput:
    """Who is merged into whom."""

    source_id: strawberry.ID = strawberry.field(
        description="Who turned out to be somebody else: their id leads to the target from then on."
    )
    target_id: strawberry.ID = strawberry.field(description="Who stays, and gets everything.")
    fields: CustomerMergeChoices | None = strawberry.field(
        default=None, description="Whose values stay."
    )
    source_version: int | None = strawberry.field(
        default=None,
        description="The version of the source that you have loaded: a value of it that stays, and "
        "that others changed since, is a conflict.",
    )
    target_version: int | None = strawberry.field(
        default=None,
        description="The version of the target that you have loaded: a value of it that goes, and "
        "that others changed since, is a conflict.",
    )
    dry_run: bool = strawberry.field(
        default=False, description="Tell what would be done, and change nothing."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="Sent again within 72 hours with the same input, it is the same merge.",
    )

    def wish(self) -> MergeWish:
        """Return what is wanted. Raises ValidationFailed for what are no ids of customers."""
        return MergeWish(
            row_id_of(self.source_id, NodeKind.CUSTOMER, "input", "sourceId"),
            row_id_of(self.target_id, NodeKind.CUSTOMER, "input", "targetId"),
            self.fields.chosen() if self.fields else {},
            self.source_version,
            self.target_version,
        )


@strawberry.type(description="The two are one customer now, or what would make them one.")
class CustomerMergeSuccess:
    """The two are one customer now, or would be."""

    customer: Customer = strawberry.field(description="The target, as they are now.")
    preview: CustomerMergePreview = strawberry.field(
        description="What was done, or with `dryRun` what would be."
    )
    merge: CustomerMerge | None = strawberry.field(
        description="The merge, with which it can be undone; null with `dryRun`."
    )


CustomerMergeResult = Annotated[
    CustomerMergeSuccess
    | ValidationFailed
    | NotFound
    | NotAllowed
    | AlreadyMerged
    | EditConflict
    | IdempotencyKeyReused
    | Unavailable,
    strawberry.union("CustomerMergeResult", description="The merge, or why there is none."),
]


@strawberry.input(description="A merge that is to be undone.")
class CustomerUnmergeInput:
    """A merge that is to be undone."""

    merge_id: strawberry.ID = strawberry.field(description="The merge.")


@strawberry.type(description="A field that stays as it is, for it was changed after the merge.")
class CustomerKeptField:
    """A field that stays as it is."""

    customer: Customer = strawberry.field(description="Whose field it is.")
    field: str = strawberry.field(
        description="Its name: `name`, `email`, `phone`, `language` or `company`."
    )
    value: str | None = strawberry.field(
        description="What it is. Null for the source's address, where somebody else has it by now."
    )
    before: str | None = strawberry.field(description="What it was before the merge.")

    @classmethod
    def of(cls, kept: KeptField) -> "CustomerKeptField":
        """Return the field as the API shows it."""
        return cls(
            customer=Customer.from_row(kept.customer),
            field=kept.field,
            value=kept.value,
            before=kept.before,
        )


@strawberry.type(description="The two are two customers again.")
class CustomerUnmergeSuccess:
    """The two are two customers again."""

    source: Customer = strawberry.field(description="Who was merged, by themselves again.")
    target: Customer = strawberry.field(description="Who had stayed.")
    merge: CustomerMerge = strawberry.field(description="The merge, which is undone.")
    kept_fields: list[CustomerKeptField] = strawberry.field(
        description="Fields that are not as before the merge, since people changed them meanwhile."
    )


CustomerUnmergeResult = Annotated[
    CustomerUnmergeSuccess | ValidationFailed | NotFound | NotAllowed | NewerMerge | NewerLink,
    strawberry.union(
        "CustomerUnmergeResult",
        description="The two customers, or why they stay one: what happened to them since is "
        "undone first, the newest merge or link before the others.",
    ),
]


@strawberry.type
class CustomerMergeMutation:
    """Merging customers, and undoing that."""

    @strawberry.mutation(
        description="Merge a customer into another, who gets all their tickets, interactions, "
        "profiles and notes. It can be undone, also after new messages."
    )
    async def customer_merge(self, info: Info, input: CustomerMergeInput) -> CustomerMergeResult:
        """Merge two customers."""
        if input.dry_run:
            foreseen, target = await customer_merges.preview(info.context, input.wish())
            return CustomerMergeSuccess(
                customer=Customer.from_row(target),
                preview=CustomerMergePreview.of(foreseen),
                merge=None,
            )
        made, target = await customer_merges.merge(
            info.context, input.wish(), input.idempotency_key
        )
        return CustomerMergeSuccess(
            customer=Customer.from_row(target),
            preview=CustomerMergePreview.of(preview_of(made)),
            merge=CustomerMerge.from_row(made),
        )

    @strawberry.mutation(
        description="Make two customers of one again, as they were. What came in meanwhile by a "
        "profile of the source is the source's; undoing twice is undoing once."
    )
    async def customer_unmerge(
        self, info: Info, input: CustomerUnmergeInput
    ) -> CustomerUnmergeResult:
        """Undo a merge."""
        undone = await customer_merges.unmerge(info.context, input.merge_id)
        return CustomerUnmergeSuccess(
            source=Customer.from_row(undone.source),
            target=Customer.from_row(undone.target),
            merge=CustomerMerge.from_row(undone.move),
            kept_fields=[CustomerKeptField.of(kept) for kept in undone.kept],
        )
