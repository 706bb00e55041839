"""Fixtures of the tests with clients in JavaScript."""

from pathlib import Path

import pytest

from tests.clients.javascript import install


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where the programs are, with what they need."""
    folder = tmp_path_factory.mktemp("clients")
    install(folder)
    return folder
