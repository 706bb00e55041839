"""Which files the desk takes: the formats on its allow-list, how many, how large."""

from collections.abc import Iterable
from typing import Annotated

import strawberry

from models.attachments import FILE_BYTES
from resolvers import file_formats
from resolvers.access import require_signed_in
from schema.errors import NotAllowed, ValidationFailed
from schema.fields import Info
from services.attachments import ATTACHMENTS_PER_ITEM
from services.file_formats import ListedFormat
from services.files.formats import FormatKind

strawberry.enum(
    FormatKind, name="AttachmentFormatKind", description="What a file of a format is for people."
)


@strawberry.type(description="A format of files that the desk can check.")
class AttachmentFormat:
    """A format of files that the desk can check."""

    extension: str = strawberry.field(
        description="How the names of its files end, in lower case and without a dot: `pdf`."
    )
    content_type: str = strawberry.field(
        description="The type under which such a file is given out, whatever its sender called it."
    )
    kind: FormatKind = strawberry.field(description="What such a file is for people.")
    allowed: bool = strawberry.field(
        description="Whether it is on the allow-list: whether such files are taken."
    )


@strawberry.type(description="How many files can stand on one thing, and how large they may be.")
class AttachmentLimits:
    """How many files, and how large."""

    files_per_item: int = strawberry.field(
        description="How many files a message, a note, a draft or a template can have."
    )
    bytes_per_file: int = strawberry.field(description="How many bytes a file can have.")


def _shown(formats: Iterable[ListedFormat]) -> list[AttachmentFormat]:
    return [
        AttachmentFormat(
            extension=listed.format.extension,
            content_type=listed.format.content_type,
            kind=listed.format.kind,
            allowed=listed.allowed,
        )
        for listed in formats
    ]


@strawberry.type
class FileFormatQuery:
    """Reading which files the desk takes."""

    @strawberry.field(
        description="The formats that the desk can check, by extension. Files of all others, and "
        "programs, pages and documents with macros under any name, are never taken. For "
        "agents, integrations and the customers of chats."
    )
    async def attachment_formats(self, info: Info) -> list[AttachmentFormat]:
        """Load the formats."""
        return _shown(await file_formats.listed(info.context))

    @strawberry.field(description="How many files can stand on one thing, and how large.")
    def attachment_limits(self, info: Info) -> AttachmentLimits:
        """Tell the limits."""
        require_signed_in(info.context.viewer)
        return AttachmentLimits(files_per_item=ATTACHMENTS_PER_ITEM, bytes_per_file=FILE_BYTES)


@strawberry.input(description="Which formats to put on the allow-list, and which to take off it.")
class AttachmentFormatsUpdateInput:
    """What to change of the allow-list."""

    allow: list[str] = strawberry.field(
        default_factory=list,
        description="Extensions of formats to take from now on, out of `attachmentFormats`.",
    )
    refuse: list[str] = strawberry.field(
        default_factory=list,
        description="Extensions of formats not to take any more. Files that were taken stay.",
    )


@strawberry.type(description="The allow-list is as wanted, and was perhaps before.")
class AttachmentFormatsUpdateSuccess:
    """The allow-list is as wanted."""

    attachment_formats: list[AttachmentFormat] = strawberry.field(
        description="All formats that the desk can check, by extension, as they are now."
    )


AttachmentFormatsUpdateResult = Annotated[
    AttachmentFormatsUpdateSuccess | ValidationFailed | NotAllowed,
    strawberry.union(
        "AttachmentFormatsUpdateResult", description="The formats, or why nothing was changed."
    ),
]


@strawberry.type
class FileFormatMutation:
    """Changing which files the desk takes."""

    @strawberry.mutation(
        description="Change which files the desk takes, for all brands. For admins."
    )
    async def attachment_formats_update(
        self, info: Info, input: AttachmentFormatsUpdateInput
    ) -> AttachmentFormatsUpdateResult:
        """Change the allow-list."""
        formats = await file_formats.update(info.context, input.allow, input.refuse)
        return AttachmentFormatsUpdateSuccess(attachment_formats=_shown(formats))
