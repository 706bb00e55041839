"""What is an answer, and what it only quotes: as the programs of this world write it."""

import time
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.localization import LANGUAGES
from services.mail.quotes import split_quoted
from services.mail.reply_markers import MARKERS

# Program and language -> what stands between the answer and the quoted lines.
INTRODUCTIONS = {
    "Gmail, English": (
        "On Mon, Feb 5, 2024 at 9:12 AM Acme Support <help@acme.example> wrote:\n\n> Hello\n> Bye"
    ),
    "Gmail, English, broken after 78 characters": (
        "On Mon, Feb 5, 2024 at 9:12 AM Acme Customer Support Department of Nicosia <\n"
        "customer.support@acme.example> wrote:\n\n> Hello"
    ),
    "Gmail, Turkish": (
        "Acme Destek <help@acme.example>, 5 Şub 2024 Pzt, 09:12 tarihinde şunu yazdı:\n\n> Merhaba"
    ),
    "Gmail, Turkish, broken": (
        "Acme Müşteri Hizmetleri <help@acme.example>, 5 Şub 2024 Pzt, 09:12 tarihinde\n"
        "şunu yazdı:\n\n> Merhaba"
    ),
    "Gmail, Greek": (
        "Στις Δευ 5 Φεβ 2024 στις 9:12 π.μ., ο/η Acme <help@acme.example> έγραψε:\n\n> Γεια"
    ),
    "Gmail, Greek, broken": (
        "Στις Δευ 5 Φεβ 2024 στις 9:12 π.μ., ο/η Υποστήριξη Πελατών Acme <\n"
        "help@acme.example> έγραψε:\n\n> Γεια"
    ),
    "Gmail without words": "2024-02-05 9:12 GMT+03:00 Acme <help@acme.example>:\n\n> Hello",
    "Apple Mail, English": (
        "On 5 Feb 2024, at 09:12, Acme Support <help@acme.example> wrote:\n>\n> Hello"
    ),
    "Apple Mail, Turkish": (
        "Acme Destek <help@acme.example> şunları yazdı (5 Şub 2024 09:12):\n\n> Merhaba"
    ),
    "Apple Mail, Turkish, broken": (
        "Acme Destek <help@acme.example> şunları yazdı (5 Şub\n2024 09:12):\n\n> Merhaba"
    ),
    "Apple Mail, Greek": (
        "Στις 5 Φεβ 2024, στις 9:12 π.μ., ο χρήστης Acme <help@acme.example> έγραψε:\n\n> Γεια"
    ),
    "Apple Mail, unmarked": (
        "On 5 Feb 2024, at 09:12, Acme Support <help@acme.example> wrote:\n\nHello\nBye"
    ),
    "Yahoo, English": (
        "    On Monday, February 5, 2024 at 09:12:30 AM GMT+3, Acme <help@acme.example> wrote:  \n"
        " \n Hello\n"
    ),
    "Yahoo, Turkish": (
        "    5 Şubat 2024 Pazartesi 09:12:30 GMT+3 tarihinde Acme <help@acme.example> şunu "
        "yazdı:  \n \n Merhaba"
    ),
    "Yahoo, Greek": (
        "    Στις Δευτέρα 5 Φεβρουαρίου 2024 στις 09:12:30 π.μ. EET, ο χρήστης Acme "
        "<help@acme.example> έγραψε:  \n \n Γεια"
    ),
    "Thunderbird, English": "On 05/02/2024 09:12, Acme Support wrote:\n> Hello\n>> Deeper\n",
    "Thunderbird, Turkish": "5.02.2024 09:12 tarihinde Acme Destek yazdı:\n> Merhaba",
    "Thunderbird, Greek": "Στις 5/2/2024 9:12 π.μ., ο/η Acme έγραψε:\n> Γεια",
    "Thunderbird in a language that nobody expected": (
        "Am 05.02.24 um 09:12 schrieb Acme:\n> Hallo"
    ),
    "quotation without a word": "> Hello\n> Bye",
    "Outlook, English": (
        "From: Acme Support <help@acme.example>\nSent: Monday, February 5, 2024 9:12 AM\n"
        "To: Ayşe <ayse@example.com>\nSubject: Your order\n\nHello,\n\nBye"
    ),
    "Outlook, English, with a line above": (
        "________________________________\nFrom: Acme <help@acme.example>\n"
        "Sent: Monday, February 5, 2024 9:12 AM\nTo: Ayşe\nSubject: Your order\n\nHello"
    ),
    "Outlook, Turkish": (
        "Kimden: Acme Destek <help@acme.example>\nGönderildi: 5 Şubat 2024 Pazartesi 09:12\n"
        "Kime: Ayşe <ayse@example.com>\nKonu: Siparişiniz\n\nMerhaba"
    ),
    "Outlook, Greek": (
        "Από: Υποστήριξη <help@acme.example>\nΣτάλθηκε: Δευτέρα, 5 Φεβρουαρίου 2024 9:12 πμ\n"
        "Προς: Ayşe <ayse@example.com>\nΘέμα: Η παραγγελία σας\n\nΓεια"
    ),
    "Outlook on the web, bold": (
        "*From:* Acme <help@acme.example>\n*Date:* Monday, 5 February 2024 at 09:12\n"
        "*To:* Ayşe\n*Subject:* Your order\n\nHello"
    ),
    "Outlook 2003, English": "-----Original Message-----\nFrom: Acme\nSent: Monday\n\nHello",
    "Outlook 2003, Turkish": "-----Özgün İleti-----\nKimden: Acme\n\nMerhaba",
    "Outlook 2003, Greek": "-----Αρχικό μήνυμα-----\nΑπό: Acme\n\nΓεια",
    "a telephone, English": "-------- Original message --------\nFrom: Acme\nDate: 5/2/24\nHello",
    "a telephone, Turkish": "-------- Orijinal mesaj --------\nKimden: Acme\n\nMerhaba",
    "a telephone, Greek": "-------- Αρχικό μήνυμα --------\nΑπό: Acme\n\nΓεια",
    **{f"the marker, {language}": f"{MARKERS[language]}\n\nHello" for language in LANGUAGES},
    "the marker, below words that nobody expected": (
        "Op ma 5 feb 2024 om 09:12 schreef Acme <help@acme.example>:\n\n"
        f"{MARKERS['el'][:40]}\n{MARKERS['el'][40:]}\n\nHello"
    ),
    "the marker, quoted": f"Acme ha scritto il 5.2.2024, 09:12:\n> {MARKERS['tr']}\n> Hello",
}

# An answer that is all the own text of its mail.
ANSWERS = [
    "Thanks, that works!",
    "Teşekkürler,\n\nAyşe\n\nSent from my iPhone",
    "Ευχαριστώ πολύ.\n\n-- \nΕλένη",
    "On Monday you wrote:\nthat is not what I meant. From: is a word, and so is To: here.",
]

NO_QUOTES = {
    "nothing": "",
    "one line": "Merhaba",
    "quotation only": "On 5 Feb 2024, at 09:12, Acme <help@acme.example> wrote:\n\n> Hello",
    "Gmail forwards": (
        "See below.\n\n---------- Forwarded message ---------\nFrom: Eleni <e@example.com>\n"
        "Date: Mon, Feb 5, 2024\nSubject: Order\nTo: Ayşe\n\n> Hello\n\nBye"
    ),
    "Thunderbird forwards, Turkish": (
        "Bakar mısınız?\n\n-------- İletilen ileti --------\nKonu: Sipariş\nKimden: Eleni\n\nHello"
    ),
    "Thunderbird forwards, Greek": (
        "Δείτε.\n\n-------- Προωθημένο μήνυμα --------\nΘέμα: Παραγγελία\nΑπό: Ελένη\n\nHello"
    ),
    "Apple Mail forwards": (
        "FYI\n\nBegin forwarded message:\n\n> From: Eleni <e@example.com>\n> Subject: Order\n> Hi"
    ),
    "Outlook forwards without a word": (
        "From: Eleni <e@example.com>\nSent: Monday\nTo: Ayşe\nSubject: Order\n\nHello"
    ),
    "a story": "Dün 5 Şubat'ta size sordum, siz de bana şunu yazdı:\nolmaz.\n\nNeden?",
    "a form": "From: Nicosia\nPlease bring it there.",
    "mbox": "See\n>From here on it is new.",
    "a list with times": "Open:\n9:00:\nClosed:\n18:00:\nThanks",
}


def words_of(*texts: str | None) -> list[str]:
    return sorted(line for text in texts for line in (text or "").split("\n") if line.strip())


@pytest.mark.parametrize("program", INTRODUCTIONS)
def test_what_a_program_quotes_is_told_from_the_answer(program: str) -> None:
    quoted = INTRODUCTIONS[program]
    for answer in ANSWERS:
        own, rest = split_quoted(f"{answer}\n\n{quoted}")
        assert own == answer
        assert rest is not None
        assert words_of(rest) == words_of(quoted)
        assert rest.startswith(quoted.split("\n")[0])


@pytest.mark.parametrize("case", NO_QUOTES)
def test_what_is_no_quotation_stays(case: str) -> None:
    assert split_quoted(NO_QUOTES[case]) == (NO_QUOTES[case], None)


@pytest.mark.parametrize("subject", ["Fwd: Order", "FW: Order", "İLT: Sipariş", "ΠΡΘ: Παραγγελία"])
def test_a_mail_that_is_passed_on_is_not_folded_away(subject: str) -> None:
    text = f"See below.\n\n{INTRODUCTIONS['Outlook, English']}"
    assert split_quoted(text, subject) == (text, None)
    assert split_quoted(text, "Re: Order")[0] == "See below."


def test_answers_between_quotations_stay_with_what_they_answer() -> None:
    text = dedent(
        """\
        Hi,

        On 5 Feb 2024, at 09:12, Acme <help@acme.example> wrote:
        > Which size?

        Large.

        > Which colour?

        Blue.

        > Kind regards
        > Acme"""
    )
    own, quoted = split_quoted(text)
    assert own.endswith("Large.\n\n> Which colour?\n\nBlue.")
    assert own.startswith("Hi,\n\nOn 5 Feb")
    assert quoted == "> Kind regards\n> Acme"


def test_an_answer_below_the_quotation_is_the_own_text() -> None:
    assert split_quoted("On 5/2/2024 09:12, Acme wrote:\n> Which size?\n\nLarge.\n\nAyşe") == (
        "Large.\n\nAyşe",
        "On 5/2/2024 09:12, Acme wrote:\n> Which size?",
    )


def test_a_signature_below_the_quotation_stays() -> None:
    own, quoted = split_quoted("Large.\n\nAcme wrote at 09:12:\n> Which size?\n\n-- \nAyşe\nIzmir")
    assert own == "Large.\n\n-- \nAyşe\nIzmir"
    assert quoted == "Acme wrote at 09:12:\n> Which size?"


def test_far_below_only_what_each_line_marks_is_a_quotation() -> None:
    answer = "x\n" * 40_000
    introduction = "On 5/2/2024 09:12 a@b wrote:\n"
    assert split_quoted(f"{answer}{introduction}Which?") == (f"{answer}{introduction}Which?", None)
    quoted = f"{introduction}> Which?"
    assert split_quoted(f"{answer}{quoted}") == (answer.strip(), quoted)


LINES = st.sampled_from(
    [
        *("", "Hello", "> quoted", ">> deeper", "-- ", "wrote:", "On 5/2/2024 09:12 a@b wrote:"),
        *("From: Acme", "Sent: Monday", "To: Ayşe", "Subject: x", "-----Original Message-----"),
        *("---------- Forwarded message ---------", "______", *MARKERS.values()),
        *("a@b.example, 09:12 tarihinde şunu yazdı:", "Στις 5/2 9:12 a@b έγραψε:", "a@b:"),
    ]
)


@given(st.lists(LINES, max_size=14), st.sampled_from(["", "Fwd: x"]))
def test_no_line_is_ever_lost(lines: list[str], subject: str) -> None:
    text = "\n".join(lines)
    own, quoted = split_quoted(text, subject)
    assert words_of(own, quoted) == words_of(text)
    assert bool(own.strip()) == bool(text.strip())
    assert quoted is None or quoted.strip()


HOSTILE = [
    *(">", ">\n", "\n", " ", "> a\n\nb\n", ":\n", "a@b 09:12:\n", "wrote:\n", "-", "-----\n", "##"),
    *("From: a\n", "From: a\nTo: b\n", "On 1 09:12 a@b wrote:\n>\n", "On 1 09:12 a@b wrote: "),
    *(" tarihinde yazdı (", "1 09:12 a@b yazdı:\n\n", "2024-02-05 <a@b", "-- \n", "_ ", "*"),
    *("Begin forwarded message", "-- forwarded by ", f"> {MARKERS['en']}\n", "Στις 1 έγραψε:\n"),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_time_in_proportion_to_its_size(piece: str) -> None:
    text = piece * (40_000 // len(piece))
    started = time.process_time()
    split_quoted(text)
    # A tenth of a second; what grows with the square of the lines takes half a minute.
    assert time.process_time() - started < 2
