# Why a file is not taken: FILE_ and the reason that clients see.

FILE_EMPTY = Bu dosya boş.
FILE_NO_EXTENSION = Bu dosyanın adından türü anlaşılmıyor. Lütfen adına bir uzantı ekleyin.
FILE_FORMAT_NOT_ALLOWED = Bu türdeki dosyalar burada kabul edilmiyor.
FILE_DOUBLE_EXTENSION =
    Bu dosyanın adı, dosyayı başka bir türde gösteriyor. Lütfen adını değiştirin ya da PDF gönderin.
FILE_PROGRAM = Bu dosya bir program ya da içinde bir program var. Programlar kabul edilmiyor.
FILE_WEB_PAGE =
    Bu dosya bir web sayfası ya da betik içerebiliyor. Lütfen bir resim ya da PDF gönderin.
FILE_MACROS = Bu belge makro içeriyor. Lütfen belgeyi makrosuz kaydedin.
FILE_CONTENT_MISMATCH = Bu dosyanın içeriği adıyla uyuşmuyor. Dosya bozulmuş olabilir.
FILE_SEVERAL_FORMATS =
    Bu dosya aynı anda iki türde okunabiliyor; bu yüzden kabul edilmiyor. Lütfen yeniden kaydedin.
