"""Uploads of files: PUT to a signed link, checked and counted while the bytes arrive."""

import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NoReturn
from uuid import UUID

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.arriving_file import ArrivingFile, BodyIncomplete, BodyStalled, BodyTooLong, ContentRefused
from app.desk import Desk
from app.upload_problems import Problem, Refused
from core.database import is_passing
from core.errors import NotFound, Unavailable
from core.ids import NodeKind, encode_global_id
from models.actors import AUTOMATION
from models.attachments import FILE_BYTES
from services import uploads
from services.files.verdicts import Accepted
from services.unit_of_work import UnitOfWork, unit_of_work
from services.uploads import AlreadyUploaded, AwaitedFile

PREFLIGHT_SECONDS = 600


def upload_route(desk: Desk) -> Route:
    """Return the route to which files are put, from pages of `allowed_origins` as well."""
    return Route("/uploads/{attachment_id:uuid}", _allow_origins(desk, Uploads(desk)))


def _allow_origins(desk: Desk, app: ASGIApp) -> CORSMiddleware:
    return CORSMiddleware(
        app,
        allow_origins=desk.settings.allowed_origins,
        allow_methods=["PUT"],
        allow_headers=["content-type"],
        max_age=PREFLIGHT_SECONDS,
    )


class Uploads:
    """Takes the bytes of announced files."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: 201 with the file, or a problem."""
        request = Request(scope, receive)
        arriving = ArrivingFile(receive)
        try:
            response = await self._take(request, arriving)
        except Refused as refused:
            response = refused.response(request, linger_in=arriving)
        except ClientDisconnect:
            return  # nobody is there to be told
        await response(scope, receive, send)

    async def _take(self, request: Request, arriving: ArrivingFile) -> Response:
        attachment_id: UUID = request.path_params["attachment_id"]
        if request.method != "PUT":
            raise Refused(Problem.METHOD_NOT_ALLOWED)
        if not self._desk.resources.file_links.may_upload(attachment_id, request.query_params):
            raise Refused(Problem.INVALID_LINK)
        length = request.headers.get("content-length")
        _check_length(length, FILE_BYTES, least=0)
        awaited = await self._begin(attachment_id)
        _check_length(length, awaited.size, least=awaited.size)
        accepted = await self._store(awaited, arriving)
        await self._finish(awaited, accepted)
        body = {
            "id": encode_global_id(NodeKind.ATTACHMENT, attachment_id),
            "filename": accepted.filename,
            "contentType": accepted.content_type,
            "size": awaited.size,
        }
        return JSONResponse(body, 201, {"cache-control": "no-store"})

    async def _begin(self, attachment_id: UUID) -> AwaitedFile:
        try:
            async with self._act() as work:
                return await uploads.begin(work, attachment_id)
        except NotFound:
            raise Refused(Problem.NOT_FOUND) from None
        except AlreadyUploaded:
            raise Refused(Problem.ALREADY_UPLOADED) from None

    async def _store(self, awaited: AwaitedFile, arriving: ArrivingFile) -> Accepted:
        try:
            await self._desk.file_storage.write(awaited.storage_key, arriving.pieces(awaited))
        except BodyTooLong as error:
            raise Refused(Problem.TOO_LARGE, limit=awaited.size, actual=error.received) from None
        except BodyIncomplete as error:
            _refuse_incomplete(awaited.size, error.received)
        except BodyStalled as error:
            raise Refused(Problem.STALLED, limit=awaited.size, actual=error.received) from None
        except ContentRefused as error:
            raise Refused(Problem.FILE_REFUSED, reason=error.reason) from None
        except OSError as error:
            is_full = error.errno == errno.ENOSPC
            raise Refused(Problem.STORAGE_FULL if is_full else Problem.UNAVAILABLE) from error
        assert arriving.accepted is not None  # noqa: S101  # all pieces were taken
        return arriving.accepted

    async def _finish(self, awaited: AwaitedFile, accepted: Accepted) -> None:
        try:
            async with self._act() as work:
                await uploads.finish(work, awaited, accepted)
        except AlreadyUploaded:
            with suppress(OSError):  # the job that the later beginning left does it
                await self._desk.file_storage.delete(awaited.storage_key)
            raise Refused(Problem.ALREADY_UPLOADED) from None

    @asynccontextmanager
    async def _act(self) -> AsyncIterator[UnitOfWork]:
        """Begin an act. A database that is away or too busy is a problem that passes."""
        resources = self._desk.resources
        try:
            async with unit_of_work(resources.database, resources.announce, AUTOMATION) as work:
                yield work
        except Exception as error:
            if not is_passing(error):
                raise
            seconds = error.retry_after_seconds if isinstance(error, Unavailable) else None
            raise Refused(Problem.UNAVAILABLE, retry_after_seconds=seconds) from error


def _check_length(content_length: str | None, limit: int, *, least: int) -> None:
    """Refuse a body by what its header says, before any of it is read."""
    if content_length is None:
        return
    length = int(content_length)
    if length > limit:
        raise Refused(Problem.TOO_LARGE, limit=limit, actual=length)
    if length < least:
        _refuse_incomplete(least, length)


def _refuse_incomplete(size: int, received: int) -> NoReturn:
    raise Refused(Problem.INCOMPLETE, limit=size, actual=received) from None
