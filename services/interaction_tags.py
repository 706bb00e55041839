"""The tags that agents type on interactions: a set, in which spellings of one tag are one."""

from uuid import UUID

from sqlalchemy import select

from core.errors import LimitReached
from core.text import fold
from models.base import TAG_CHARACTERS
from models.interactions import Interaction, InteractionTag
from models.viewers import Viewer
from services.changes import FieldChange, readable
from services.interaction_lists import InteractionInHand, take_editable
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

TAGS_AT_MOST = 50  # of one interaction; a page shows them all


async def add(
    work: UnitOfWork, viewer: Viewer, interaction_id: UUID, tag: str
) -> tuple[Interaction, str]:
    """Put a tag on an interaction; return it as it stands there, in its first spelling.

    Raises InteractionReadOnly where the interaction is history, and LimitReached for one too many.
    """
    hand = await take_editable(work, viewer, interaction_id)
    typed = _clean(tag)
    present = await _tags(hand)
    key = fold(typed)
    if key in present:
        return hand.interaction, present[key].tag
    if len(present) >= TAGS_AT_MOST:
        raise LimitReached(TAGS_AT_MOST)
    added = InteractionTag(interaction_id=interaction_id, tag=typed, tag_key=key)
    work.session.add(added)
    await _tell(hand, present, present | {key: added})
    return hand.interaction, typed


async def remove(work: UnitOfWork, viewer: Viewer, interaction_id: UUID, tag: str) -> Interaction:
    """Take a tag from an interaction, in whichever spelling. Raises InteractionReadOnly."""
    hand = await take_editable(work, viewer, interaction_id)
    key = fold(_clean(tag))
    present = await _tags(hand)
    if key in present:
        await work.session.delete(present[key])
        left = {other: tag_row for other, tag_row in present.items() if other != key}
        await _tell(hand, present, left)
    return hand.interaction


def _clean(tag: str) -> str:
    check = InputCheck()
    cleaned = check.line("tag", tag, TAG_CHARACTERS)
    check.raise_problems()
    return cleaned


async def _tags(hand: InteractionInHand) -> dict[str, InteractionTag]:
    """Return the tags by their folded keys. Whoever changes them has the interaction locked."""
    rows = await hand.work.session.scalars(
        select(InteractionTag).where(InteractionTag.interaction_id == hand.interaction.id)
    )
    return {row.tag_key: row for row in rows}


async def _tell(
    hand: InteractionInHand, before: dict[str, InteractionTag], after: dict[str, InteractionTag]
) -> None:
    change = FieldChange("tags", _shown(before), _shown(after))
    await hand.tell("InteractionChanged", [change])


def _shown(tags: dict[str, InteractionTag]) -> str | None:
    return readable([tags[key].tag for key in sorted(tags)]) or None
