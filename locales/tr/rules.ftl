# The rules that ask who is writing. The tag shows on tickets; the names are for admins.

identity-tag = e-posta istendi
identity-rule-ask = Kimlik: e-posta adresini sor
identity-rule-link = Kimlik: adres alındı
identity-rule-link-at-once = Kimlik: adres ilk mesajda
identity-rule-known = Kimlik: bu arada öğrenildi
identity-rule-found-out = Kimlik: bağlandı veya doğrulandı
identity-rule-ask-again = Kimlik: yeniden sor
identity-rule-hand-over = Kimlik: temsilcilere aktar

# Customers read these. None may tell whether the desk knows an address.
identity-ask =
    Merhaba, bize yazdığınız için teşekkür ederiz! Size yardımcı olabilmemiz için e-posta adresinizi yazar mısınız? Dilerseniz bize daha önce bildirdiğiniz telefon numarasını da yazabilirsiniz.
identity-ask-again =
    Mesajınız için teşekkür ederiz. Ne yazık ki içinde geçerli bir e-posta adresi bulamadık. Devam edebilmemiz için adresinizi bir kez daha yazar mısınız?
identity-thanks =
    Çok teşekkür ederiz, bilginiz bize ulaştı. Bir çalışma arkadaşımız en kısa sürede size buradan yanıt verecek.

# Only agents read this.
identity-note =
    Müşteriden e-posta adresi istendi, en çok { $count } kez hatırlatıldı, ancak geçerli bir adres gelmedi. Sohbet temsilcilere aktarıldı.
