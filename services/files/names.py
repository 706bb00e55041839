"""Names of attached files that are safe to show, to store and to download."""

import re
import unicodedata
from mimetypes import MimeTypes
from pathlib import PurePosixPath

from core.text import stored_line

# ext4, APFS, NTFS: at most 255 bytes or characters.
_FILENAME_BYTES = 255
# Longer than any real extension (.crdownload, .webmanifest), so what is cut is the name.
_EXTENSION_BYTES = 20
# Long enough for every name that is cut to bytes afterwards.
_RAW_CHARACTERS = 1_024

# Marks and isolates of direction, joiners apart: beside Latin letters they disguise an extension.
_INVISIBLE = re.compile(r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# Windows, "Naming Files, Paths, and Namespaces": reserved characters and names.
_RESERVED_CHARACTERS = re.compile(r'[<>:"|?*]')
_RESERVED_NAME = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|\Z)", re.IGNORECASE
)

# Without the machine's own tables: the same mail gives the same name everywhere.
_TYPES = MimeTypes()
_TYPES.add_type("message/rfc822", ".eml")


def clean_filename(name: str | None, content_type: str) -> str:
    """Return a file's name without path, at most 255 bytes long in UTF-8, its extension kept.

    Control characters, characters that turn or hide text, leading dots, and what Windows refuses
    are gone. A file without a name is called "attachment", with the extension of its type.
    """
    base = re.split(r"[/\\]", name or "")[-1]
    base = _RESERVED_CHARACTERS.sub("_", _INVISIBLE.sub("", base))
    base = stored_line(base, _RAW_CHARACTERS).lstrip(". ").rstrip(". ")
    if not base:
        return f"attachment{_extension(content_type)}"
    if content_type == "message/rfc822" and not base.lower().endswith(".eml"):
        base += ".eml"
    if _RESERVED_NAME.match(base):
        base = f"_{base}"
    return _shorten(base)


def plain_extensions(name: str) -> set[str]:
    """Return what systems may take for the extension of a file in an archive, in lower case.

    They drop dots and spaces at the end, store what follows a colon beside the file, and people do
    not see what has no width, or that a dot is a wide one.
    """
    if not (name.isascii() and name.isprintable()):
        name = "".join(filter(str.isprintable, unicodedata.normalize("NFKC", name)))
    base = re.split(r"[/\\]", name)[-1]
    return {part.rstrip(". ").rpartition(".")[2].lower() for part in base.split(":")}


def with_extension(name: str, extension: str) -> str:
    """Return a clean name with another extension, which is given without a dot."""
    return _shorten(str(PurePosixPath(name).with_suffix(f".{extension}")))


def _extension(content_type: str) -> str:
    is_readable = content_type.startswith(("text/", "message/"))
    return _TYPES.guess_extension(content_type) or (".txt" if is_readable else ".bin")


def _shorten(name: str) -> str:
    if len(name.encode()) <= _FILENAME_BYTES:
        return name
    extension = PurePosixPath(name).suffix
    if len(extension.encode()) > _EXTENSION_BYTES:
        extension = ""
    room = _FILENAME_BYTES - len(extension.encode())
    stem = name.removesuffix(extension).encode()[:room].decode("utf-8", "ignore")
    return stem.rstrip(". ") + extension
