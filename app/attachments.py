"""Downloads of files by signed links."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import Row, select
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.desk import Desk
from models.attachments import Attachment


def attachment_route(desk: Desk) -> Route:
    """Return the route by which files are downloaded."""

    async def download(request: Request) -> Response:
        attachment_id: UUID = request.path_params["attachment_id"]
        expires = request.query_params.get("expires", "")
        signature = request.query_params.get("signature", "")
        if not desk.file_links.is_valid(attachment_id, expires, signature):
            return PlainTextResponse("This link is not valid, or no longer.\n", 403)
        async with desk.database.reading() as connection:
            found = await connection.execute(
                select(Attachment.__table__).where(Attachment.id == attachment_id)
            )
        attachment = found.one_or_none()
        if attachment is None:
            return PlainTextResponse("There is no such file.\n", 404)
        try:
            content = await desk.file_storage.read(attachment.storage_key)
        except FileNotFoundError:
            return PlainTextResponse("There is no such file.\n", 404)
        return StreamingResponse(
            content, media_type=attachment.content_type, headers=_headers(attachment)
        )

    return Route("/attachments/{attachment_id:uuid}", download)


def _headers(attachment: Row[Any]) -> dict[str, str]:
    """Return headers that make a browser save the file, and never run it."""
    return {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(attachment.filename)}",
        "content-length": str(attachment.size),
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
        "referrer-policy": "no-referrer",
    }
