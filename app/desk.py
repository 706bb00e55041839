"""What one process of Starling runs on: its database, its hub and its bell, wired together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

from sqlalchemy import select

from app.file_storage import open_file_storage
from app.mail_transport import open_mail_transport
from app.setting_up import has_demo
from core.database import Database
from core.secrets import SecretBox
from core.settings import Settings
from models.installation import Installation
from resolvers.scope import Resources
from services.calls.addresses import AddressGuard
from services.calls.client import GuardedClient
from services.calls.network import Resolver
from services.chats import STARTS_AT_ONCE
from services.few_at_once import FewAtOnce
from services.file_links import FileLinks
from services.live_chats.transcripts import WRITTEN_AT_ONCE
from services.live_viewers import LiveViewers
from services.lookups.runs import RUNS_AT_ONCE, CallbackRuns
from services.mail.reply_addresses import ReplyAddresses
from services.mail.transport import MailTransport
from services.outgoing_events.calls import LOOK_UPS_AT_ONCE, WebhookCalls
from services.storage.file_storage import FileStorage
from subscriptions.access import Access
from subscriptions.log.bell import Bell
from subscriptions.log.database_log import DatabaseLog
from subscriptions.log.hub import Hub
from subscriptions.log.memory_backend import MemoryBackend, MemoryExchange
from subscriptions.log.redis_backend import RedisBackend
from subscriptions.presence.memory_store import MemoryPresence
from subscriptions.presence.online_agents import OnlineAgents
from subscriptions.presence.presence import Presence
from subscriptions.presence.redis_store import RedisPresence
from subscriptions.presence.roll_call import RollCall
from subscriptions.presence.steady_store import SteadyPresence
from subscriptions.streams import Streams

# Reading the log and checking access must not wait behind slow searches of others.
LIVE_CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Desk:
    """A running desk. `has_demo` tells whether the demo's people can sign in."""

    settings: Settings
    database: Database
    hub: Hub
    bell: Bell
    viewers: LiveViewers
    resources: Resources
    file_storage: FileStorage
    mail_transport: MailTransport
    reply_addresses: ReplyAddresses
    has_demo: bool


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """Connect to a migrated database and, where there is one, to Redis; disconnect at the end."""
    database = Database(
        settings.database_url,
        read_connections=settings.read_connections,
        write_connections=settings.write_connections,
    )
    live_database = Database(
        settings.database_url, read_connections=LIVE_CONNECTIONS, write_connections=1
    )
    # Names of webhooks that nobody finds must hold up no agent's callback.
    resolver, webhook_resolver = Resolver(RUNS_AT_ONCE), Resolver(LOOK_UPS_AT_ONCE)
    try:
        async with database.reading() as connection:
            installation = (await connection.execute(select(Installation.__table__))).one()
        hub = Hub(DatabaseLog(live_database))
        backend = (
            RedisBackend(settings.redis_url)
            if settings.redis_url
            else MemoryBackend(MemoryExchange())
        )
        # Installations that share a Redis server have different event logs.
        namespace = f"starling:{installation.epoch}"
        bell = Bell(backend, hub, namespace)
        presence = Presence(
            SteadyPresence(RedisPresence(settings.redis_url, namespace))
            if settings.redis_url
            else MemoryPresence()
        )
        viewers = LiveViewers(live_database)
        guard = AddressGuard(settings.callback_allowed_networks)
        client = GuardedClient(resolver, guard, settings.callback_ca_file)
        webhook_client = GuardedClient(webhook_resolver, guard, settings.callback_ca_file)
        secrets = SecretBox(settings.secrets_keys)
        online = OnlineAgents()
        roll_call = (
            RollCall(settings.redis_url, online, namespace) if settings.redis_url else nullcontext()
        )
        streams = Streams(
            open_stream=hub.open,
            epoch=installation.epoch,
            access=Access(live_database),
            presence=presence,
            online_agents=online,
        )
        async with hub, bell, presence, viewers, roll_call:
            yield Desk(
                settings=settings,
                database=database,
                hub=hub,
                bell=bell,
                viewers=viewers,
                resources=Resources(
                    database=database,
                    announce=bell.ring,
                    epoch=installation.epoch,
                    file_links=FileLinks(installation.secret),
                    streams=streams,
                    chat_starts=FewAtOnce(STARTS_AT_ONCE),
                    transcripts=FewAtOnce(WRITTEN_AT_ONCE),
                    secrets=secrets,
                    callbacks=CallbackRuns(client),
                    webhooks=WebhookCalls(webhook_client, guard, secrets),
                ),
                file_storage=open_file_storage(settings),
                mail_transport=open_mail_transport(settings, database),
                reply_addresses=ReplyAddresses(installation.secret, settings.mail_reply_address),
                has_demo=await has_demo(database),
            )
    finally:
        resolver.close()
        webhook_resolver.close()
        await live_database.close()
        await database.close()
