"""How a mail is divided into parts, and which of them are its body."""

from services.mail.bodies import select_parts
from services.mail.parsing import ParsedMail, parse_mail
from services.mail.structure import Part, read_structure
from tests.mail.mails import mail, multipart, part

PLAIN = "Content-Type: text/plain"
HTML = "Content-Type: text/html"


def leaves(node: Part) -> list[bytes]:
    if not node.children:
        return [node.body]
    return [body for child in node.children for body in leaves(child)]


def bodies(content: bytes) -> list[bytes]:
    return leaves(read_structure(content).root)


def nested(levels: int) -> bytes:
    content = ""
    for level in range(levels):
        content += f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"
    return b"Subject: nested\n" + content.encode() + b"\nMerhaba"


def attached(parsed: ParsedMail) -> list[tuple[str, bytes]]:
    return [(file.filename, file.content) for file in parsed.attachments]


def test_parts_end_before_the_line_break_of_their_boundary() -> None:
    content = mail(
        "Content-Type: multipart/mixed; boundary=b",
        body="before\n--b\n\none\n\n--b\n\ntwo\n--b--\nafter",
    )

    assert bodies(content) == [b"one\n", b"two"]


def test_line_ends_of_windows_divide_as_well() -> None:
    content = mail(
        "Content-Type: multipart/mixed; boundary=b", body="--b\n\none\n--b \t\n\ntwo\n--b--"
    )

    assert bodies(content.replace(b"\n", b"\r\n")) == [b"one", b"two"]


def test_line_ends_of_old_macs_divide_as_well() -> None:
    content = multipart("mixed", part("one", PLAIN)).replace(b"\n", b"\r")

    assert parse_mail(content).text == "one"


def test_a_boundary_that_begins_like_another_is_a_different_one() -> None:
    content = mail(
        "Content-Type: multipart/mixed; boundary=b", body="--b\n\none\n--b2\nstill one\n--b--"
    )

    assert bodies(content) == [b"one\n--b2\nstill one"]


def test_a_missing_last_boundary_ends_with_the_mail() -> None:
    content = mail("Content-Type: multipart/mixed; boundary=b", body="--b\n\none\n--b\n\ntwo")

    assert bodies(content) == [b"one", b"two"]


def test_an_outer_boundary_ends_inner_parts_that_were_not_closed() -> None:
    inner = part("--i\n\ninner", "Content-Type: multipart/mixed; boundary=i")

    assert bodies(multipart("mixed", inner, part("outer"))) == [b"inner", b"outer"]


def test_a_boundary_that_was_not_declared_is_recognised() -> None:
    content = mail(
        "Content-Type: multipart/mixed", body=f"--x\n{PLAIN}\n\none\n--x\n{PLAIN}\n\ntwo\n--x--"
    )

    assert bodies(content) == [b"one", b"two"]


def test_a_multipart_without_parts_is_text() -> None:
    assert (
        parse_mail(mail("Content-Type: multipart/mixed; boundary=b", body="no parts")).text
        == "no parts"
    )


def test_nesting_beyond_thirty_levels_is_kept_as_a_file() -> None:
    shallow, deep = parse_mail(nested(30)), parse_mail(nested(500))

    assert (shallow.text, shallow.attachments) == ("Merhaba", ())
    assert deep.text == ""
    assert [file.content_type for file in deep.attachments] == ["multipart/mixed"]
    assert deep.attachments[0].content.endswith(b"Merhaba")


def test_of_thousands_of_parts_the_first_thousand_are_read() -> None:
    parsed = parse_mail(multipart("mixed", *[part("x", "Content-Type: image/png")] * 5_000))

    whole, *parts = parsed.attachments
    assert (whole.filename, len(parts)) == ("message.eml", 1_000)


def test_of_alternatives_the_plain_and_the_last_html_are_shown() -> None:
    content = multipart(
        "alternative", part("plain", PLAIN), part("poor", HTML), part("<b>rich</b>", HTML)
    )
    parsed = parse_mail(content)

    assert (parsed.text, parsed.html, parsed.attachments) == ("plain", "<b>rich</b>", ())


def test_an_empty_plain_alternative_gives_way_to_the_text_of_the_html() -> None:
    parsed = parse_mail(multipart("alternative", part(" \n", PLAIN), part("<b>rich</b>", HTML)))

    assert parsed.text == "rich"


def test_an_invitation_among_alternatives_is_a_file() -> None:
    parsed = parse_mail(
        multipart("alternative", part("plain", PLAIN), part("BEGIN", "Content-Type: text/calendar"))
    )

    assert (parsed.text, parsed.html) == ("plain", None)
    assert [file.content_type for file in parsed.attachments] == ["text/calendar"]


def test_alternatives_without_any_text_are_files() -> None:
    selection = select_parts(
        read_structure(multipart("alternative", part("x", "Content-Type: image/png"))).root
    )

    assert (list(selection.plain), list(selection.html)) == ([], [])
    assert len(selection.attached) == 1


def test_text_around_a_picture_is_one_body() -> None:
    parsed = parse_mail(
        multipart(
            "mixed",
            part("above", PLAIN),
            part("x", "Content-Type: image/png"),
            part("below", PLAIN),
        )
    )

    assert parsed.text == "above\nbelow"
    assert attached(parsed) == [("attachment.png", b"x")]


def test_plain_text_beside_html_stands_in_both() -> None:
    parsed = parse_mail(multipart("mixed", part("<p>rich</p>", HTML), part("a < b", PLAIN)))

    assert parsed.html == "<p>rich</p>\n<pre>a &lt; b</pre>"
    assert parsed.text == "rich\n\na < b"


def test_a_text_file_is_no_body() -> None:
    parsed = parse_mail(
        multipart("mixed", part("body", PLAIN), part("file", f"{PLAIN}; name=notlar.txt"))
    )

    assert parsed.text == "body"
    assert attached(parsed) == [("notlar.txt", b"file")]


def test_a_single_attachment_leaves_the_body_empty() -> None:
    parsed = parse_mail(mail(PLAIN, "Content-Disposition: attachment", body="file"))

    assert parsed.text == ""
    assert attached(parsed) == [("attachment.txt", b"file")]


def test_parts_of_a_digest_are_mails_unless_they_say_otherwise() -> None:
    parsed = parse_mail(multipart("digest", part("Subject: one\n\nMerhaba"), part("two", PLAIN)))

    assert [file.content_type for file in parsed.attachments] == ["message/rfc822"]
    assert parsed.text == "two"


def test_a_type_that_is_none_is_a_file_if_it_has_a_name_and_text_otherwise() -> None:
    parsed = parse_mail(
        multipart(
            "mixed",
            part("body", "Content-Type: text"),
            part("x", "Content-Type: nonsense; name=a.dat"),
        )
    )

    assert parsed.text == "body"
    assert [(file.filename, file.content_type) for file in parsed.attachments] == [
        ("a.dat", "application/octet-stream")
    ]
