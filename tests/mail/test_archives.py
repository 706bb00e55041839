"""Mails are found in files and folders of every kind."""

import os
from pathlib import Path

import pytest

from services.mail import archives
from services.mail.archives import RawMail, SkippedSource, archive_size, read_archive
from tests.mail.mails import mail

MBOX = (
    b"From a@b Mon Feb  5 09:12:30 2024\nSubject: one\n\nMerhaba\n\nFrom x\nSubject: two\n\nGeia\n"
)


def found(path: Path) -> list[tuple[str, str]]:
    """Where things were found, and why they were skipped."""
    return [
        (item.source, item.reason if isinstance(item, SkippedSource) else "mail")
        for item in read_archive(path)
    ]


def test_a_single_mail_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "soru.eml"
    file.write_bytes(mail())

    assert list(read_archive(file)) == [RawMail("soru.eml", mail(), len(mail()))]
    assert archive_size(file) == len(mail())


def test_a_mailbox_gives_numbered_mails_and_how_far_it_was_read(tmp_path: Path) -> None:
    file = tmp_path / "gelen.mbox"
    file.write_bytes(MBOX)

    assert list(read_archive(file)) == [
        RawMail("gelen.mbox#1", b"Subject: one\n\nMerhaba\n", MBOX.index(b"From x")),
        RawMail("gelen.mbox#2", b"Subject: two\n\nGeia\n", len(MBOX)),
    ]


def test_a_tree_is_read_in_the_order_of_names_and_positions_only_grow(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.eml").write_bytes(mail())
    (tmp_path / "b" / "10.mbox").write_bytes(MBOX)
    (tmp_path / "a.eml").write_bytes(mail())

    items = list(read_archive(tmp_path))

    assert [item.source for item in items] == ["a.eml", "b/10.mbox#1", "b/10.mbox#2", "b/2.eml"]
    positions = [item.position for item in items]
    assert positions == sorted(positions)
    assert positions[-1] == archive_size(tmp_path) == 2 * len(mail()) + len(MBOX)


def test_a_maildir_is_its_finished_deliveries_in_all_folders(tmp_path: Path) -> None:
    for folder in ("cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Sent/tmp"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "1707120750.M1P2.host:2,S").write_bytes(mail())
    (tmp_path / "dovecot-uidlist").write_text("3 V1707120750 N1")

    assert found(tmp_path) == [
        (".Sent/cur/1707120750.M1P2.host:2,S", "mail"),
        (".Sent/new/1707120750.M1P2.host:2,S", "mail"),
        ("cur/1707120750.M1P2.host:2,S", "mail"),
        ("new/1707120750.M1P2.host:2,S", "mail"),
    ]


def test_what_is_no_mail_is_reported(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "2.txt").write_bytes(b"a note without header\n")
    (tmp_path / "3.eml").write_bytes(b"")
    (tmp_path / "4.eml").write_bytes(mail())

    assert found(tmp_path) == [
        ("1.png", "it does not begin with the header of a mail"),
        ("2.txt", "it does not begin with the header of a mail"),
        ("3.eml", "it is empty"),
        ("4.eml", "mail"),
    ]


def test_a_byte_order_mark_and_blank_lines_may_stand_first(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(b"\xef\xbb\xbf" + mail())
    (tmp_path / "2.eml").write_bytes(b"\r\n\r\n" + mail())

    assert found(tmp_path) == [("1.eml", "mail"), ("2.eml", "mail")]


def test_what_is_too_large_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAIL_BYTES", 10)
    (tmp_path / "soru.eml").write_bytes(mail())

    assert found(tmp_path) == [("soru.eml", "it is larger than 64 MiB")]


def test_a_pipe_is_reported_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert found(tmp_path) == [("pipe", "it is no regular file")]


def test_links_to_nowhere_and_in_circles_are_reported(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    (tmp_path / "folder").symlink_to(tmp_path, target_is_directory=True)

    assert [source for source, _ in found(tmp_path)] == ["circle", "nowhere"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "secret.eml").write_bytes(mail())
    (tmp_path / "secret.eml").chmod(0)

    assert found(tmp_path) == [("secret.eml", "Permission denied")]


def test_names_that_are_not_utf_8_can_be_shown(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xfe.eml")).write_bytes(mail())

    assert found(tmp_path) == [("\ufffd.eml", "mail")]


def test_nothing_at_the_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_archive(tmp_path / "missing"))


def test_an_empty_folder_has_no_mails(tmp_path: Path) -> None:
    assert found(tmp_path) == []
    assert archive_size(tmp_path) == 0
