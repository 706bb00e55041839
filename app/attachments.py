"""Downloads of files by signed links: who holds the link must have the right to the file now."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.byte_ranges import Part, is_held_already, requested_part
from app.desk import Desk
from core.database import is_passing
from resolvers import attachments
from resolvers.scope import open_scope
from services.file_links import Holder
from services.file_viewers import viewer_of

_NOT_FOUND = "There is no such file.\n"
_RETRY_SECONDS = "10"


def attachment_route(desk: Desk) -> Route:
    """Return the route by which files are downloaded."""

    async def download(request: Request) -> Response:
        attachment_id: UUID = request.path_params["attachment_id"]
        holder = desk.resources.file_links.downloader(attachment_id, request.query_params)
        if holder is None:
            return PlainTextResponse("This link is not valid, or no longer.\n", 403)
        try:
            attachment = await _find(desk, attachment_id, holder)
        except Exception as error:
            if not is_passing(error):
                raise
            return _unavailable("The database")
        if attachment is None:
            return PlainTextResponse(_NOT_FOUND, 404)
        return await _answer(desk, request, attachment)

    return Route("/attachments/{attachment_id:uuid}", download, methods=["GET"])


async def _find(desk: Desk, attachment_id: UUID, holder: Holder) -> Row[Any] | None:
    """Return a file whose bytes are here, if the holder of a link to it may see it now."""
    viewer = await viewer_of(desk.database, holder)
    if viewer is None:
        return None
    async with open_scope(desk.resources, viewer) as scope:
        seen = (await attachments.by_id(scope, [attachment_id], None, None)).get(attachment_id)
    return seen if seen is not None and seen.awaited_until is None else None


async def _answer(desk: Desk, request: Request, attachment: Row[Any]) -> Response:
    headers = _headers(attachment)
    if is_held_already(request.headers, headers["etag"]):
        return Response(status_code=304, headers=headers)
    part = requested_part(request.headers, attachment.size, headers["etag"])
    if part is None:
        return Response(
            status_code=416,
            headers={**headers, "content-range": f"bytes */{attachment.size}"},
        )
    headers |= {"content-length": str(part.length)}
    if not part.is_all:
        headers |= {"content-range": f"bytes {part.start}-{part.end - 1}/{attachment.size}"}
    status = 200 if part.is_all else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=attachment.content_type)
    return await _stream(desk, attachment, part, status, headers)


async def _stream(
    desk: Desk, attachment: Row[Any], part: Part, status: int, headers: dict[str, str]
) -> Response:
    try:
        content = await desk.file_storage.read(attachment.storage_key, part.start, part.end)
    except FileNotFoundError:
        return PlainTextResponse(_NOT_FOUND, 404)
    except OSError:
        return _unavailable("The storage of files")
    return StreamingResponse(content, status, headers, media_type=attachment.content_type)


def _unavailable(what: str) -> Response:
    text = f"{what} does not answer. Try again.\n"
    return PlainTextResponse(text, 503, {"retry-after": _RETRY_SECONDS})


def _headers(attachment: Row[Any]) -> dict[str, str]:
    """Return headers that make a browser save the file, and never run it."""
    return {
        "content-disposition": content_disposition(attachment.filename),
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
        "referrer-policy": "no-referrer",
        "accept-ranges": "bytes",
        # The bytes of a file never change.
        "etag": f'"{attachment.id.hex}"',
    }


def content_disposition(filename: str) -> str:
    """Return the header by which a file is saved under its name (RFC 6266).

    Programs that know `filename*` take that; the others get what is left of the name in ASCII.
    """
    plain = "".join(one if _is_plain(one) else "_" for one in filename)
    if plain == filename:
        return f'attachment; filename="{filename}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _is_plain(character: str) -> bool:
    # RFC 6266, appendix D: some programs decode %XX in the plain name.
    return character.isascii() and character.isprintable() and character not in '"\\%'
