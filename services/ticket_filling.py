"""The form of a ticket over the template it starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.errors import FieldErrorCode
from models.attachments import Attachment
from models.ticket_templates import TicketTemplate, TicketTemplateTag, visible_to
from models.viewers import Viewer
from services import ticket_forms
from services.attachments import refuse_too_many
from services.links import LinkedRows
from services.template_problems import TemplateField, TemplateProblem, problems_of
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# Which value of a form stands for the field of a template that has a problem.
_VALUES = {
    TemplateField.TOPIC: "topic_id",
    TemplateField.ASSIGNEE: "assignee_id",
    TemplateField.TEAM: "team_id",
    TemplateField.TAGS: "tag_ids",
}


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form over its template: clean, and with nothing in it that cannot be given.

    `files` are those it lists: of them, `uploads` are the form's own, and `template_files` are to
    be copied. `left_out` is what the template says, the form does not, and no ticket can be given.
    """

    values: Mapping[str, Any]
    tags: LinkedRows
    files: Sequence[UUID]
    uploads: Sequence[UUID]
    template_files: Sequence[UUID]
    left_out: Sequence[TemplateProblem]

    @property
    def file_count(self) -> int:
        """How many files there are."""
        return len(self.uploads) + len(self.template_files)


async def template_of(
    work: UnitOfWork,
    viewer: Viewer,
    check: InputCheck,
    brand_id: UUID,
    template_id: UUID | None,
) -> TicketTemplate | None:
    """Return the template under the form; nobody changes or deletes it before the act ends."""
    if template_id is None:
        return None
    template = await work.session.scalar(
        select(TicketTemplate)
        .where(
            visible_to(viewer),
            TicketTemplate.id == template_id,
            TicketTemplate.brand_id == brand_id,
        )
        .with_for_update(read=True)
    )
    if template is None:
        check.refuse("templateId", FieldErrorCode.UNKNOWN_REFERENCE)
    return template


async def fill_in(
    work: UnitOfWork,
    check: InputCheck,
    brand_id: UUID,
    given: Mapping[str, Any],
    template: TicketTemplate | None,
) -> FilledForm:
    """Return what a form says, and where it says nothing what its template says.

    Refuses what is wrong; raises LimitReached for more tags or files than there is room for.
    """
    under: dict[str, Any] = {"attachment_ids": []}
    left_out: Sequence[TemplateProblem] = ()
    if template is not None:
        under, left_out = await _values_of(work, template, given)
    merged, of_template = {**under, **given}, under["attachment_ids"]
    listed = merged["attachment_ids"] or ()
    refuse_too_many(listed)
    files = dict.fromkeys(listed)
    return FilledForm(
        values=await ticket_forms.clean(work, check, brand_id, merged),
        tags=await ticket_forms.choose_tags(work, check, merged.get("tag_ids")),
        files=listed,
        uploads=[file_id for file_id in files if file_id not in of_template],
        template_files=[file_id for file_id in files if file_id in of_template],
        left_out=left_out,
    )


async def _values_of(
    work: UnitOfWork, template: TicketTemplate, given: Mapping[str, Any]
) -> tuple[dict[str, Any], Sequence[TemplateProblem]]:
    """Return what a template fills in, and what it cannot, unless the form says it anyway."""
    values = ticket_forms.columns_of(template)
    problems = await problems_of(work, template.id)
    values |= {_VALUES[problem.field]: None for problem in problems}
    tags = await work.session.scalars(
        select(TicketTemplateTag.tag_id).where(TicketTemplateTag.template_id == template.id)
    )
    gone = {problem.row_id for problem in problems}
    values["tag_ids"] = [tag_id for tag_id in tags if tag_id not in gone]
    files = await work.session.scalars(
        select(Attachment.id)
        .where(Attachment.template_id == template.id)
        .order_by(Attachment.position, Attachment.id)
    )
    values["attachment_ids"] = list(files)
    left_out = [one for one in problems if _VALUES[one.field] not in given]
    return values, left_out
