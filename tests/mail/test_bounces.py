"""Reports of mail servers, as the servers of this world write them, and other machines' mail."""

import time

import pytest

from services.mail.automatic import Automatic
from services.mail.bounces import Bounce, BounceAction
from services.mail.parsing import parse_mail
from tests.mail.mails import mail, part, sample

RETURNED = "Message-ID: <desk-5@acme.example>\nFrom: help@acme.example\nSubject: Re: Soru\n\nHi\n"


def report(
    status: str,
    *fields: str,
    returned: str = RETURNED,
    returned_type: str = "message/rfc822",
    kind: str = "delivery-status",
) -> bytes:
    header = (
        "Return-Path: <>",
        "Auto-Submitted: auto-replied",
        f"Content-Type: multipart/report; report-type={kind}; boundary=b",
        *fields,
    )
    parts = (
        part("This is the mail system at host mx.example. I'm sorry."),
        part(status, f"Content-Type: message/{kind}"),
        part(returned, f"Content-Type: {returned_type}"),
    )
    return mail(*header, body="".join(parts) + "--b--\n")


def words(text: str, *fields: str) -> bytes:
    return mail("Sender: MAILER-DAEMON@mx.example", *fields, body=text).replace(
        b"From: Ay\xc5\x9fe <ayse@posta.example>", b"From: MAILER-DAEMON@mx.example"
    )


FAILED = BounceAction.FAILED
DELAYED = BounceAction.DELAYED
BOUNCES = {
    "Postfix": (
        report(
            "Reporting-MTA: dns; mx.example\nX-Postfix-Queue-ID: 4TT1\n"
            "Arrival-Date: Mon,  5 Feb 2024 09:12:30 +0300 (+03)\n\n"
            "Final-Recipient: rfc822; yok@posta.example\n"
            "Original-Recipient: rfc822;yok@posta.example\nAction: failed\nStatus: 5.1.1\n"
            "Remote-MTA: dns; mx.posta.example\n"
            "Diagnostic-Code: smtp; 550 5.1.1 <yok@posta.example>: Recipient address\n"
            "    rejected: User unknown in virtual mailbox table\n"
        ),
        Bounce(
            "desk-5@acme.example",
            "yok@posta.example",
            FAILED,
            "5.1.1",
            "550 5.1.1 <yok@posta.example>: Recipient address rejected: User unknown in virtual "
            "mailbox table",
        ),
    ),
    "Postfix, not yet": (
        report(
            "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; dolu@posta.example\n"
            "Action: delayed\nStatus: 4.2.2\nDiagnostic-Code: smtp; 452 4.2.2 Mailbox full\n"
            "Will-Retry-Until: Sat, 10 Feb 2024 09:12:30 +0300 (+03)\n"
        ),
        Bounce(
            "desk-5@acme.example", "dolu@posta.example", DELAYED, "4.2.2", "452 4.2.2 Mailbox full"
        ),
    ),
    "Sendmail sends the header back": (
        report(
            "Reporting-MTA: dns; mx.example\nArrival-Date: Mon, 5 Feb 2024\n\n"
            "Final-Recipient: RFC822; <yok@posta.example>\nAction: failed\nStatus: 5.7.1\n"
            "Diagnostic-Code: SMTP; 554 5.7.1 Message rejected\n",
            returned_type="text/rfc822-headers",
        ),
        Bounce(
            "desk-5@acme.example",
            "yok@posta.example",
            FAILED,
            "5.7.1",
            "554 5.7.1 Message rejected",
        ),
    ),
    "Exchange Online": (
        report(
            "Reporting-MTA: dns;AM0PR01.eurprd01.prod.exchangelabs.example\n"
            "Received-From-MTA: dns;mx.example\n\n"
            "Final-Recipient: rfc822;yok@sirket.example\nAction: failed\nStatus: 5.1.10\n"
            "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not\n"
            " found by SMTP address lookup\n",
            returned="From: help@acme.example\nSubject: Re: Soru\n\n",
            returned_type="message/rfc822",
        ).replace(b"Auto-Submitted: auto-replied", b"In-Reply-To: <desk-6@acme.example>"),
        Bounce(
            "desk-6@acme.example",
            "yok@sirket.example",
            FAILED,
            "5.1.10",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        ),
    ),
    "Gmail": (
        report(
            "Reporting-MTA: dns; googlemail.com\nX-Original-Message-ID: <desk-5@acme.example>\n\n"
            "Final-Recipient: rfc822; yok@posta.example\nAction: failed\nStatus: 4.4.1\n"
            "Diagnostic-Code: smtp; The recipient server did not accept our requests to connect.\n"
        ),
        Bounce(
            "desk-5@acme.example",
            "yok@posta.example",
            FAILED,
            "4.4.1",
            "The recipient server did not accept our requests to connect.",
        ),
    ),
    "of several recipients the lost one counts": (
        report(
            "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; a@posta.example\n"
            "Action: delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; b@posta.example\n"
            "Action: delayed\nStatus: 4.0.0\n\n\nFinal-Recipient: rfc822; c@posta.example\n"
            "Action: Failed\nStatus: 5.0.0 (unknown)\n"
        ),
        Bounce("desk-5@acme.example", "c@posta.example", FAILED, "5.0.0", None),
    ),
    "Exim without a report": (
        words(
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error.\n\n  yok@posta.example\n"
            "    host mx.posta.example [192.0.2.7]\n"
            "    SMTP error from remote mail server after RCPT TO:<yok@posta.example>:\n"
            "    550 5.1.1 No such user\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n"
            f"{RETURNED}",
            "X-Failed-Recipients: yok@posta.example",
        ),
        Bounce(
            "desk-5@acme.example",
            "yok@posta.example",
            FAILED,
            "5.1.1",
            "550 5.1.1 No such user",
            is_guessed=True,
        ),
    ),
    "Exim, not yet": (
        words(
            "This message was created automatically by mail delivery software.\n"
            "A message that you sent has not yet been delivered. Delivery will continue to be\n"
            "tried.\n\n  dolu@posta.example\n    Delay reason: 451 greylisted\n",
            "Subject: Warning: message 1rX delayed 24 hours",
            "References: <desk-1@acme.example> <desk-5@acme.example>",
        ).replace(b"Subject: Soru\n", b""),
        Bounce(
            "desk-5@acme.example",
            "dolu@posta.example",
            DELAYED,
            "4.0.0",
            "Delay reason: 451 greylisted",
            is_guessed=True,
        ),
    ),
    "qmail": (
        words(
            "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to "
            "deliver your message to the following addresses.\n\n<yok@posta.example>:\n"
            "192.0.2.7 does not like recipient.\nRemote host said: 553 sorry, no mailbox here\n"
            "Giving up on 192.0.2.7.\n\n--- Below this line is a copy of the message.\n\n"
            f"Return-Path: <help@acme.example>\n{RETURNED}"
        ),
        Bounce(
            "desk-5@acme.example",
            "yok@posta.example",
            FAILED,
            "5.0.0",
            "Remote host said: 553 sorry, no mailbox here",
            is_guessed=True,
        ),
    ),
}

NO_BOUNCES = {
    "it arrived": (
        report("Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; a@b.example\n"
               "Action: delivered\nStatus: 2.0.0\n"),
        Automatic.BOUNCE,
    ),
    "it was read": (
        report("Disposition: manual-action/MDN-sent-manually; displayed\n",
               kind="disposition-notification"),
        Automatic.REPLY,
    ),
    "a postmaster writes": (words("Is 550 5.1.1 what you see, too?"), Automatic.BOUNCE),
    "a postmaster orders": (
        words("We need 500 units. Please answer to\n\norders@shop.example\n\nThanks"),
        Automatic.BOUNCE,
    ),
    "an answering machine without return path": (
        mail("Return-Path: <>", "Auto-Submitted: auto-replied", body="Away: 550 5.1.1 a@b.example"),
        Automatic.REPLY,
    ),
    "a person": (mail(body="<a@b.example>:\n550 5.1.1 is what I got."), Automatic.NO),
}  # fmt: skip


@pytest.mark.parametrize("server", BOUNCES)
def test_a_report_tells_which_mail_did_not_reach_whom_and_why(server: str) -> None:
    content, expected = BOUNCES[server]
    parsed = parse_mail(content)
    assert parsed.automatic is Automatic.BOUNCE
    assert parsed.bounce == expected


def test_the_report_of_the_hand_written_sample_is_read() -> None:
    assert parse_mail(sample("bounce")).bounce == Bounce(
        "desk-5@marti-kitap.example", "yok@posta.example", FAILED, "5.1.1", None
    )


@pytest.mark.parametrize("case", NO_BOUNCES)
def test_other_mail_is_no_bad_news(case: str) -> None:
    content, automatic = NO_BOUNCES[case]
    parsed = parse_mail(content)
    assert (parsed.automatic, parsed.bounce) == (automatic, None)


@pytest.mark.parametrize(
    ("field", "automatic"),
    [
        ("Auto-Submitted: auto-replied", Automatic.REPLY),
        ("Auto-Submitted: auto-generated", Automatic.REPLY),
        ("Auto-Submitted: no", Automatic.NO),
        ("Precedence: auto_reply", Automatic.REPLY),
        ("Precedence: bulk", Automatic.LIST),
        ("Precedence: list", Automatic.LIST),
        ("List-Id: <help.acme.example>", Automatic.NO),
        ("List-Unsubscribe-Post: List-Unsubscribe=One-Click", Automatic.LIST),
        ("X-Autoreply: yes", Automatic.REPLY),
        ("X-Autorespond: no", Automatic.NO),
        ("X-Auto-Response-Suppress: All", Automatic.LIST),
        ("X-Failed-Recipients: a@b.example", Automatic.BOUNCE),
        ("Return-Path: <>", Automatic.BOUNCE),
    ],
)
def test_the_header_tells_which_machine_sent_a_mail(field: str, automatic: Automatic) -> None:
    assert parse_mail(mail(field)).automatic is automatic


@pytest.mark.parametrize(
    ("subject", "automatic"),
    [
        ("Automatic reply: Soru", Automatic.REPLY),
        ("Out of Office: Soru", Automatic.REPLY),
        ("Out of office", Automatic.REPLY),
        ("Auto: Soru", Automatic.REPLY),
        ("Otomatik yanıt: Soru", Automatic.REPLY),
        ("Ofis dışında: Soru", Automatic.REPLY),
        ("Αυτόματη απάντηση: Ερώτηση", Automatic.REPLY),
        ("Εκτός γραφείου: Ερώτηση", Automatic.REPLY),
        ("Re: Automatic reply: Soru", Automatic.NO),
        ("Out of office chairs", Automatic.NO),
        ("Automatic reply does not work", Automatic.NO),
        ("Auto insurance", Automatic.NO),
    ],
)
def test_answering_machines_are_known_by_their_subjects(subject: str, automatic: Automatic) -> None:
    content = f"From: a@b.example\nSubject: {subject}\n\nI am away.".encode()
    assert parse_mail(content).automatic is automatic


def test_who_says_that_a_person_wrote_is_believed_whatever_the_subject() -> None:
    content = b"From: a@b.example\nAuto-Submitted: no\nSubject: Automatic reply: Soru\n\nHi"
    assert parse_mail(content).automatic is Automatic.NO


def test_what_another_server_says_is_bounded() -> None:
    content = report(f"Action: failed\nDiagnostic-Code: smtp; {'5.1.1 a ' * 5_000}\n")
    bounce = parse_mail(content).bounce
    assert bounce is not None
    assert len(bounce.diagnostic or "") == 500
    assert (bounce.status, bounce.recipient) == ("5.1.1", None)


@pytest.mark.parametrize("piece", ["Action: failed\n\n", "a@", "a", "5.1.", "\n", "Message-ID: <"])
def test_hostile_reports_take_time_in_proportion_to_their_size(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    started = time.process_time()
    parse_mail(report(text, returned=text))
    parse_mail(words(text))
    # A tenth of a second; what grows with the square takes minutes.
    assert time.process_time() - started < 3
