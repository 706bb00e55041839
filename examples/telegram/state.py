"""What outlives the process: how far Telegram's queue was read, and what has arrived of answers."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass
class Sending:
    """A message on its way: how many of its parts have arrived, and where the first of them is.

    `attempt` is the request of the desk of which it has not been told the end yet, if there is one.
    """

    attempt: int | None
    parts: int
    arrived: int = 0
    place: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all of it has arrived."""
        return self.arrived == self.parts


class State:
    """One small file, written before and after whatever cannot be done twice."""

    def __init__(self, file: Path) -> None:
        self._file = file
        kept = json.loads(file.read_text()) if file.exists() else {}
        self._offset: int | None = kept.get("offset")
        self.sending = {
            message_id: Sending(**each) for message_id, each in kept.get("sending", {}).items()
        }

    @property
    def offset(self) -> int | None:
        """The first update of Telegram's queue that the desk may not have."""
        return self._offset

    @offset.setter
    def offset(self, offset: int) -> None:
        if offset != self._offset:
            self._offset = offset
            self._save()

    def begin(self, message_id: str, attempt: int, parts: int) -> Sending:
        """Write down that a message is about to be sent, but for what arrived of it before."""
        sending = self.sending.setdefault(message_id, Sending(attempt, parts))
        sending.attempt, sending.parts = attempt, parts
        self._save()
        return sending

    def arrive(self, message_id: str, place: str) -> None:
        """Write down that another part has arrived."""
        sending = self.sending[message_id]
        sending.arrived += 1
        sending.place = sending.place or place
        self._save()

    def end(self, message_id: str) -> None:
        """Write down that the desk knows; what has arrived in part is kept for another attempt."""
        sending = self.sending.get(message_id)
        if sending is None:
            return
        sending.attempt = None
        if sending.is_whole or not sending.arrived:
            del self.sending[message_id]
        self._save()

    def _save(self) -> None:
        """Write the file, whole or not at all."""
        sending = {message_id: asdict(each) for message_id, each in self.sending.items()}
        draft = self._file.with_suffix(".new")
        with draft.open("w") as out:
            json.dump({"offset": self._offset, "sending": sending}, out)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self._file)
