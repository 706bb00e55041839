"""The forms of drafts: kept as they were typed, and merged when two tabs fill in one.

Whether a form is right is asked when the ticket is made of it.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.errors import FieldErrorCode, LimitReached
from core.text import is_far_over, normalise
from models.attachments import Attachment
from models.ticket_drafts import FORM_COLUMNS, TEXT_LIMITS, TicketDraft
from models.viewers import Viewer
from services.attachments import attach, refuse_too_many, takeable
from services.changes import Edit, FieldChange, apply_edit
from services.links import LinkedRows
from services.ticket_draft_references import REFERENCES, names
from services.ticket_tags import TAGS_PER_TICKET
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

FIRST_STEP, LAST_STEP = 1, 3  # product.md, part 2: a form of three steps
FIELD_NAMES = {
    **{column: reference.field for column, reference in REFERENCES.items()},
    "attachment_ids": "attachments",
    "customer_name": "customerName",
    "customer_email": "customerEmail",
    "customer_phone": "customerPhone",
    "email_subject": "emailSubject",
    "template_name": "saveAsTemplateName",
}
TEXT_FIELDS = frozenset(FIELD_NAMES.get(column, column) for column in TEXT_LIMITS)
# Where the input has a text: as it has it when the ticket is made.
_INPUT_PATHS = {
    "customer_name": "customer.name",
    "customer_email": "customer.email",
    "customer_phone": "customer.phone",
    "email_subject": "emailSubject",
    "template_name": "saveAsTemplate.name",
}


def clean(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed as it is kept: half of it may be missing, nothing may be endless.

    Raises ValidationFailed for texts that are too long and a step that there is not, and
    LimitReached for too many tags or files.
    """
    check = InputCheck()
    cleaned = dict(typed)
    for column in TEXT_LIMITS.keys() & typed.keys():
        cleaned[column] = _clean_text(check, column, typed[column])
    if "step" in typed:
        cleaned["step"] = step = FIRST_STEP if typed["step"] is None else typed["step"]
        check.within("step", step, FIRST_STEP, LAST_STEP)
    for column in ("tag_ids", "attachment_ids"):
        if column in typed:
            cleaned[column] = tuple(dict.fromkeys(typed[column] or ()))
    check.raise_problems()
    if len(cleaned.get("tag_ids", ())) > TAGS_PER_TICKET:
        raise LimitReached(TAGS_PER_TICKET)
    refuse_too_many(cleaned.get("attachment_ids", ()))
    return cleaned


async def fill_in(
    work: UnitOfWork,
    viewer: Viewer,
    draft: TicketDraft,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> Edit:
    """Write what was typed into a form, merged with what other tabs have saved meanwhile.

    At which step a tab stands is no text to lose: it never conflicts, and the last one counts.
    Raises EditConflict, and ValidationFailed for files, as `attach` does.
    """
    typed = {column: value for column, value in wanted.items() if column != "step"}
    before = {column: getattr(draft, column) for column in FORM_COLUMNS}
    before["attachment_ids"] = await files_of(work, draft)
    labels = await names(work, viewer, before, typed)
    files = {*before["attachment_ids"], *typed.get("attachment_ids", ())}
    labels |= await takeable(work, files, draft)
    edit = await apply_edit(
        work,
        draft,
        expected_version,
        _comparable(typed, labels),
        field_names=FIELD_NAMES,
        labels=labels,
        fields=SimpleNamespace(**_comparable(before, labels)),
    )
    changed = {change.field for change in edit.changes}
    for column, value in typed.items():
        if FIELD_NAMES.get(column, column) not in changed:
            continue
        if column == "attachment_ids":
            await attach(work, value, draft)
        else:
            setattr(draft, column, value)
    if wanted.get("step", draft.step) != draft.step:
        edit.changes.append(FieldChange.between("step", draft.step, wanted["step"]))
        draft.step = wanted["step"]
    return edit


async def files_of(work: UnitOfWork, draft: TicketDraft) -> tuple[UUID, ...]:
    """Return the files on a draft, in their order."""
    found = await work.session.scalars(
        select(Attachment.id)
        .where(Attachment.draft_id == draft.id)
        .order_by(Attachment.position, Attachment.id)
    )
    return tuple(found)


def _clean_text(check: InputCheck, column: str, typed: str | None) -> str | None:
    if typed is None:
        return None
    limit = TEXT_LIMITS[column]
    text = typed if is_far_over(typed, limit) else normalise(typed)
    if len(text) > limit:
        path = _INPUT_PATHS.get(column, column)
        check.refuse(path, FieldErrorCode.TOO_LONG, limit, len(text))
    return text


def _comparable(form: Mapping[str, Any], labels: Mapping[UUID, str]) -> dict[str, Any]:
    """Return a form whose sets are compared as wholes, whatever their order."""
    return {
        column: LinkedRows.named(value, labels) if isinstance(value, tuple) else value
        for column, value in form.items()
    }
