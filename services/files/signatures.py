"""The first bytes of files: of formats that have a signature, of programs and of web pages."""

import re
from collections.abc import Collection
from typing import Final

from services.files.formats import FORMATS, Container, Format

# Byte 8 of a file of the ISO base media family is its brand (ISO/IEC 14496-12).
_AVIF = rb".{4}ftyp(?:avi[fs]|mif1|msf1)"
_HEIF = rb".{4}ftyp(?:hei[cmsx]|hev[cmsx]|mif1|msf1)"
_MEDIA = rb"(?!" + _AVIF + rb"|" + _HEIF + rb").{4}(?:ftyp|moov|mdat|wide|free|skip|pnot)"
_ASF = rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
_TIFF = rb"II[*+]\x00|MM\x00[*+]"
_JPEG = rb"\xff\xd8\xff"
_MATROSKA = rb"\x1a\x45\xdf\xa3"
_MPEG_VIDEO = rb"\x00\x00\x01[\xba\xb3]"

# By extension. puremagic takes "RIFF" for each of its formats and any "BM" for a picture, and does
# not know how WebM or AMR begin: its table names what a file may be, this one what it must be.
_SIGNATURES: Final = {
    "3gp": _MEDIA,
    "aac": rb"ID3|ADIF|\xff[\xf0\xf1\xf8\xf9]",
    "amr": rb"#!AMR",
    "avi": rb"RIFF.{4}AVI\x20",
    "avif": _AVIF,
    "bmp": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00",  # the size of the second header
    "flac": rb"ID3|fLaC",
    "gif": rb"GIF8[79]a",
    "heic": _HEIF,
    "heif": _HEIF,
    "jfif": _JPEG,
    "jpeg": _JPEG,
    "jpg": _JPEG,
    "m4a": _MEDIA,
    "m4v": _MEDIA,
    "mkv": _MATROSKA,
    "mov": _MEDIA,
    "mp3": rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]",  # a frame of layer III
    "mp4": _MEDIA,
    "mpeg": _MPEG_VIDEO,
    "mpg": _MPEG_VIDEO,
    "oga": rb"OggS",
    "ogg": rb"OggS",
    "opus": rb"OggS",
    "pdf": rb"%PDF-[0-9]",
    "png": rb"\x89PNG\r\n\x1a\n",
    "rtf": rb"\{\\rtf",
    "tif": _TIFF,
    "tiff": _TIFF,
    "wav": rb"RIFF.{4}WAVE",
    "webm": _MATROSKA,
    "webp": rb"RIFF.{4}WEBP",
    "wma": _ASF,
    "wmv": _ASF,
}
_COMPILED = {name: re.compile(pattern, re.DOTALL) for name, pattern in _SIGNATURES.items()}

# Under which extension a file goes that begins so: of several with one signature, the usual one.
_USUAL: Final = (
    *("jpg", "png", "gif", "webp", "heic", "avif", "tiff", "bmp"),
    *("mp3", "m4a", "ogg", "wav", "flac", "aac", "amr", "wma"),
    *("mp4", "mkv", "avi", "mpg", "wmv"),
)

_PROGRAM = re.compile(
    rb"""
    MZ (?=.{0,64}\x00)                          # Windows; a text may begin with these letters
    | \x7fELF                                   # Linux
    | \xfe\xed\xfa[\xce\xcf] | [\xce\xcf]\xfa\xed\xfe | \xca\xfe\xba[\xbe\xbf]  # macOS, Java
    | \x4c\x00\x00\x00\x01\x14\x02\x00          # a shortcut of Windows
    | dex\n | \x00asm                           # Android, WebAssembly
    | !<arch>\n | \xed\xab\xee\xdb              # packages of Debian and Red Hat
    | MSCF\x00 | ITSF\x03\x00                   # cabinets and compiled help of Windows
    | (?:\xef\xbb\xbf)? \#! (?!AMR) \s* [/\w]   # a script names its interpreter
    | (?:\xef\xbb\xbf)? @?echo[ ]off\b          # a batch of Windows
    | (?:\xef\xbb\xbf)? \s{0,64} (?:\[DEFAULT\] [^\[]{0,2048})? \[InternetShortcut\]
    | (?:\xef\xbb\xbf)? \s{0,64} \[Shell\] \s{1,8} (?:Command|IconFile) \s{0,8} =  # an .scf
    | (?:\xef\xbb\xbf)? \s{0,64} \[Desktop\ Entry\]  # a shortcut of Linux
    """,
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)

# WHATWG, "MIME Sniffing", section 7.1: what browsers take for a page; then what they show as XML,
# and what servers run.
_PAGE = re.compile(
    r"""
    [\ufeff\s\x00]*
    (?: < (?: !doctype | html | head | script | iframe | h1 | div | font | table | a | style
            | title | b | body | br | p | svg | math | link | meta | img | object | embed | base )
          [\s/>:]
      | <!-- | <!\[cdata\[ | <\?xml | <\?php | <\?= | <!entity | <%
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)

# Bytes of a picture's header that are also the beginning of a script: `GIF89a=…`, `BM/*…`.
_SCRIPT_IN_HEADER = re.compile(rb"(?:GIF8[79]a|BM)(?:/\*|=)|\xff\xd8\xff[\xe0\xfe]/\*")

# Readers of PDF look this far for the header of a file (Adobe, PDF Reference 1.7, appendix H).
_PDF_HEADER_BYTES = 1_024


def is_signed_as(extension: str, head: bytes) -> bool:
    """Tell whether a file begins as the format of this extension does."""
    return _COMPILED[extension].match(head) is not None


def format_of(named: Format, head: bytes, allowed: Collection[str]) -> Format:
    """Return what a file is: what it is named, or another of the allowed formats of that kind.

    Pictures, sound and films often go by another extension than their own: browsers save WebP as
    `photo.jpg`, and programs that show or play them look at the bytes alone.
    """
    if named.container is not Container.OWN or is_signed_as(named.extension, head):
        return named
    for extension in _USUAL:
        is_of_kind = FORMATS[extension].kind is named.kind and extension in allowed
        if is_of_kind and is_signed_as(extension, head):
            return FORMATS[extension]
    return named


def is_program(head: bytes) -> bool:
    """Tell whether a file begins as a program, a script or a shortcut does."""
    return _PROGRAM.match(head) is not None


def is_page(head: bytes) -> bool:
    """Tell whether a browser might take the beginning of a file for a page or a drawing."""
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    return _PAGE.match(head.decode(encoding, "replace")) is not None


def hides_another(head: bytes) -> bool:
    """Tell whether the beginning of a file is that of a script or of a PDF, too."""
    hidden_pdf = head.find(b"%PDF-", 1, _PDF_HEADER_BYTES) > 0
    return _SCRIPT_IN_HEADER.match(head) is not None or hidden_pdf
