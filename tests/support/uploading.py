"""Files that people upload, and what they are answered."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import select

from models.attachments import Attachment
from tests.support.desk import Client, World

UPLOAD = """
    mutation ($input: AttachmentUploadCreateInput!) {
      attachmentUploadCreate(input: $input) {
        __typename
        ... on AttachmentUploadCreateSuccess {
          attachment { id filename contentType size url } uploadUrl expiresAt
        }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on FileRefused { reason message }
        ... on LimitReached { limit }
        ... on Unavailable { retryAfterSeconds }
        ... on UserError { code }
      }
    }
"""
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
SEND = """
    mutation ($input: MessageSendInput!) {
      messageSend(input: $input) {
        __typename
        ... on MessageSendSuccess { message { attachments { filename contentType size url } } }
        ... on ValidationFailed { fields { path code } }
        ... on LimitReached { limit }
      }
    }
"""


@dataclass(frozen=True, slots=True)
class Announced:
    """A file that is awaited."""

    id: str
    upload_url: str
    attachment: dict[str, Any]


async def announce(
    client: Client, filename: str = "proof.png", size: int = len(PNG), **more: Any
) -> Announced:
    """Let somebody announce a file."""
    given = {"filename": filename, "contentType": "image/png", "size": size, **more}
    result = await client.act(UPLOAD, input=given)
    assert result["__typename"] == "AttachmentUploadCreateSuccess", result
    return Announced(result["attachment"]["id"], result["uploadUrl"], result["attachment"])


async def put(world: World, file: Announced, content: Any = PNG, **headers: str) -> httpx2.Response:
    """Send the bytes of a file."""
    return await world.http.put(file.upload_url, content=content, headers=headers)


async def upload(
    client: Client,
    filename: str = "proof.png",
    content: bytes = PNG,
    content_type: str = "image/png",
) -> str:
    """Let somebody upload a file; return its id."""
    file = await announce(client, filename, len(content), contentType=content_type)
    answer = await client.http.put(file.upload_url, content=content)
    assert answer.status_code == 201, answer.text
    return file.id


def stored(world: World) -> list[Path]:
    """Return the files in the desk's storage."""
    folder = world.desk.settings.storage_path
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def send(client: Client, ticket: str, *files: str) -> dict[str, Any]:
    given = {"ticketId": ticket, "body": "Here it is", "attachmentIds": files}
    return await client.act(SEND, input=given)


async def rows(world: World) -> list[Attachment]:
    async with world.desk.database.transaction() as session:
        return list(await session.scalars(select(Attachment).order_by(Attachment.id)))
