from pathlib import Path
from sqlalchemy import event
from tests.desk import World
from tests.test_messages import receive, send
from tests.test_tickets import update, CLOSE
from tests.test_notes import add
from tests.test_favorites import ADD as STAR


async def test_count(world: World) -> None:
    statements = []
    lines = []
    engine = world.desk.database._writer.sync_engine
    event.listen(engine, "before_cursor_execute", lambda c, cur, s, *_: statements.append(s))
    async def step(name, awaitable):
        statements.clear()
        await awaitable
        lines.append(f"## {name} {len(statements)}")
        for s in statements: lines.append("   "+ " ".join(s.split())[:150])
    message, ticket = await world.receive()
    await step("receive new", receive(world.admin, world))
    await step("receive known", receive(world.admin, world))
    await step("receive known ext", receive(world.admin, world, externalId="4"))
    await step("send", send(world.ayse, ticket))
    await step("send idem", send(world.ayse, ticket, idempotencyKey="s"))
    await step("note", add(world.ayse, ticketId=ticket))
    await step("update", update(world.ayse, ticket, 2, title="xx"))
    await step("star", world.ayse.act(STAR, item=message))
    await step("star again", world.ayse.act(STAR, item=message))
    await step("close", world.ayse.act(CLOSE, ticket=ticket))
    await step("close again", world.ayse.act(CLOSE, ticket=ticket))
    Path("/tmp/scratch/out.txt").write_text("\n".join(lines))
