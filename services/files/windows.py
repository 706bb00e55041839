"""Looking for patterns in bytes that come in chunks, wherever the cuts are."""


class Window:
    """Shows each chunk together with the end of what came before it.

    A pattern of at most `overlap` bytes is whole in at least one window, and may be in two.
    """

    def __init__(self, overlap: int) -> None:
        self._overlap = overlap
        self._rest = b""

    def slide(self, chunk: bytes) -> bytes:
        """Return the window that ends with `chunk`."""
        window = self._rest + chunk
        self._rest = window[-self._overlap :]
        return window


class Tail:
    """Keeps the last `length` bytes of all that was fed, and counts them all."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._kept = bytearray()
        self.size = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.size += len(chunk)
        self._kept += chunk
        # Cut now and then only: cutting moves all that is kept.
        if len(self._kept) > 2 * self._length:
            del self._kept[: -self._length]

    @property
    def content(self) -> bytes:
        """The last bytes."""
        return bytes(self._kept[-self._length :])
