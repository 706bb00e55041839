# Why a callback brought no values: the code of the reason, after CALLBACK_.

CALLBACK_TIMEOUT = Diğer sistem çok geç kaldı. Lütfen tekrar deneyin ya da onsuz devam edin.
CALLBACK_CONNECTION = Diğer sisteme ulaşılamıyor. Lütfen onsuz devam edin.
CALLBACK_TLS = Diğer sistem kimliğini kanıtlayamadı. Lütfen bir yöneticiye bildirin.
CALLBACK_REFUSED_ADDRESS = Bu adres çağrılamaz. Lütfen bir yöneticiye bildirin.
CALLBACK_REDIRECTED = Diğer sistem başka bir adrese yönlendirdi. Lütfen bir yöneticiye bildirin.
CALLBACK_HTTP_STATUS = Diğer sistem { NUMBER($status, useGrouping: 0) } hatasıyla yanıt verdi.
CALLBACK_TOO_LARGE = Diğer sistemin yanıtı çok büyük. Lütfen bir yöneticiye bildirin.
CALLBACK_ENCODED = Diğer sistem yanıtını sıkıştırdı. Lütfen bir yöneticiye bildirin.
CALLBACK_NOT_JSON = Diğer sistemin yanıtı okunamıyor. Lütfen bir yöneticiye bildirin.
CALLBACK_SECRET_UNREADABLE = Kayıtlı gizli anahtar artık okunamıyor. Bir yönetici onu yeniden girmeli.
