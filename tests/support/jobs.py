"""Jobs that are due, done when a test says so."""

from app.worker import job_handlers
from services import jobs
from services.jobs import JobOutcome
from tests.support.desk import World


async def do_jobs(world: World, *kinds: str) -> None:
    """Do all jobs that are due, and those that they ask for."""
    while await do_a_job(world, *kinds):
        pass


async def do_a_job(world: World, *kinds: str) -> bool:
    """Do a job that is due, of these kinds or of any; tell whether there was one."""
    database, handlers = world.desk.database, job_handlers(world.desk)
    claimed = await jobs.claim(database, kinds or handlers.keys(), 1)
    for job in claimed:
        assert await jobs.run(database, job, handlers[job.kind]) is JobOutcome.FINISHED
    return bool(claimed)
