"""What the documentation shows of the API is what the API takes: whoever pastes it can send it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import NoUnusedFragmentsRule, parse, specified_rules, validate

from tests.support.contract import printed_schema

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```graphql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A page may show a part of a document: a fragment that other documents are to use.
RULES = [rule for rule in specified_rules if rule is not NoUnusedFragmentsRule]


def documents() -> Iterator[object]:
    """Give every GraphQL document of the pages, named by its page and line."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = page.read_text()
        for block in BLOCK.finditer(text):
            line = text.count("\n", 0, block.start()) + 1
            yield pytest.param(block[1], id=f"{page.relative_to(ROOT)}:{line}")


@pytest.mark.parametrize("document", list(documents()))
def test_a_document_of_the_pages_is_valid(document: str) -> None:
    assert validate(printed_schema(), parse(document), RULES) == []
