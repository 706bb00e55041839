"""Messages that agents write, and files for them."""

from core import clock
from core.ids import NodeKind, encode_global_id
from models.actors import ActorKind
from models.attachments import Attachment
from tests.support.desk import World

SEND = """
    mutation ($input: MessageSendInput!) {
      messageSend(input: $input) {
        __typename
        ... on MessageSendSuccess {
          message {
            id body direction channel author { ... on Agent { name } }
            attachments { filename contentType size url } delivery { state recipient }
          }
          ticket { status version messageCount firstResponseAt lastMessage { id } }
        }
        ... on ValidationFailed { fields { path code limit actual } }
        ... on LimitReached { limit }
        ... on NewActivity { items {
          __typename ... on Message { body } ... on Note { body }
        } }
        ... on UserError { code }
      }
    }
"""


async def upload(world: World, *filenames: str) -> list[str]:
    now = clock.now()
    files = [
        Attachment(
            filename=name,
            content_type="text/plain",
            size=3,
            storage_key=name,
            uploader_kind=ActorKind.AGENT,
            uploader_id=world.agents["ayse"].id,
            created_at=now,
        )
        for name in filenames
    ]
    async with world.desk.database.transaction() as session:
        for file in files:
            session.add(file)
            await session.flush()
    return [encode_global_id(NodeKind.ATTACHMENT, file.id) for file in files]
