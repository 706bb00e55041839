# A message is named by the error code that clients see.

## One field

REQUIRED = Lütfen bu alanı doldurun.
TOO_LONG = Lütfen en fazla { $limit } karakter yazın; bu metin { $actual } karakter.
TOO_SHORT = Bu çok kısa. Lütfen biraz daha yazın.
INVALID_FORMAT = Bu, beklenen biçimde değil.
INVALID_EMAIL = Bu, geçerli bir e-posta adresi değil. Lütfen kontrol edin.
INVALID_PHONE = Bu, geçerli bir telefon numarası değil. Lütfen ülke koduyla birlikte kontrol edin.
INVALID_ID = Bu kimlik burada geçerli değil.
INVALID_DATE = Bu, geçerli bir tarih değil.
NOT_ALLOWED_VALUE = Bu, izin verilen değerlerden biri değil.
OUT_OF_RANGE = { $actual } izin verilen aralığın dışında: sınır { $limit }.
PAGE_TOO_LARGE = Bir sayfada en fazla { $limit } kayıt olabilir; { $actual } kayıt istendi.
INVALID_CURSOR = Bu imleç geçerli değil. Lütfen ilk sayfadan yeniden başlayın.
ALREADY_TAKEN = Bu zaten kullanılıyor. Lütfen başka bir şey seçin.
UNKNOWN_REFERENCE = Belirtilen kayıt yok ya da onu görme yetkiniz yok.
IMMUTABLE = Bu değiştirilemez.
VERSION_IN_FUTURE = Böyle bir sürüm henüz yok. Lütfen yenileyip tekrar deneyin.
PUBLIC_MAIL_DOMAIN = Bu alan adından herkes adres alabilir; bu yüzden bir şirkete ait olamaz.
MOMENT_IN_PAST = Bu an geçti. Lütfen daha sonraki bir zaman seçin.

## The whole request

VALIDATION_FAILED = Lütfen işaretli alanları kontrol edin.
NOT_FOUND = Böyle bir kayıt yok ya da onu görme yetkiniz yok.
NOT_ALLOWED = Bunu yapma yetkiniz yok.
INLINE_NOTE_KEPT = Satır içi notlar değiştirilemez ve silinemez. Lütfen bunun yerine bir düzeltme yazın.
INTERACTION_READ_ONLY =
    Bu görüşme bitti ve müşterinin daha yeni bir görüşmesi var: artık yalnızca okunabilir.
TOKEN_ENDED = Bu anahtar iptal edilmiş ya da süresi dolmuş. Lütfen yeni bir anahtar oluşturun.
INTERACTION_NOT_OPEN = Bu, açık listenizde değil. Lütfen önce yeniden açın.
CANNOT_DELETE_ONESELF = Kimse kendini silemez. Lütfen başka bir yöneticiden isteyin.
EDIT_CONFLICT =
    Bu arada bir başkası bunu değiştirdi. Hiçbir şey kaydedilmedi: lütfen iki sürümü karşılaştırın.
EDIT_CONFLICT_WITH_ONESELF =
    Bunu başka bir pencerede siz değiştirdiniz. Hiçbir şey kaydedilmedi: lütfen iki sürümü karşılaştırın.
LIMIT_REACHED = Sınıra ulaşıldı: en fazla { $limit }.
STILL_IN_USE = Buna ait talepler var ve bunlar kalıcıdır: silinemez.
ALREADY_EXISTS = Bu zaten var.
ALREADY_MERGED = Bu müşteri zaten birleştirilmiş.
NEWER_MERGE =
    Müşterilerden biri daha sonra birleştirildi. Lütfen önce o birleştirmeyi geri alın.
NEWER_LINK =
    Bu müşterinin bir profili daha sonra başkasına bağlandı. Lütfen önce o bağlantıyı kaldırın.
UNSAVED_CHANGES = Kaydedilmemiş değişiklikler var. Lütfen önce onları kaydedin ya da silin.
IDEMPOTENCY_KEY_REUSED =
    Bu tekrar anahtarı daha önce başka bir girdiyle kullanıldı. Lütfen yeni bir anahtar kullanın.
EXPIRED = Bu artık geçerli değil. Lütfen yenisini isteyin.
WRONG_CODE = Bu kod yanlış. Lütfen kontrol edin.
WRONG_TOKEN = Bu belirteç bir şey kanıtlamıyor: yanlış, süresi dolmuş ya da daha önce kullanılmış.
NOTHING_TO_VERIFY = Doğrulanacak bir şey yok: zaten doğrulanmış ya da bilinen bir e-posta adresi yok.
CODE_TRIES_USED_UP = Bu kod { $limit } kez yanlış girildi ve artık geçersiz. Lütfen yenisini gönderin.
VERIFICATIONS_SENT = Bir saatte en fazla { $limit } kod gönderilebilir. Lütfen daha sonra yeniden deneyin.
UNSENT_CHAT_FILES = Henüz gönderilmemiş { $limit } dosya var. Lütfen önce bunlardan bazılarını gönderin.
CHAT_FILES_OF_DAY = Bir sohbete 24 saat içinde en fazla { $limit } dosya yüklenebilir.
TOO_LATE = Geri almak için artık çok geç: yola çıktı.
NEW_ACTIVITY = Bu arada yeni bir şey yazıldı. Hiçbir şey gönderilmedi: lütfen önce onu okuyun.
UNAVAILABLE = Bu şu anda kullanılamıyor. Lütfen biraz sonra tekrar deneyin.
UNAUTHENTICATED = Lütfen oturum açın.
WRONG_CREDENTIALS = E-posta adresi ya da parola yanlış.
RATE_LIMITED = Çok fazla istek geldi. Lütfen biraz bekleyip tekrar deneyin.
INTERNAL = Bizden kaynaklanan bir sorun oluştu. Lütfen daha sonra tekrar deneyin.
FORBIDDEN_SCOPE = Bu erişim anahtarının kapsamı buna izin vermiyor.
