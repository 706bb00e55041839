"""The sample mails of CPython's own tests, if this Python brought them along."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path


def samples() -> list[Path]:
    """The samples, if this Python brought its tests along."""
    if find_spec("test") is None or find_spec("test.test_email") is None:
        return []
    package = import_module("test.test_email")
    return sorted(Path(package.__path__[0], "data").glob("*.txt"))


SAMPLES = samples()
# Two lists of header fields that no mail has, and four trees of parts without any header.
NO_MAILS = {f"msg_{number}.txt" for number in (18, 19, 37, 38, 39, 40)}
WITHOUT_SENDER = {"msg_05.txt", "msg_11.txt", "msg_43.txt"}
