"""The agents whom notes mention, and telling them."""

import re
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import and_, or_, select

from core.text import fold
from models.agents import Agent
from models.notes import Note, NoteMention
from services import notifications
from services.unit_of_work import UnitOfWork

# «@name» up to the longest name that is looked for: the words after the sign, three at most. A sign
# within a word is that of an address.
_MENTION = re.compile(r"(?<!\w)@(\w[\w.'’-]*(?: \w[\w.'’-]*){0,2})")
_MARKS_IN_NAMES = ".'’-"
# Turkish suffixes follow an apostrophe: @Ayşe'ye.
_SUFFIX = re.compile(r"['’]\w*$")


async def set_mentions(work: UnitOfWork, note: Note) -> None:
    """Keep whom the text of a note mentions now, and tell those whom it never mentioned before.

    A mention that goes stays as a removed one: a text that is saved as one types loses a name and
    gets it back, and nobody is told of a note twice.
    """
    found = await work.session.scalars(select(NoteMention).where(NoteMention.note_id == note.id))
    ever = {mention.agent_id: mention for mention in found}
    standing = {agent_id for agent_id, mention in ever.items() if mention.removed_at is None}
    mentioned = await _mentioned_by(work, note, standing)
    for agent_id in standing - mentioned:
        ever[agent_id].removed_at = work.now
    for agent_id in mentioned & ever.keys():
        ever[agent_id].removed_at = None
    if new := mentioned - ever.keys():
        work.session.add_all(NoteMention(note_id=note.id, agent_id=each) for each in sorted(new))
        await notifications.tell_mentioned(work, note, new)


async def _mentioned_by(work: UnitOfWork, note: Note, standing: set[UUID]) -> set[UUID]:
    """Return whom the names in a text mean: active agents who may read the note.

    Those who stand there already stay, even when they have left or have lost sight of it.
    """
    names = {name for match in _MENTION.findall(note.body) for name in _possible_names(match)}
    if not names:
        return set()
    may_read = await notifications.may_read_notes(work, note.ticket_id)
    found = await work.session.scalars(
        select(Agent.id).where(
            Agent.name_key.in_(names), or_(and_(Agent.active, may_read), Agent.id.in_(standing))
        )
    )
    return set(found)


def _possible_names(mention: str) -> Iterator[str]:
    """Give the names that may be meant, folded: as far as a name may reach, without suffixes."""
    words = mention.split(" ")
    for count in range(1, len(words) + 1):
        name = " ".join(words[:count]).rstrip(_MARKS_IN_NAMES)
        yield fold(name)
        yield fold(_SUFFIX.sub("", name))
