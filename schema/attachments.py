"""Files: on messages, notes, drafts and templates, and on their way there."""

from datetime import datetime
from typing import Annotated

import strawberry

from core.ids import NodeKind
from models import attachments as rows
from resolvers import attachments
from resolvers.audiences import personal
from schema.errors import (
    FileRefused,
    IdempotencyKeyReused,
    LimitReached,
    NotAllowed,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from schema.fields import Info, column, derived, derived_in_scope
from schema.inputs import IDEMPOTENCY_KEY
from schema.nodes import FromRow, Node, node_id
from schema.registry import register
from services.uploads import NewUpload


@strawberry.type(
    description="A file: it stands on a message, an inline note, a draft or a template, or was "
    "uploaded and stands nowhere yet."
)
class Attachment(FromRow, Node):
    """A file."""

    id: strawberry.ID = node_id(NodeKind.ATTACHMENT)
    filename: str = column(
        "What the file is called: a clean name, which may differ from the one it was sent under. "
        "A picture, sound or film that is of another format than its name said has the extension "
        "of its own."
    )
    content_type: str = column(
        "Its media type, such as image/png, by its name and content and not by what was declared."
    )
    size: int = column("Its size in bytes, at most 20,971,520 (20 × 1024 × 1024).")
    url: str = derived_in_scope(
        "Where you download it: a path at the address of this API, opened without a token. The "
        "link is signed, made for you, and works for five minutes, as long as you may see the "
        "file: ask for it when somebody clicks, and do not keep it. A subscription that selects "
        "it is worked out for each subscriber alone; better select the `id`, and later "
        "`node(id:)`.",
        # It names who it was made for.
        personal(lambda row, scope: scope.resources.file_links.download_link(row.id, scope.viewer)),
        needs=("id",),
    )
    content_id: str | None = column(
        "By which name the `bodyHtml` of its mail shows it: as `cid:` and this name, in which some "
        "characters may be percent-encoded there. Null for what was not in a mail, or has no name."
    )
    created_at: datetime = column("When it was uploaded, or when the mail came that it was in.")


register(NodeKind.ATTACHMENT, Attachment, rows.Attachment, attachments.by_id)


@strawberry.input(description="A file that you are about to upload.")
class AttachmentUploadCreateInput:
    """A file that you are about to upload."""

    filename: str = strawberry.field(
        description="What it is called, with its extension, which must be on the list of allowed "
        "formats. Paths, control characters and the like are taken out."
    )
    content_type: str = strawberry.field(
        description="Its media type as you know it, such as `file.type` in a browser; "
        "application/octet-stream where you do not. It decides nothing: name and content do."
    )
    size: int = strawberry.field(
        description="How many bytes you will send: exactly these are taken. At least 1, at most "
        "20,971,520."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.type(description="The file is awaited: send its bytes.")
class AttachmentUploadCreateSuccess(FromRow):
    """The file is awaited."""

    attachment: Attachment = derived(
        "The file. Name its `id` in `attachmentIds` once its bytes have been taken; a file that "
        "stands nowhere within 24 hours is removed.",
        Attachment.from_row,
        needs=(),
    )
    upload_url: str | None = derived_in_scope(
        "Where the bytes go, by one HTTP PUT without a token: a path at the address of this API. "
        "Null where they are here already, as when a call is retried with its idempotencyKey.",
        personal(
            lambda row, scope: (
                row.awaited_until
                and scope.resources.file_links.upload_link(row.id, row.awaited_until)
            )
        ),
        needs=(),
    )
    expires_at: datetime | None = derived(
        "Until when the bytes are awaited, an hour after the call; null where they are here.",
        lambda row: row.awaited_until,
        needs=(),
    )


AttachmentUploadCreateResult = Annotated[
    AttachmentUploadCreateSuccess
    | ValidationFailed
    | FileRefused
    | NotAllowed
    | NotFound
    | LimitReached
    | IdempotencyKeyReused
    | Unavailable,
    strawberry.union(
        "AttachmentUploadCreateResult", description="Where to send the file, or why not."
    ),
]


@strawberry.type
class AttachmentMutation:
    """What is done with files."""

    @strawberry.mutation(
        description="Announce a file; then PUT its bytes to `uploadUrl`, then name its `id` in "
        "`attachmentIds`. The answer to the PUT is 201, or a problem as JSON: "
        "`{ code message limit actual }` (docs/files.md). At most 100 files of yours may stand "
        "nowhere at a time. For agents, and for integrations that may write messages or notes. "
        "Customers of chats upload files for their own chat, within narrower limits "
        "(docs/chats.md)."
    )
    async def attachment_upload_create(
        self, info: Info, input: AttachmentUploadCreateInput
    ) -> AttachmentUploadCreateResult:
        """Announce a file."""
        new = NewUpload(input.filename, input.content_type, input.size)
        row = await attachments.upload(info.context, new, input.idempotency_key)
        return AttachmentUploadCreateSuccess(row=row)
