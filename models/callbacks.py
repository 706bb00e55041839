"""Callbacks: lookups into the company's own systems, made while an agent fills the form."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, LargeBinary, String, false, select, true
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    SECRET,
    Base,
    FoldedKey,
    JsonObject,
    Key,
    Moment,
    Name,
    Versioned,
    enum_column,
    limited,
    reference,
)
from models.viewers import Viewer

URL_CHARACTERS = 2_000  # what browsers, proxies and servers all take
TIMEOUT_MILLISECONDS_MINIMUM = 100
TIMEOUT_MILLISECONDS_MAXIMUM = 3_000  # product.md: an agent is on the phone


class CallbackMethod(StrEnum):
    """How a callback asks."""

    GET = "GET"
    POST = "POST"


class CallbackParameterPlace(StrEnum):
    """Where a parameter goes in the request."""

    QUERY = "QUERY"
    BODY = "BODY"
    PATH = "PATH"
    HEADER = "HEADER"


class CallbackParameterSource(StrEnum):
    """Which part of the agent's form a parameter is filled in from."""

    CUSTOMER_NAME = "CUSTOMER_NAME"
    CUSTOMER_EMAIL = "CUSTOMER_EMAIL"
    CUSTOMER_PHONE = "CUSTOMER_PHONE"
    BRAND_NAME = "BRAND_NAME"
    TICKET_TITLE = "TICKET_TITLE"


class Callback(Versioned, Base):
    """A lookup as an admin has defined it.

    `headers` holds no value of a secret header: those and the key of the signature are encrypted
    together in `sealed_secrets`. The shapes of `headers`, `parameters` and `fields` are those of
    the dataclasses in services/lookups/definitions.py.
    """

    __tablename__ = "callback"
    __table_args__ = (
        limited("name", 200),
        limited("url", URL_CHARACTERS),
        CheckConstraint(
            f"timeout_milliseconds BETWEEN {TIMEOUT_MILLISECONDS_MINIMUM} "
            f"AND {TIMEOUT_MILLISECONDS_MAXIMUM}",
            name="timeout_in_range",
        ),
    )

    id: Mapped[Key]
    name: Mapped[Name]
    name_key: Mapped[FoldedKey]
    url: Mapped[str] = mapped_column(String(URL_CHARACTERS))
    method: Mapped[CallbackMethod] = mapped_column(enum_column(CallbackMethod))
    allows_http: Mapped[bool]
    timeout_milliseconds: Mapped[int]
    headers: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject)
    parameters: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject)
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JsonObject)
    has_secret: Mapped[bool]
    sealed_secrets: Mapped[bytes | None] = mapped_column(LargeBinary, info={SECRET: True})
    created_at: Mapped[Moment]


class CallbackBrand(Base):
    """A brand whose agents may run a callback."""

    __tablename__ = "callback_brand"

    callback_id: Mapped[UUID] = reference("callback.id", primary_key=True, index=False)
    brand_id: Mapped[UUID] = reference("brand.id", primary_key=True)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Limit callbacks to those of the agent's brands; integrations and customers see none."""
    if viewer.is_admin:
        return true()
    if not viewer.is_agent:
        return false()
    return Callback.id.in_(
        select(CallbackBrand.callback_id).where(CallbackBrand.brand_id.in_(viewer.brand_ids))
    )
