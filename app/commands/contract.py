"""`starling schema print`."""

import difflib
import sys
from pathlib import Path

from app.commands.running import CommandFailed
from core.settings import PROJECT_ROOT
from schema.schema import build_schema

SCHEMA_FILE = PROJECT_ROOT / "schema" / "schema.graphql"


def print_schema(*, check: bool = False, path: Path = SCHEMA_FILE) -> None:
    """Write the schema of the API to its file.

    Parameters
    ----------
    check
        Write nothing; fail, and show the differences, if the file is not up to date.
    path
        The file.

    """
    printed = build_schema().as_str() + "\n"
    if check:
        _require_same(path, printed)
    else:
        path.write_text(printed)


def _require_same(path: Path, printed: str) -> None:
    written = path.read_text() if path.exists() else ""
    if written == printed:
        return
    old, new = written.splitlines(keepends=True), printed.splitlines(keepends=True)
    sys.stdout.writelines(difflib.unified_diff(old, new, str(path), "the schema of this code"))
    raise CommandFailed(f"{path} is not up to date. Run: ./starling schema print")
