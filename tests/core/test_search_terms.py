import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.text import contact_terms, fold, query_terms, query_words, search_terms, stemming

TERMS = 1_000

any_text = st.text(max_size=200) | st.text(st.sampled_from("aéς012 -/.()@+'_"), max_size=60)

turkish = {
    "delay": "Geçen hafta verdiğim siparişlerimden ikisi hâlâ gelmedi, kargo firması aramıyor.",
    "invoice": "Faturamı e-postama gönderir misiniz? Fatura adresi eski görünüyor.",
    "refund": "İade ettiğim ürünün parası hesabıma yatmadı; iadesi onaylanmıştı.",
    "card": "Kartımdan iki kez ödeme alınmış, ödemelerimi kontrol edin.",
    "book": "Kitabım yırtık çıktı, sokağın başındaki mağazanıza getirebilir miyim?",
    "password": "Sifremi unuttum, sifre yenileme baglantisi calismiyor.",
    "cities": "Ayşe'nin kargosu İSTANBUL'dan çıktı, IĞDIR'a gidecek.",
    "colour": "Rengi soluk çıktı; müşterilerinize indirim yapıyor musunuz?",
}
greek = {
    "order": "Καλημέρα σας, η Παραγγελία μου δεν έφτασε ακόμη στη διεύθυνσή μου.",
    "cancel": "Θέλω να ακυρώσω τις παραγγελίες και να επιστραφούν τα χρήματα στον λογαριασμό μου.",
    "invoice": "ΔΕΝ ΕΛΑΒΑ ΤΟ ΤΙΜΟΛΟΓΙΟ ΓΙΑ ΤΟ ΠΡΟΪΟΝ ΑΠΟ ΤΗΝ ΙΣΤΑΝΒΟΥΛ.",
    "payment": "Οι πληρωμές με κάρτα απορρίπτονται. Ο κωδικός είναι λάθος;",
    "parcels": "Τα δέματα του πελάτη έχουν προβλήματα στην αποστολή.",
}
english = {
    "order": "My orders were shipped yesterday, but the tracking page shows nothing.",
    "refund": "I was charged twice. Refunding the second payment took weeks.",
    "policy": "What are your policies on returned items and paid invoices?",
    "person": "Please ask Mr. O'Brien or the customer's lawyer, Zoë Müller.",
}
contact = {
    "mail": "Write to ayse.yilmaz+shop@my-shop.com.tr, please.",
    "mobile": "Beni +90 (532) 123 45 67 numarasından arayın.",
    "landline": "Τηλ. 210-1234567, 6941234567",
    "code": "The number on the parcel is TCK-2024-000123, the ticket is #4512.",
}
sentences = turkish | {f"greek {k}": v for k, v in greek.items()}
sentences |= {f"english {k}": v for k, v in english.items()} | contact


def finds(query: str, text: str) -> bool:
    """Match as the database does: for every word one alternative begins one of the terms."""
    terms = search_terms(text, TERMS)
    words = query_terms(query)
    return bool(words) and all(
        any(term.startswith(tuple(alternatives)) for term in terms) for alternatives in words
    )


def found_by(query: str) -> set[str]:
    return {name for name, text in sentences.items() if finds(query, text)}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sipariş", {"delay"}),
        ("siparis", {"delay"}),
        ("SİPARİŞLERİM", {"delay"}),
        ("siparişinizden", {"delay"}),
        ("fatura", {"invoice"}),
        ("faturası", {"invoice"}),
        ("FATURALAR", {"invoice"}),
        ("iade", {"refund"}),
        ("İADELER", {"refund"}),
        ("ürünler hesap", {"refund"}),
        ("ödeme", {"card"}),
        ("odemesi", {"card"}),
        ("kartlar", {"card"}),
        ("kitap", {"book"}),
        ("kitapların", {"book"}),
        ("sokak", {"book"}),
        ("sokagi", {"book"}),
        ("mağaza", {"book"}),
        ("şifre", {"password"}),
        ("ŞİFRENİZİ", {"password"}),
        ("bağlantı", {"password"}),
        ("ayşe", {"cities", "mail"}),
        ("Ayşe'den kargo", {"cities"}),
        ("kargo", {"delay", "cities"}),
        ("istanbul", {"cities"}),
        ("ıstanbul", {"cities"}),
        ("İstanbul'da", {"cities"}),
        ("ığdır", {"cities"}),
        ("IGDIR", {"cities"}),
        ("müşterisi", {"colour"}),
        ("indirimden", {"colour"}),
        ("kargo firmaları", {"delay"}),
        ("kargo fatura", set()),
    ],
)
def test_turkish_queries_find_inflected_words(query: str, names: set[str]) -> None:
    assert found_by(query) == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("παραγγελια", {"greek order", "greek cancel"}),
        ("ΠΑΡΑΓΓΕΛΙΕΣ", {"greek order", "greek cancel"}),
        ("παραγγελίας", {"greek order", "greek cancel"}),
        ("διεύθυνση", {"greek order"}),
        ("χρημα", {"greek cancel"}),
        ("λογαριασμός", {"greek cancel"}),
        ("ΛΟΓΑΡΙΑΣΜΟΣ", {"greek cancel"}),
        ("λογαριασμοσ", {"greek cancel"}),
        ("τιμολόγια", {"greek invoice"}),
        ("τιμολογιου", {"greek invoice"}),
        ("προϊόντα", {"greek invoice"}),
        ("προιον", {"greek invoice"}),
        ("Ιστανβούλ", {"greek invoice"}),
        ("ΙΣΤΑΝΒΟΥΛ", {"greek invoice"}),
        ("πληρωμή κάρτες", {"greek payment"}),
        ("κωδικοί;", {"greek payment"}),
        ("δέμα", {"greek parcels"}),
        ("πελάτες προβλημα", {"greek parcels"}),
        ("αποστολής", {"greek parcels"}),
    ],
)
def test_greek_queries_find_inflected_and_unaccented_words(query: str, names: set[str]) -> None:
    assert found_by(query) == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("order", {"english order"}),
        ("ORDERED", {"english order"}),
        ("shipping", {"english order"}),
        ("refunds", {"english refund"}),
        ("payments", {"english refund"}),
        ("charging twice", {"english refund"}),
        ("policy", {"english policy"}),
        ("invoice", {"english policy"}),
        ("return item", {"english policy"}),
        ("customers", {"english person"}),
        ("O'Brien", {"english person"}),
        ("brien", {"english person"}),
        ("zoe muller", {"english person"}),
        ("ord", {"english order"}),
    ],
)
def test_english_queries_find_inflected_words(query: str, names: set[str]) -> None:
    assert found_by(query) == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("ayse.yilmaz+shop@my-shop.com.tr", {"mail"}),
        ("AYSE.YILMAZ+SHOP@MY-SHOP.COM.TR", {"mail"}),
        ("<ayse.yilmaz+shop@my-shop.com.tr>,", {"mail"}),
        ("ayse.yilmaz", {"mail"}),
        ("ayse.yilmaz+shop@my", {"mail"}),
        ("@my-shop.com.tr", {"mail"}),
        ("my-shop", {"mail"}),
        ("my-shop.com", {"mail"}),
        ("yılmaz", {"mail"}),
        ("someone@my-shop.com.tr", set()),
        ("+90 532 123 45 67", {"mobile"}),
        ("0532 1234567", {"mobile"}),
        ("00905321234567", {"mobile"}),
        ("(532) 123-4567", {"mobile"}),
        ("5321234", {"mobile"}),
        ("1234567", {"mobile", "landline"}),
        ("+30 210 1234567", {"landline"}),
        ("+306941234567", {"landline"}),
        ("TCK-2024-000123", {"code"}),
        ("tck2024000123", {"code"}),
        ("tck 000123", {"code"}),
        ("2024-000123", {"code"}),
        ("2024 000123", {"code"}),
        ("#4512", {"code"}),
        ("4513", set()),
    ],
)
def test_addresses_numbers_and_codes_are_found_however_they_are_written(
    query: str, names: set[str]
) -> None:
    assert found_by(query) == names


@pytest.mark.parametrize("query", ["", "  ", "?!", "\u200b", "...", "@", "+"])
def test_a_query_without_letters_and_digits_has_no_words(query: str) -> None:
    assert query_terms(query) == []


def test_a_text_keeps_its_longest_terms_only() -> None:
    assert search_terms("Siparişim: sipariş", TERMS) == {"siparisim"}
    assert search_terms("kitabım", TERMS) == {"kitabim", "kitap"}
    assert search_terms("info@shop.gr", TERMS) == {"info@shop.gr", "shop.gr", "gr"}


def test_a_query_asks_for_its_shortest_alternatives_only() -> None:
    assert query_terms("siparişlerimden") == [{"siparis"}]
    assert query_terms("kitabım") == [{"kitabim", "kitap"}]
    assert query_terms("0532 123 45 67") == [{"5321234567"}]


def test_a_short_stem_does_not_find_unrelated_words() -> None:
    assert not finds("kartım", "Kargo karar verdi")


def test_a_date_and_an_amount_are_found_in_any_notation() -> None:
    assert finds("21.11.2026", "Termin 21/11/2026 14:30")
    assert finds("2026-11-21", "am 2026.11.21")
    assert finds("1.250.000", "toplam 1250000 TL")


def test_two_telephone_numbers_in_a_row_are_both_found() -> None:
    text = "0532 123 45 67\n0533 765 43 21"
    assert finds("+90 532 1234567", text)
    assert finds("+90 533 7654321", text)


def test_words_of_other_scripts_are_found_by_their_beginning() -> None:
    assert finds("Спасиб", "СПАСИБО за помощь")
    assert finds("مرحب", "مرحبا بك")


def test_a_number_is_also_stored_backwards() -> None:
    assert contact_terms("+905321234567", TERMS) == {
        *("905321234567", "5321234567", "<765432123509"),
    }
    assert contact_terms("Elif 2", TERMS) == {"elif", "2"}


def test_a_handle_is_also_stored_whole_and_without_its_sign() -> None:
    assert contact_terms("@Ayşe.Yılmaz_1", TERMS) == {
        *("@ayse.yilmaz_1", "ayse.yilmaz_1", "yilmaz1", "1"),
    }


def test_a_person_is_asked_for_without_stems_and_by_either_end_of_a_number() -> None:
    def asked(query: str) -> list[set[str]]:
        return [set(word.contact_terms) for word in query_words(query)]

    assert asked("Ayşe") == [{"ayse"}]
    assert asked("0532 12") == [{"0532", "53212", "<212350"}, {"12", "53212", "<212350"}]
    assert asked("4567") == [{"4567", "<7654"}]
    assert asked("12") == [{"12"}]
    assert asked("+90 532 123 45 67") == [{"905321234567", "5321234567", "<7654321235"}]
    assert asked("@Ayşe.Yılmaz") == [{"ayse.yilmaz"}]


def test_a_word_is_guessed_unless_it_is_short_or_part_of_an_address() -> None:
    spellings = [word.spelling for word in query_words("Ayşe Can 4567 ayse@can.example")]
    assert spellings == [None, "ayse", None, None]


def test_terms_are_cut_at_64_characters_and_still_found() -> None:
    key = "k" * 100
    assert search_terms(key, TERMS) == {"k" * 64}
    assert query_terms(key) == [{"k" * 64}]


def test_the_beginning_of_a_long_text_fills_the_terms_after_addresses_and_numbers() -> None:
    text = "bir iki yedi sekiz dokuz ... 2101234567 ayse@example.gr"
    assert search_terms(text, 5) == {"ayse@example.gr", "example.gr", "2101234567", "bir", "iki"}
    assert search_terms(text, 0) == set()


def test_a_query_counts_sixteen_words() -> None:
    assert len(query_terms("one " * 100)) == 16


@given(any_text)
@example("0)0..A@0")
def test_a_text_is_found_by_each_of_its_words(text: str) -> None:
    words = [word for word in fold(text).split() if query_terms(word)]
    assert [word for word in words if not finds(word, text)] == []


@given(any_text, st.integers(0, 20))
def test_terms_are_bounded_folded_and_none_begins_another(text: str, limit: int) -> None:
    terms = search_terms(text, limit)
    assert len(terms) <= limit
    assert all(0 < len(term) <= 64 for term in terms)
    assert not any(a != b and b.startswith(a) for a in terms for b in terms)


@pytest.mark.parametrize(
    "hostile", ["a", "a--", "a@", "a.", "@", "1 ", "1) (", "1-", "0", "abc'", "\u0301", "a_", "ﷺ"]
)
def test_hostile_text_is_read_in_linear_time(hostile: str) -> None:
    text = hostile * (100_000 // len(hostile))
    # Of the processor: on a busy machine others have their share of the time.
    started = time.process_time()
    search_terms(text, TERMS)
    query_terms(text)
    # About 0.1 s; a scan that starts again in the middle of a run takes minutes.
    assert time.process_time() - started < 5


def test_threads_do_not_mix_up_their_words() -> None:
    roots = ("siparis", "fatura", "kargo", "telefon", "kitab", "sokag")
    endings = ("lerimden", "larimizi", "inizi", "imiz", "dan", "sinda")
    words = [root + ending for root in roots for ending in endings] * 2
    expected = [stemming.stems(word) for word in words]
    stemming._latin_stems.cache_clear()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(stemming.stems, words)) == expected
    finally:
        sys.setswitchinterval(interval)
