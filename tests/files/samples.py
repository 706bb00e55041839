"""Small files of many formats, honest ones and hostile ones."""

import struct
import zipfile
import zlib
from io import BytesIO

PAGE = b"<html><script>alert(document.cookie)</script></html>"
DIRECTORY_ENTRY_BYTES = 128  # [MS-CFB], section 2.6


def png() -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">2I5B", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00\xff\xff\xff")
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg() -> bytes:
    jfif = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    return b"\xff\xd8" + jfif + b"\xff\xdb\x00\x43" + bytes(65) + b"\xff\xd9"


def gif() -> bytes:
    screen = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00"
    return screen + b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"


def pdf() -> bytes:
    return (
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
        b"2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
        b"trailer\n<</Root 1 0 R/Size 3>>\nstartxref\n0\n%%EOF\n"
    )


def zipped(*names: str, first: tuple[str, bytes] | None = None) -> bytes:
    """Pack files of these names, after one that is not compressed."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        if first is not None:
            archive.writestr(zipfile.ZipInfo(first[0]), first[1])
        for name in names:
            archive.writestr(name, f"What stands in {name}.")
    return packed.getvalue()


def docx(*more: str) -> bytes:
    return zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml", *more)


def xlsx(*more: str) -> bytes:
    return zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", *more)


def odt(*more: str, kind: str = "text") -> bytes:
    mimetype = f"application/vnd.oasis.opendocument.{kind}".encode()
    return zipped("content.xml", "META-INF/manifest.xml", *more, first=("mimetype", mimetype))


def compound(*streams: str, root_class: bytes = bytes(16)) -> bytes:
    """Make what looks like a compound file with these streams in its directory."""

    def entry(name: str, class_id: bytes = bytes(16)) -> bytes:
        raw = name.encode("utf-16-le")
        head = raw.ljust(64, b"\0") + struct.pack("<H", len(raw) + 2)
        return (head.ljust(80, b"\0") + class_id).ljust(DIRECTORY_ENTRY_BYTES, b"\0")

    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0")
    return header + entry("Root Entry", root_class) + b"".join(map(entry, streams))


def mail() -> bytes:
    return (
        b"Return-Path: <eleni@example.com>\r\nFrom: Eleni <eleni@example.com>\r\n"
        b"To: help@acme.example\r\nSubject: Fatura\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>Merhaba</body></html>\r\n"
    )


def windows_program() -> bytes:
    return b"MZ\x90\x00\x03\x00\x00\x00" + bytes(56) + b"PE\x00\x00"
