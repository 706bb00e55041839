"""What tests of rules have in common."""

import pytest

from tests.automation.workshop import Workshop
from tests.support.desk import World


@pytest.fixture
def shop(world: World) -> Workshop:
    return Workshop(world)
