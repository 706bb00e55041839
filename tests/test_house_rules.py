"""Rules of the house that neither the linter nor the layers of imports can express.

Each says where something may stand, and why nowhere else; an example shows that it bites.
"""

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = (
    *("app", "schema", "resolvers", "subscriptions", "services", "models", "core"),
    "migrations",
)
TESTS = ("tests", "bench")
_TEST_MODULE = re.compile(r"tests\.(\w+\.)*test_")


def _names_attribute(*names: str) -> Callable[[ast.AST], bool]:
    def matches(node: ast.AST) -> bool:
        if isinstance(node, ast.ImportFrom):
            return any(imported.name in names for imported in node.names)
        return isinstance(node, ast.Attribute) and node.attr in names

    return matches


def _calls_method(*names: str) -> Callable[[ast.AST], bool]:
    def matches(node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in names
        )

    return matches


def _calls(*functions: str) -> Callable[[ast.AST], bool]:
    def matches(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and ast.unparse(node.func) in functions

    return matches


def _imports_test_module(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(_TEST_MODULE.match(imported.name) for imported in node.names)
    return isinstance(node, ast.ImportFrom) and any(
        _TEST_MODULE.match(f"{node.module}.{imported.name}") for imported in node.names
    )


@dataclass(frozen=True)
class HouseRule:
    """Code that only one file of some packages may hold, if any."""

    name: str
    reason: str
    matches: Callable[[ast.AST], bool]
    only_in: str | None
    example: str
    packages: tuple[str, ...] = PRODUCT


RULES = [
    HouseRule(
        name="only the settings read the environment",
        reason="a setting read elsewhere is one that nobody can find, document or set in a test",
        matches=_names_attribute("environ", "environb", "getenv", "getenvb"),
        only_in="core/settings.py",
        example="import os\nport = os.getenv('PORT')",
    ),
    HouseRule(
        name="only the unit of work commits",
        reason="rows, events and jobs of one act are written together or not at all",
        matches=_calls_method("commit"),
        only_in="core/database.py",
        example="async def star(session):\n    await session.commit()",
    ),
    HouseRule(
        name="only the clock tells the time",
        reason="a test can set one clock, and no row or event may bear a time of its own",
        matches=_calls("datetime.now", "datetime.datetime.now", "datetime.today", "time.time"),
        only_in="core/clock.py",
        example="closed_at = datetime.now(UTC)",
    ),
    HouseRule(
        name="pages have no offset",
        reason="an offset counts rows that others add and remove meanwhile: pages skip and repeat",
        matches=_calls_method("offset"),
        only_in=None,
        example="statement.limit(25).offset(50)",
    ),
    HouseRule(
        name="no test module is imported",
        reason="what several of them need is found in a module named after its noun",
        matches=_imports_test_module,
        only_in=None,
        example="from tests.mail.test_bounces import bounce",
        packages=TESTS,
    ),
]
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def offences(rule: HouseRule, source: str, path: str) -> Iterable[str]:
    if path == rule.only_in:
        return
    for node in ast.walk(ast.parse(source, path)):
        if rule.matches(node):
            yield f"{path}:{getattr(node, 'lineno', 0)}: {rule.name}, because {rule.reason}"


@every_rule
def test_packages_keep(rule: HouseRule) -> None:
    found = [
        offence
        for package in rule.packages
        for file in sorted((ROOT / package).rglob("*.py"))
        for offence in offences(rule, file.read_text(), file.relative_to(ROOT).as_posix())
    ]

    assert found == []


@every_rule
def test_example_is_found_outside_the_one_file(rule: HouseRule) -> None:
    assert len(list(offences(rule, rule.example, "services/favorites.py"))) == 1


@every_rule
def test_example_is_accepted_in_the_one_file(rule: HouseRule) -> None:
    if rule.only_in is not None:
        assert list(offences(rule, rule.example, rule.only_in)) == []
        assert (ROOT / rule.only_in).is_file()


def test_importing_from_os_is_reading_the_environment() -> None:
    source = "from os import environ\n"

    assert len(list(offences(RULES[0], source, "app/server.py"))) == 1


# The whole grammar of a lock: a version of a package, perhaps for some machines only, and hashes.
# A lock that names a mirror or a directory would work on the machine that wrote it, and only there.
_LOCK_LINE = re.compile(
    r"""
    [a-z0-9-]+ == [^\s;@/]+ (\ ;\ [^:/]+)? \ \\
    | \ {4} --hash=sha256:[0-9a-f]{64} (\ \\)?
    """,
    re.VERBOSE,
)


def foreign_lines(lock: str) -> list[str]:
    return [line for line in lock.splitlines() if not _LOCK_LINE.fullmatch(line)]


@pytest.mark.parametrize("name", ["uv", "runtime", "test", "check"])
def test_lock_names_packages_and_hashes_only(name: str) -> None:
    assert foreign_lines((ROOT / "requirements" / f"{name}.txt").read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://mirror.example/simple",
        "--find-links /opt/wheels",
        "nh3 @ https://mirror.example/nh3-0.3.8.tar.gz",
        "nh3==0.3.8",
        "    # via starling",
    ],
)
def test_anything_else_in_a_lock_is_found(line: str) -> None:
    good = f"nh3==0.3.8 \\\n    --hash=sha256:{'0' * 64}\n"

    assert foreign_lines(f"{good}{line}\n") == [line]
