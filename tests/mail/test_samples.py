"""The hand-written samples, read from end to end."""

from datetime import UTC, datetime
from unittest.mock import ANY

from services.mail.addresses import Mailbox
from services.mail.automatic import Automatic
from services.mail.parsing import MailAttachment, ParsedMail, parse_mail
from tests.mail.mails import sample


def test_turkish_mail_in_windows_1254() -> None:
    assert parse_mail(sample("turkish_windows_1254")) == ParsedMail(
        message_id="5f1c0a.240205@posta.example",
        digest=ANY,
        in_reply_to=None,
        references=(),
        subject="Siparişim hâlâ gelmedi: TCK-2024-0117",
        sender=Mailbox("Ayşe Yılmaz", "ayse.yilmaz@posta.example"),
        reply_to=(),
        to=(Mailbox("Destek", "destek@marti-kitap.example"),),
        cc=(),
        delivered_to=(),
        sent_at=datetime(2024, 2, 5, 6, 12, 30, tzinfo=UTC),
        text=(
            "Merhaba,\n\n"
            "“Işıklı Göğüş” adlı kitabı ocak ayında ısmarladım, hâlâ gelmedi.\n"
            "Kargo şirketi de bir şey bilmiyor — yardımcı olur musunuz?\n\n"
            "İyi çalışmalar\nAyşe Yılmaz"
        ),
        html=None,
        attachments=(),
        automatic=Automatic.NO,
        bounce=None,
    )


def test_greek_mail_in_base64_with_a_comma_in_an_encoded_name() -> None:
    mail = parse_mail(sample("greek_iso_8859_7"))

    assert mail.subject == "Ερώτηση για το τιμολόγιο του Μαρτίου"
    assert mail.sender == Mailbox("Ελένη Παπαδοπούλου", "eleni@grammata.example")
    assert mail.to == (
        Mailbox("", "support@glaros-vivlia.example"),
        Mailbox("Λογιστήριο, Γλάρος", "logistirio@glaros-vivlia.example"),
    )
    assert mail.cc == (Mailbox("Νίκος Αθανασίου", "nikos@grammata.example"),)
    assert mail.sent_at == datetime(2024, 3, 6, 16, 40, 5, tzinfo=UTC)
    assert mail.text == (
        "Καλημέρα σας,\n\n"
        "το τιμολόγιο του Μαρτίου γράφει δύο φορές το ίδιο βιβλίο.\n"
        "Άραγε μπορείτε να το διορθώσετε;\n\n"
        "Ευχαριστώ πολύ,\nΕλένη"
    )


def test_bytes_without_any_declaration_are_read_as_what_they_look_like() -> None:
    mail = parse_mail(sample("raw_windows_1254_header"))

    assert mail.sender == Mailbox("Güneş Öztürk", "gunes@posta.example")
    assert mail.subject == "Şifremi unuttum, giriş yapamıyorum"
    assert mail.text == 'Üye girişinde "şifre yanlış" diyor.'


def test_utf_8_is_read_as_utf_8_whatever_the_label_says() -> None:
    mail = parse_mail(sample("utf_8_labelled_iso_8859_9"))

    assert mail.sender == Mailbox("Uğur Şahin", "ugur@posta.example")
    assert mail.subject == "İade işlemi"
    assert mail.text == "Ürünü iade etmek istiyorum, ğüşıöç."


def test_reply_with_alternatives_an_image_and_a_file() -> None:
    mail = parse_mail(sample("reply_with_image_and_invoice"))

    assert mail.subject == "Re: Siparişim"
    assert mail.in_reply_to == "desk-2@marti-kitap.example"
    assert mail.references == (
        "5f1c0a.240205@posta.example",
        "desk-1@marti-kitap.example",
        "desk-2@marti-kitap.example",
    )
    assert mail.reply_to == (Mailbox("", "ayse.is@posta.example"),)
    assert mail.text == (
        "Merhaba Deniz Hanım,\n\nFişin fotoğrafı ekte.\n\n"
        "> 5 Şubat 2024 tarihinde Martı Kitap Destek yazdı:\n> Fişinizi gönderir misiniz?"
    )
    image, invoice = mail.attachments
    assert (image.filename, image.content_type) == ("fis.png", "image/png")
    assert image.content_id == "fis+1@posta.example"
    assert invoice == MailAttachment(
        "Şubat faturası – Ayşe Yilmaz.pdf", "application/pdf", b"%PDF-1.4\n"
    )


def test_html_of_a_reply_is_kept_without_what_acts_or_tells_who_reads_it() -> None:
    html = parse_mail(sample("reply_with_image_and_invoice")).html

    assert html is not None
    assert html.strip() == (
        "<p>Merhaba <b>Deniz Hanım</b>,</p>\n"
        '<p>Fişin fotoğrafı ekte:<br><img src="cid:fis%2B1@posta.example" alt="fiş"></p>\n'
        '<img height="1" width="1">\n'
        '<p><a rel="noopener noreferrer nofollow">tıkla</a> ya da '
        '<a href="https://marti-kitap.example/iade?no=7&amp;dil=tr" '
        'rel="noopener noreferrer nofollow">iade sayfası</a></p>\n'
        "<blockquote>5 Şubat 2024 tarihinde Martı Kitap Destek yazdı:<br>"
        "Fişinizi gönderir misiniz?</blockquote>"
    )


def test_mail_in_html_only_gets_a_text_with_its_quotations() -> None:
    mail = parse_mail(sample("greek_html_only"))

    assert mail.sender == Mailbox("Ελένη", "eleni@grammata.example")
    assert mail.subject == "Απ: Τιμολόγιο?"
    assert mail.text == (
        "Καλημέρα,\n\n- ένα\n\n- δύο\n\nΣύνολο 12,50 €\n\n"
        "Δείτε το έγγραφο (https://grammata.example/42).\n\n"
        "> Στις 6 Μαρτίου η υποστήριξη έγραψε:\n>\n> > Ποιο τιμολόγιο;"
    )


def test_bounce_is_automatic_and_keeps_its_report_and_the_returned_mail() -> None:
    mail = parse_mail(sample("bounce"))

    assert mail.is_automatic
    assert mail.text == "The address <yok@posta.example> does not exist."
    assert [(file.filename, file.content_type) for file in mail.attachments] == [
        ("attachment.txt", "message/delivery-status"),
        ("attachment.eml", "message/rfc822"),
    ]


def test_out_of_office_reply_is_automatic() -> None:
    mail = parse_mail(sample("out_of_office"))

    assert mail.is_automatic
    assert mail.sender == Mailbox("Martin O'Neil", "martin@ledger.example")
    assert mail.sent_at == datetime(2024, 2, 9, 12, 0, 3, tzinfo=UTC)


def test_attached_mail_is_kept_byte_for_byte_and_groups_are_dissolved() -> None:
    content = sample("forwarded_mail")
    mail = parse_mail(content)

    (attached,) = mail.attachments
    assert attached.filename == "Delivery note.eml"
    assert attached.content.startswith(b"From: Warehouse")
    assert attached.content.endswith(b"--inner--")
    assert attached.content in content
    assert mail.to == ()
    assert mail.cc == (
        Mailbox("", "books@ledger.example"),
        Mailbox("O'Neil, Ruth", "ruth@ledger.example"),
    )


def test_broken_mail_is_read_as_far_as_it_goes() -> None:
    mail = parse_mail(sample("broken_structure"))

    assert mail.subject == "Order 4711 is"
    assert mail.sender == Mailbox("Ruth", "ruth@ledger.example")
    assert [mailbox.address for mailbox in mail.to] == [
        "support@glaros-vivlia.example",
        "ruth@ledger.example",
    ]
    assert mail.sent_at is None
    assert mail.text == "Two books are missing from the parcel."
    (file,) = mail.attachments
    assert (file.filename, file.content) == ("fdp.exe", b"%PDF-1.4\n%")


def test_english_reply_keeps_what_it_quotes() -> None:
    mail = parse_mail(sample("english_reply"))

    assert mail.subject == "RE: Invoice 4711"
    assert mail.in_reply_to == "desk-20@glaros-vivlia.example"
    assert mail.references == ("first@ledger.example", "desk-20@glaros-vivlia.example")
    assert mail.sent_at == datetime(2024, 2, 5, 21, 20, tzinfo=UTC)
    assert mail.text == (
        "Thanks, that's solved.\n\nOn Monday, Support wrote:\n"
        ">> Is it the invoice of January?\n> From Ruth: yes.\n\n-- \nRuth"
    )
