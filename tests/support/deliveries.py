"""A desk whose mail goes to a real server, and a worker that delivers when it is told to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from app.desk import Desk
from app.worker import job_handlers
from core import clock
from core.ids import decode_global_id
from models.attachments import Attachment
from models.brands import Brand
from models.events import Event
from models.jobs import Job
from models.messages import Message
from services import jobs
from services.mail.smtp import SmtpServer, SmtpTransport
from services.mail.transport import MailTransport
from services.outgoing_mail.queue import DELIVER
from tests.support.desk import World
from tests.support.smtp_server import MailServer, mail_server

MESSAGE = """
    id channel
    delivery { state recipient reason detail attempts nextTryAt sentAt undoUntil }
"""
SEND = f"""
    mutation ($input: MessageSendInput!) {{
      messageSend(input: $input) {{
        __typename ... on MessageSendSuccess {{ message {{ {MESSAGE} }} }}
      }}
    }}
"""
UNDO = f"""
    mutation ($id: ID!) {{
      messageUndo(input: {{messageId: $id}}) {{
        __typename ... on UserError {{ code words: message }}
        ... on MessageUndoSuccess {{
          message {{ {MESSAGE} }} ticket {{ firstResponseAt version messageCount }}
        }}
      }}
    }}
"""
RETRY = f"""
    mutation ($id: ID!) {{
      messageRetry(input: {{messageId: $id}}) {{
        __typename ... on UserError {{ code }}
        ... on MessageRetrySuccess {{ message {{ {MESSAGE} }} }}
      }}
    }}
"""
READ = f"query ($id: ID!) {{ node(id: $id) {{ ... on Message {{ {MESSAGE} }} }} }}"


@dataclass(frozen=True, slots=True)
class PostOffice:
    """The desk `world`, and the server that its mail goes to."""

    world: World
    server: MailServer
    desk: Desk

    async def send(self, ticket: str, body: str = "On its way.", **more: Any) -> str:
        """Let Ayse answer; return the message's id."""
        given = {"ticketId": ticket, "body": body, **more}
        result = await self.world.ayse.act(SEND, input=given)
        return str(result["message"]["id"])

    async def delivery(self, message: str) -> dict[str, Any]:
        """Return how far a message has come."""
        found = await self.world.ayse.ask(READ, id=message)
        delivery: dict[str, Any] = found["node"]["delivery"]
        return delivery

    async def deliver(self) -> None:
        """Do all jobs of mail that there are, also those that are to wait."""
        database = self.desk.database
        async with database.transaction() as session:
            due = clock.now() - timedelta(seconds=1)
            await session.execute(
                update(Job).where(Job.kind == DELIVER, Job.finished_at.is_(None)).values(run_at=due)
            )
            put_off = Message.delivery_next_try_at.is_not(None)
            await session.execute(update(Message).where(put_off).values(delivery_next_try_at=due))
        for job in await jobs.claim(database, [DELIVER], 10):
            await jobs.run(database, job, self.handler)

    async def deliver_one(self, message: str) -> None:
        """Do the job of a message as a worker does that says nothing of its end."""
        await self.handler.do(payload_of(message))

    async def let_wait(self, message: str, pause: timedelta) -> None:
        """Let a message that was put off wait for so long from now."""
        async with self.desk.database.transaction() as session:
            row = await session.get_one(Message, decode_global_id(message)[1])
            row.delivery_next_try_at = clock.now() + pause

    @property
    def handler(self) -> jobs.JobHandler:
        """What the worker does with the job of a message."""
        return job_handlers(self.desk)[DELIVER]

    async def queued(self) -> int:
        """Return how many jobs of mail are to be done."""
        waiting = select(Job.id).where(Job.kind == DELIVER, Job.finished_at.is_(None))
        async with self.desk.database.reading() as connection:
            return len((await connection.execute(waiting)).all())

    async def events(self) -> int:
        """Return how often a change of a delivery was told."""
        told = select(func.count()).where(Event.type == "DeliveryChanged")
        return int((await self.values(told))[0])

    async def values(self, statement: Any) -> list[Any]:
        """Return what a statement selects."""
        async with self.desk.database.reading() as connection:
            return list((await connection.execute(statement)).scalars())

    async def attach(self, message: str, key: str = "aa/bb/file") -> bytes:
        """Let a file go with a message; return what it holds."""
        content = b"%PDF-1.7"
        await self.desk.file_storage.put(key, content)
        async with self.desk.database.transaction() as session:
            session.add(
                Attachment(
                    message_id=decode_global_id(message)[1],
                    filename="Fatura.pdf",
                    content_type="application/pdf",
                    size=len(content),
                    storage_key=key,
                    created_at=clock.now(),
                )
            )
        return content

    async def set_brand(self, **values: Any) -> None:
        """Change what the brand says."""
        async with self.desk.database.transaction() as session:
            acme = Brand.id == self.world.acme.id
            await session.execute(update(Brand).where(acme).values(**values))


@asynccontextmanager
async def post_office(
    world: World, transport: MailTransport | None = None
) -> AsyncIterator[PostOffice]:
    """Run a mail server for the brand Acme, desk@acme.example."""
    async with mail_server() as server:
        to_server = SmtpTransport(SmtpServer.of_url(server.url))
        desk = replace(world.desk, mail_transport=transport or to_server)
        office = PostOffice(world, server, desk)
        await office.set_brand(email="desk@acme.example")
        yield office


def payload_of(message: str) -> jobs.Payload:
    """Return what the job of a message is about."""
    return {"message_id": decode_global_id(message)[1].hex}
