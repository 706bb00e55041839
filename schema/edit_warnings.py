"""Warnings that somebody else changed what the viewer has open."""

from collections.abc import AsyncIterable
from datetime import datetime
from typing import Annotated, Any

import strawberry

from core.ids import NodeKind
from resolvers import actors
from resolvers import edit_warnings as resources
from resolvers.audiences import same_for_audience
from schema.actors import Actor, wrap_actor
from schema.events import Event
from schema.field_changes import FieldChange, shown_changes
from schema.fields import Info, column, derived_in_scope, relation
from schema.live import Live
from schema.nodes import FromRow, Node
from schema.registry import from_row_of
from schema.scalars import EventCursor
from subscriptions.edit_warnings import EditWarned, edit_warning_source
from subscriptions.log.cursors import ResetReason


def _wrap_resource(found: tuple[NodeKind, Any] | None) -> Any:
    return None if found is None else from_row_of(found[0])(found[1])


@strawberry.type(description="Somebody else changed what the viewer has open.")
class EditWarning(FromRow, Event):
    """Somebody else changed what the viewer has open."""

    cursor: EventCursor = column(
        "The place just after this warning. Give it as `after` to go on from here."
    )
    resource: Node = relation(
        "What was changed, as it is now.",
        resources.resources,
        key="resource_key",
        wrap=_wrap_resource,
    )
    changed_by: Actor = relation(
        "Who changed it.", actors.by_key, key=("actor_kind", "actor_id"), wrap=wrap_actor
    )
    changed_at: datetime = column("When it was changed.")
    version: int = column(
        "The version that the change made. One that is not above the version you have loaded is "
        "known to you."
    )
    changes: list[FieldChange] = derived_in_scope(
        "Which fields were changed; none where `reset` is given.",
        same_for_audience(lambda row, scope: shown_changes(row.changes, scope)),
        needs=("changes",),
    )
    reset: ResetReason | None = column(
        "Why it cannot be told field by field what was changed meanwhile: load the resource anew. "
        "Then the warning names who changed it last, and its present version. Usually null."
    )


def _shown(item: Any) -> EditWarning | None:
    return EditWarning(row=item) if isinstance(item, EditWarned) else None


@strawberry.type
class EditWarningSubscription:
    """Edits of others, live."""

    @strawberry.subscription(
        description=(
            "Warns of each change that somebody else makes to what the viewer has open. The "
            "viewer's own changes, on whichever screen, warn of nothing. Nothing is told at the "
            "beginning: load the resources, then subscribe with their `versions`."
        )
    )
    async def edit_warnings(
        self,
        info: Info,
        resource_ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(
                description="Tickets, customers, companies, interactions, notes, templates and "
                "rules; at most 100."
            ),
        ],
        after: Annotated[
            EventCursor | None,
            strawberry.argument(
                description="Where to go on: the cursor of the last warning. Prevails over "
                "`versions`."
            ),
        ] = None,
        versions: Annotated[
            list[int] | None,
            strawberry.argument(
                description="The version that you have loaded of each resource, in the order of "
                "`resourceIds`: what others changed since is told at once. Without it, warnings "
                "begin now."
            ),
        ] = None,
    ) -> AsyncIterable[EditWarning]:
        """Follow the edits of some rows."""
        scope = info.context
        keys = resources.watched_keys(scope.viewer, resource_ids, versions)
        source, start = await edit_warning_source(
            scope.resources.streams, scope.resources.database, scope.viewer, keys, versions
        )
        return Live(source, _shown, after if after is not None else start)
