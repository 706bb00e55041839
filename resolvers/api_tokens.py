"""API tokens, as admins see them."""

from sqlalchemy import ColumnElement, false, true

from models.api_tokens import ApiToken
from models.viewers import Viewer
from resolvers.batches import rows_by_id


def _visible_to(viewer: Viewer) -> ColumnElement[bool]:
    return true() if viewer.is_agent else false()


by_id = rows_by_id(ApiToken, _visible_to)
