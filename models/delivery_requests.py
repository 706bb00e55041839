"""What connectors are asked to deliver: answers on the channels that only they know."""

from sqlalchemy import ColumnElement, and_, false

from models.actors import ActorKind
from models.channels import CONNECTOR_CHANNELS
from models.messages import Message, MessageDirection
from models.viewers import ApiScope, Viewer


def is_connector(viewer: Viewer) -> bool:
    """Tell whether a viewer is an integration that may deliver messages, of whatever brand."""
    is_integration = viewer.actor is not None and viewer.actor.kind is ActorKind.INTEGRATION
    return is_integration and viewer.may(ApiScope.MESSAGES_WRITE)


def delivered_by(viewer: Viewer) -> ColumnElement[bool]:
    """Limit messages to those that a connector delivers: the answers of its brands.

    It need not see their tickets, and what it has delivered stays open to it.
    """
    if not is_connector(viewer):
        return false()
    return and_(
        Message.brand_id.in_(viewer.brand_ids),
        Message.channel.in_(CONNECTOR_CHANNELS),
        Message.direction == MessageDirection.OUTGOING,
    )
