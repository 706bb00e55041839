"""A bucket in a storage that speaks S3: moto's server, in a process of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from signal import SIGTERM
from urllib.error import URLError
from urllib.request import Request, urlopen

from services.storage.bucket_storage import Bucket
from tests.support.processes import ServerProcess, free_port, scratch_directory

NAME = "starling-files"


@dataclass(frozen=True, slots=True)
class BucketServer:
    """A running storage with one bucket; `endpoint` is its address."""

    endpoint: str

    @property
    def bucket(self) -> Bucket:
        """The bucket, as settings describe it."""
        return Bucket(NAME, "desk", "us-east-1", self.endpoint, "key", "secret", allows_http=True)


@contextmanager
def bucket_server() -> Iterator[BucketServer]:
    """Start a storage with an empty bucket, and end it."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))

    def is_ready() -> bool:
        try:
            with urlopen(f"{endpoint}/moto-api/", timeout=1):  # our own address
                return True
        except (URLError, ConnectionError, TimeoutError):
            return False

    with scratch_directory() as directory:
        server = ServerProcess(command, directory, is_ready=is_ready, stop_signal=SIGTERM)
        try:
            with urlopen(Request(f"{endpoint}/{NAME}", method="PUT")):  # as above
                yield BucketServer(endpoint)
        finally:
            server.stop()
