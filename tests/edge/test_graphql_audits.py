"""The audits of the GraphQL-over-HTTP draft that the npm package graphql-http brings."""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.edge.conftest import LiveDesk

AUDITS = Path(__file__).parent / "audits"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def run(folder: Path, *command: str) -> tuple[int, str]:
    """Run a command, and return its exit status and what it said."""
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(60):
        output, complaints = await process.communicate()
    assert process.returncode is not None
    return process.returncode, (output or complaints).decode()


async def install_audits(folder: Path) -> None:
    """Fill an empty folder with the audits and what they need."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("The audits of graphql-http need node and npm: install them to run these.")
    shutil.copytree(AUDITS, folder, dirs_exist_ok=True)
    quietly = ("--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund")
    status, output = await run(folder, "npm", "ci", *quietly)
    if status:
        pytest.skip(f"npm could not install graphql-http: {output}")


async def test_every_must_and_should_of_the_draft_is_met(live: LiveDesk, tmp_path: Path) -> None:
    await install_audits(tmp_path)

    status, output = await run(tmp_path, "node", "audit.mjs", f"{live.url}/graphql")

    assert status == 0, output
    results = [json.loads(line) for line in output.splitlines()]
    assert len(results) > 50
    assert [result for result in results if result["status"] != "ok"] == []
