"""What is said of a file that somebody wants to hand in."""

from dataclasses import dataclass

from core.errors import FileRefusal


@dataclass(frozen=True, slots=True)
class Accepted:
    """The desk takes the file: under this clean name, and as this type, which is never theirs."""

    filename: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The desk does not take the file. `filename` is clean: it may be shown."""

    filename: str
    reason: FileRefusal


Verdict = Accepted | Refused
