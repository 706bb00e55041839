"""Hostile files are refused, each with the reason that docs/files-hostile.md gives."""

import re
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import FileRefusal
from core.localization import LANGUAGES, translate
from services.files import zips
from services.files.formats import FORMATS
from services.files.inspection import Inspection, inspect, judge_name
from services.files.verdicts import Accepted, Refused, Verdict
from tests.files import samples
from tests.files.hostile import HOSTILE

PAPER = (Path(__file__).parents[2] / "docs" / "files-hostile.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<words>[^|`]+?) \| `(?P<reason>[A-Z_]+)` \|$", re.MULTILINE)
DOCUMENTED = [(row["words"], row["reason"]) for row in ROW.finditer(PAPER)]

HONEST = {
    "Şubat.png": (samples.png(), "image/png"),
    "photo.JPEG": (samples.jpeg(), "image/jpeg"),
    "photo.jpg": (samples.jpeg() + bytes(100), "image/jpeg"),  # cameras append to their photos
    "moving photo.jpg": (samples.jpeg() + b"\0\0\0\x18ftypmp42" + bytes(70_000), "image/jpeg"),
    "padded.gif": (samples.gif() + bytes(3), "image/gif"),
    "ended twice.gif": (samples.gif() + b";", "image/gif"),
    "not ended.gif": (samples.gif()[:-1], "image/gif"),
    "padded.pdf": (samples.pdf() + b"\r\n" + bytes(2_000), "application/pdf"),
    "İndirim %20;50.pdf": (samples.pdf(), "application/pdf"),
    "moving.gif": (samples.gif(), "image/gif"),
    "phone.heic": (b"\0\0\0\x18ftypheic" + bytes(12), "image/heic"),
    "scan.tif": (b"II*\0" + bytes(8), "image/tiff"),
    "photo.webp": (b"RIFF\x1a\0\0\0WEBPVP8 " + bytes(8), "image/webp"),
    "bill.pdf": (samples.pdf(), "application/pdf"),
    "acme.com.pdf": (samples.pdf(), "application/pdf"),
    "Dr. Pl. v1.2.pdf": (samples.pdf(), "application/pdf"),
    "letter.rtf": (b"{\\rtf1 Dear}", "application/rtf"),
    "offer.docx": (
        samples.docx(),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "prices.xlsx": (
        samples.xlsx("xl/embeddings/oleObject1.bin"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "offer.odt": (samples.odt(), "application/vnd.oasis.opendocument.text"),
    "talk.odp": (
        samples.odt(kind="presentation"),
        "application/vnd.oasis.opendocument.presentation",
    ),
    "offer.doc": (samples.compound("WordDocument"), "application/msword"),
    "prices.xls": (samples.compound("Workbook"), "application/vnd.ms-excel"),
    "saved.msg": (
        samples.compound("__properties_version1.0") + samples.docx(),  # a document came with it
        "application/vnd.ms-outlook",
    ),
    "saved.eml": (samples.mail(), "message/rfc822"),
    "notes.txt": ("İyi günler, καλημέρα".encode(), "text/plain"),
    "old.txt": ("İyi günler".encode("cp1254"), "text/plain"),
    "wide.txt": ("İyi günler".encode("utf-16"), "text/plain"),
    "server.log": (b"\x1b[31mGET /\x1b[0m <html> was sent\r\n", "text/plain"),
    "prices.csv": (b"\xef\xbb\xbfMZ;1,5\r\n-2;=A1\r\n", "text/csv"),
    "call.mp3": (b"ID3\x03\0" + bytes(8), "audio/mpeg"),
    "call.amr": (b"#!AMR\n" + bytes(8), "audio/AMR"),
    "call.ogg": (b"OggS\0\x02" + bytes(8), "audio/ogg"),
    "film.mp4": (b"\0\0\0\x18ftypisom" + bytes(12), "video/mp4"),
    "film.mov": (b"\0\0\0\x08wide" + bytes(12), "video/quicktime"),
    "film.webm": (b"\x1a\x45\xdf\xa3" + bytes(8), "video/webm"),
    "files.zip": (samples.zipped("a.txt", "b/", "c.json"), "application/zip"),
    "padded.zip": (samples.zipped("a.txt") + bytes(4), "application/zip"),
    "packed document.zip": (samples.docx(), "application/zip"),
}


def judged(name: str, content: bytes, chunk: int) -> Verdict:
    inspection = Inspection(name, "text/html", FORMATS)
    for start in range(0, len(content), chunk):
        inspection.feed(content[start : start + chunk])
    return inspection.finish()


def test_the_paper_and_the_tests_know_the_same_files() -> None:
    assert [words for words, _ in DOCUMENTED] == list(HOSTILE)


@pytest.mark.parametrize(("words", "reason"), DOCUMENTED)
def test_each_hostile_file_is_refused_as_documented(words: str, reason: str) -> None:
    name, content = HOSTILE[words]
    assert isinstance(refused := inspect(name, "image/png", content, FORMATS), Refused)
    assert refused.reason == reason


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_file_is_taken_as_what_it_is(name: str) -> None:
    content, content_type = HONEST[name]
    assert inspect(name, "text/html", content, FORMATS) == Accepted(name, content_type)


def test_it_does_not_matter_how_the_bytes_come() -> None:
    files = [*HOSTILE.values(), *((name, content) for name, (content, _) in HONEST.items())]
    for name, content in files:
        whole = judged(name, content, len(content) or 1)
        assert whole == judged(name, content, 7) == judged(name, content, 100)


@pytest.mark.parametrize("behind", [samples.PAGE, samples.zipped("a.txt")])
def test_what_is_hidden_is_found_wherever_chunks_end(behind: bytes) -> None:
    content = samples.png() + bytes(70_000) + behind
    for chunk in (997, 4_096, 65_535, 65_536, 70_001):
        assert judged("photo.png", content, chunk) == Refused(
            "photo.png", FileRefusal.SEVERAL_FORMATS
        )


def test_a_name_is_judged_before_the_bytes_are_there() -> None:
    assert judge_name("../../Fatura.PDF", "text/html", FORMATS) == Accepted(
        "Fatura.PDF", "application/pdf"
    )
    assert judge_name("a.svg", "image/png", FORMATS) == Refused("a.svg", FileRefusal.WEB_PAGE)


@pytest.mark.parametrize(
    ("name", "content", "taken_as"),
    [
        ("Şubat.JPG", HONEST["photo.webp"][0], Accepted("Şubat.webp", "image/webp")),
        ("a.b.png", samples.jpeg(), Accepted("a.b.jpg", "image/jpeg")),
        ("photo.heic", b"\0\0\0\x1cftypavif" + bytes(12), Accepted("photo.avif", "image/avif")),
        ("call.mp3", HONEST["film.mp4"][0], Accepted("call.m4a", "audio/mp4")),
        ("film.mp4", HONEST["film.webm"][0], Accepted("film.mkv", "video/matroska")),
        ("ş" * 125 + ".jpg", samples.gif(), Accepted("ş" * 125 + ".gif", "image/gif")),
    ],
)
def test_a_picture_sound_or_film_of_another_format_is_taken_as_what_it_is(
    name: str, content: bytes, taken_as: Verdict
) -> None:
    assert inspect(name, "image/jpeg", content, FORMATS) == taken_as
    # Not as a format that is off the list, nor with something behind it.
    others = frozenset(FORMATS) - {taken_as.filename.rpartition(".")[2]}
    mismatch = Refused(name, FileRefusal.CONTENT_MISMATCH)
    assert inspect(name, "image/jpeg", content, others) == mismatch
    hiding = inspect(name, "image/jpeg", content + samples.PAGE, FORMATS)
    assert hiding == Refused(taken_as.filename, FileRefusal.SEVERAL_FORMATS)


@pytest.mark.parametrize(
    ("name", "begins", "reason"),
    [
        ("bill.pdf", b"\x7fELF", FileRefusal.PROGRAM),
        ("notes.txt", b"<html>", FileRefusal.WEB_PAGE),
        ("photo.jpg", b"%PDF-1.7", FileRefusal.CONTENT_MISMATCH),
        ("a.exe", b"MZ", FileRefusal.PROGRAM),
    ],
)
def test_what_the_beginning_tells_is_told_before_the_rest_is_there(
    name: str, begins: bytes, reason: FileRefusal
) -> None:
    inspection = Inspection(name, "application/pdf", FORMATS)
    inspection.feed(begins.ljust(16 * 1024))

    assert inspection.refusal is reason


def test_only_what_is_on_the_allow_list_is_taken() -> None:
    allowed = frozenset(FORMATS) - {"zip"}
    content = samples.zipped("a.txt")
    assert inspect("files.zip", "application/zip", content, allowed) == Refused(
        "files.zip", FileRefusal.FORMAT_NOT_ALLOWED
    )
    # An allow-list that went wrong opens no door.
    assert inspect("a.exe", "", samples.windows_program(), {"exe"}) == Refused(
        "a.exe", FileRefusal.PROGRAM
    )


def test_a_zip_that_would_fill_the_disk_is_not_unpacked() -> None:
    bomb = samples.zipped("[Content_Types].xml", "word/document.xml", first=("bomb", bytes(1000)))
    # Each entry claims to unpack to four gigabytes.
    bomb = bomb.replace(b"\xe8\x03\x00\x00", b"\xff\xff\xff\xff")
    assert isinstance(inspect("offer.docx", "", bomb, FORMATS), Accepted)


def test_a_zip_of_many_files_is_read_once_however_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = samples.zipped(*(f"{number}.txt" for number in range(100)))
    monkeypatch.setattr(zips, "_ENTRIES_READ", 100)
    for chunk in (100, 1_460, len(content)):
        assert isinstance(judged("files.zip", content, chunk), Accepted)
    monkeypatch.setattr(zips, "_ENTRIES_READ", 99)
    assert isinstance(judged("files.zip", content, len(content)), Refused)


def test_a_zip_whose_names_overlap_wastes_no_time() -> None:
    entry = b"PK\x01\x02" + bytes(24) + b"\x00\x10" + bytes(16)  # a name of 4 KiB
    content = b"PK\x03\x04" + entry * 400_000
    inspection = Inspection("files.zip", "", FORMATS)
    started = time.process_time()
    inspection.feed(content)
    assert isinstance(inspection.finish(), Refused)
    assert time.process_time() - started < 1


def test_little_is_kept_of_a_large_file() -> None:
    inspection = Inspection("film.mp4", "video/mp4", FORMATS)
    inspection.feed(b"\0\0\0\x18ftypisom")
    chunk = bytes(range(256)) * 256
    tracemalloc.start()
    for _ in range(64):
        inspection.feed(chunk)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 256 * 1024
    assert peak < 1024 * 1024


@settings(max_examples=100)
@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=200))
def test_any_bytes_have_a_verdict(extension: str, content: bytes) -> None:
    for begun in (content, b"PK\x03\x04" + content, content + b"PK\x05\x06" + content):
        assert isinstance(inspect(f"a.{extension}", "", begun, FORMATS), Accepted | Refused)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", FileRefusal)
def test_each_reason_is_told_in_each_language(language: str, reason: FileRefusal) -> None:
    assert translate(language, f"FILE_{reason}")
