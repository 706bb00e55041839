"""The formats of files that the desk knows how to check, and those that nobody may hand in."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final


class FormatKind(StrEnum):
    """What a file of a format is for people."""

    PICTURE = "PICTURE"
    DOCUMENT = "DOCUMENT"
    TEXT = "TEXT"
    AUDIO = "AUDIO"
    VIDEO = "VIDEO"
    MAIL = "MAIL"
    ARCHIVE = "ARCHIVE"


class Container(StrEnum):
    """How the bytes of a format are laid out, and so how a file of it is checked."""

    OWN = "OWN"  # begins with a signature
    ZIP = "ZIP"  # APPNOTE.TXT of PKWARE; OOXML and OpenDocument are zips
    COMPOUND = "COMPOUND"  # [MS-CFB]: Word, Excel and PowerPoint until 2003, mails of Outlook
    TEXT = "TEXT"  # no signature at all
    MAIL = "MAIL"  # RFC 5322: text that begins with a header


@dataclass(frozen=True, slots=True)
class Format:
    """A format that the desk can check. `extension` is lower case and has no dot."""

    extension: str
    content_type: str
    kind: FormatKind
    container: Container


_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"


def _formats(
    kind: FormatKind, container: Container, content_types: dict[str, str]
) -> dict[str, Format]:
    return {
        extension: Format(extension, content_type, kind, container)
        for extension, content_type in content_types.items()
    }


# Content types: the IANA registry of media types; where it has none, what browsers say.
FORMATS: Final = {
    **_formats(
        FormatKind.PICTURE,
        Container.OWN,
        {
            "avif": "image/avif",
            "bmp": "image/bmp",
            "gif": "image/gif",
            "heic": "image/heic",
            "heif": "image/heif",
            "jfif": "image/jpeg",
            "jpeg": "image/jpeg",
            "jpg": "image/jpeg",
            "png": "image/png",
            "tif": "image/tiff",
            "tiff": "image/tiff",
            "webp": "image/webp",
        },
    ),
    **_formats(
        FormatKind.DOCUMENT,
        Container.OWN,
        {"pdf": "application/pdf", "rtf": "application/rtf"},
    ),
    **_formats(
        FormatKind.DOCUMENT,
        Container.ZIP,
        {
            "docx": f"{_OOXML}.wordprocessingml.document",
            "dotx": f"{_OOXML}.wordprocessingml.template",
            "odp": f"{_ODF}.presentation",
            "ods": f"{_ODF}.spreadsheet",
            "odt": f"{_ODF}.text",
            "potx": f"{_OOXML}.presentationml.template",
            "ppsx": f"{_OOXML}.presentationml.slideshow",
            "pptx": f"{_OOXML}.presentationml.presentation",
            "xlsx": f"{_OOXML}.spreadsheetml.sheet",
            "xltx": f"{_OOXML}.spreadsheetml.template",
        },
    ),
    **_formats(
        FormatKind.DOCUMENT,
        Container.COMPOUND,
        {
            "doc": "application/msword",
            "pps": "application/vnd.ms-powerpoint",
            "ppt": "application/vnd.ms-powerpoint",
            "xls": "application/vnd.ms-excel",
        },
    ),
    **_formats(
        FormatKind.TEXT,
        Container.TEXT,
        {
            "csv": "text/csv",
            "log": "text/plain",
            "md": "text/markdown",
            "tsv": "text/tab-separated-values",
            "txt": "text/plain",
        },
    ),
    **_formats(
        FormatKind.AUDIO,
        Container.OWN,
        {
            "aac": "audio/aac",
            "amr": "audio/AMR",
            "flac": "audio/flac",
            "m4a": "audio/mp4",
            "mp3": "audio/mpeg",
            "oga": "audio/ogg",
            "ogg": "audio/ogg",
            "opus": "audio/ogg",
            "wav": "audio/wav",
            "wma": "audio/x-ms-wma",
        },
    ),
    **_formats(
        FormatKind.VIDEO,
        Container.OWN,
        {
            "3gp": "video/3gpp",
            "avi": "video/x-msvideo",
            "m4v": "video/mp4",
            "mkv": "video/matroska",
            "mov": "video/quicktime",
            "mp4": "video/mp4",
            "mpeg": "video/mpeg",
            "mpg": "video/mpeg",
            "webm": "video/webm",
            "wmv": "video/x-ms-wmv",
        },
    ),
    **_formats(FormatKind.MAIL, Container.MAIL, {"eml": "message/rfc822"}),
    **_formats(FormatKind.MAIL, Container.COMPOUND, {"msg": "application/vnd.ms-outlook"}),
    **_formats(FormatKind.ARCHIVE, Container.ZIP, {"zip": "application/zip"}),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What Windows, macOS or Linux runs on a double click, or after one question.
PROGRAM_EXTENSIONS: Final = _words(
    """
    apk app appimage application appref-ms appx appxbundle bash bat chm cmd com command cpl crx csh
    deb desktop dex dll dmg elf exe fish gadget hta ins ipa iso isp jar jnlp job js jse ksh lnk mjs
    mpkg msc msi msix msixbundle msp mst ocx pif pkg ps1 ps1xml ps2 psc1 psm1 py pyc pyw pyz rb reg
    rpm run scf scr sct settingcontent-ms sh shb shs so sys terminal url vb vbe vbs vhd vhdx vxd
    wasm webloc workflow ws wsc wsf wsh xbap xll xpi zsh
    """
)
# What a web server may run when it finds it under such a name.
SERVER_EXTENSIONS: Final = _words(
    """
    ashx asmx asp aspx cer cfc cfm cgi fcgi jsp jspx phar php php3 php4 php5 php7 php8 phps pht
    phtml pl pm shtm shtml stm
    """
)
# What a browser shows as a page, with its scripts.
PAGE_EXTENSIONS: Final = _words("htm html mht mhtml svg svgz swf xht xhtm xhtml xml xsl xslt")
# What an office program opens with its macros.
MACRO_EXTENSIONS: Final = _words(
    "accdb accde docm dotm mdb mde potm ppam ppsm pptm sldm xla xlam xlm xlsb xlsm xltm"
)


def extension_of(filename: str) -> str:
    """Return a clean name's extension in lower case, without its dot; empty if it has none."""
    return PurePosixPath(filename).suffix.lower().removeprefix(".")


def inner_extensions_of(filename: str) -> list[str]:
    """Return what else in a clean name may be taken for its extension, as in `invoice.pdf.exe`."""
    inner = PurePosixPath(filename).suffixes[:-1]
    # A space may stand before the next dot to hide it; one behind a dot begins a word. Old servers
    # and programs read a name only up to a semicolon, or to what stands for NUL in an address.
    parts = (re.split("[;%]", suffix, maxsplit=1)[0] for suffix in inner)
    return [part.lower().removeprefix(".").rstrip() for part in parts]
