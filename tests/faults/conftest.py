"""Fixtures of the scenarios, which share one stage: each finds it whole again."""

from collections.abc import Iterator

import pytest

from tests.faults.report import Promise, Report
from tests.faults.sizes import Size, chosen_size
from tests.faults.stage import Stage, set_up
from tests.support.servers import start_own_postgres, start_own_redis

REPORT = pytest.StashKey[Report]()


@pytest.fixture(scope="session")
def size() -> Size:
    return chosen_size()


@pytest.fixture(scope="session")
def shared_stage(size: Size) -> Iterator[Stage]:
    # Without it, what was committed within the last moments before a crash is gone, and its places
    # in the log are given to others. Installations keep PostgreSQL's default, which is this.
    with (
        start_own_postgres(synchronous_commit="on") as postgres,
        start_own_redis() as redis,
        set_up(postgres, redis, size) as stage,
    ):
        yield stage


@pytest.fixture
def stage(shared_stage: Stage) -> Stage:
    """Two web processes, both of which serve, on servers that run."""
    shared_stage.mend()
    return shared_stage


@pytest.fixture
def promise(request: pytest.FixtureRequest, size: Size) -> Promise:
    """What is stated of this scenario's delays."""
    report = request.config.stash.setdefault(REPORT, Report())
    name = request.node.name.removeprefix("test_").replace("_", " ")
    return Promise(report, name, size.allowance_seconds)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    report = config.stash.get(REPORT, None)
    if report is not None:
        terminalreporter.section("delays from the act to the news")
        for row in report.rows:
            terminalreporter.write_line(row)
