"""The sample mails of CPython's own tests: what is known to have gone wrong in two decades."""

from pathlib import Path

import pytest

from services.mail.parsing import UnreadableMail, parse_mail
from tests.mail.cpython_samples import NO_MAILS, SAMPLES, WITHOUT_SENDER

WITHOUT_CONTENT = {"msg_08.txt", "msg_09.txt", "msg_12.txt", "msg_12a.txt", "msg_24.txt"}

pytestmark = pytest.mark.skipif(not SAMPLES, reason="this Python came without its own tests")


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.name)
def test_each_sample_is_read_or_no_mail(file: Path) -> None:
    if file.name in NO_MAILS:
        with pytest.raises(UnreadableMail, match="no header of a mail"):
            parse_mail(file.read_bytes())
        return
    parsed = parse_mail(file.read_bytes())

    assert (parsed.sender is None) == (file.name in WITHOUT_SENDER)
    has_content = bool(parsed.text or parsed.html or parsed.attachments)
    assert has_content == (file.name not in WITHOUT_CONTENT)
