# Bir dosya neden yüklenemedi: UPLOAD_ ve istemcilerin gördüğü kod.

UPLOAD_INVALID_LINK = Bu dosyayı yükleme süresi doldu. Lütfen dosyayı yeniden seçin.
UPLOAD_NOT_FOUND = Bu dosya artık beklenmiyor. Lütfen dosyayı yeniden seçin.
UPLOAD_METHOD_NOT_ALLOWED = Dosyalar PUT ile yüklenir.
UPLOAD_ALREADY_UPLOADED = Bu dosya zaten yüklendi.
UPLOAD_TOO_LARGE = Bu dosya { $limit } bayttan büyük olduğu için yüklenmedi.
UPLOAD_INCOMPLETE =
    Bu dosyanın { $limit } baytından yalnızca { $actual } baytı ulaştı. Lütfen yeniden yükleyin.
UPLOAD_STALLED =
    Yükleme { $limit } bayttan { $actual } bayt sonra durdu. Lütfen bağlantınızı denetleyip yeniden deneyin.
UPLOAD_STORAGE_FULL = Şu anda yeni dosyalar için yer yok. Lütfen yöneticinize bildirin.
UPLOAD_UNAVAILABLE = Dosyalar şu anda saklanamıyor. Lütfen yeniden deneyin.
