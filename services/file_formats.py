"""The allow-list: which of the formats that the desk can check it takes. Admins keep it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core.errors import FieldErrorCode
from models.event_topics import file_formats_topic
from models.file_formats import RefusedFormat
from models.viewers import Viewer
from services.directory import take_directory
from services.files.formats import FORMATS, Format
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck


@dataclass(frozen=True, slots=True)
class ListedFormat:
    """A format that the desk can check, and whether it is on the allow-list."""

    format: Format
    allowed: bool


async def allowed_extensions(session: AsyncConnection | AsyncSession) -> frozenset[str]:
    """Return the extensions of the formats that this installation takes, without dots."""
    return frozenset(FORMATS) - await _refused(session)


async def listed(session: AsyncConnection | AsyncSession) -> list[ListedFormat]:
    """Return all formats that the desk can check, by extension."""
    allowed = await allowed_extensions(session)
    return [ListedFormat(FORMATS[name], name in allowed) for name in sorted(FORMATS)]


async def update(
    work: UnitOfWork, viewer: Viewer, allow: Sequence[str], refuse: Sequence[str]
) -> None:
    """Put formats on the allow-list and take others off it. No change, no event.

    Raises NotAllowed for all but admins, and ValidationFailed for what the desk cannot check:
    programs, pages and documents with macros can never be allowed.
    """
    await take_directory(work, viewer)
    check = InputCheck()
    to_allow = _known(check, "allow", allow)
    to_refuse = _known(check, "refuse", refuse, others=to_allow)
    check.raise_problems()
    refused = await _refused(work.session)
    added, removed = to_allow & refused, to_refuse - refused
    if not added and not removed:
        return
    await work.session.execute(delete(RefusedFormat).where(RefusedFormat.extension.in_(added)))
    work.session.add_all(
        RefusedFormat(extension=extension, refused_at=work.now) for extension in sorted(removed)
    )
    work.record(
        "FileFormatsChanged",
        {"allowed": sorted(added), "refused": sorted(removed)},
        topic=file_formats_topic(),
    )
    await work.session.flush()


def _known(
    check: InputCheck, field: str, extensions: Sequence[str], others: Iterable[str] = ()
) -> set[str]:
    """Return the formats that are named, with or without a dot; note those that cannot be."""
    named = [extension.strip().lower().removeprefix(".") for extension in extensions]
    if len(named) > len(FORMATS):
        check.refuse(field, FieldErrorCode.TOO_LONG, limit=len(FORMATS), actual=len(named))
        return set()
    for place, extension in enumerate(named):
        if extension not in FORMATS or extension in others:
            check.refuse(f"{field}.{place}", FieldErrorCode.NOT_ALLOWED_VALUE)
    return set(named)


async def _refused(session: AsyncConnection | AsyncSession) -> frozenset[str]:
    return frozenset(await session.scalars(select(RefusedFormat.extension)))
