# Bir müşterinin bir adresin kendisine ait olduğunu kanıtladığı kodu taşıyan e-posta.

verification-subject = { $brand } için kodunuz: { $code }
verification-text =
    { $brand } ile yazışan biri, bu e-posta adresinin kendisine ait olduğunu söylüyor.

    Bu sizseniz, bu kodu yazışmanızda { $brand } ekibine iletin:

    { $code }

    Kod { $minutes } dakika geçerlidir. Kimse sizi arayıp bu kodu sormaz.
    Bu siz değilseniz bir şey yapmanıza gerek yok: yazan kişi hakkınızda hiçbir şey öğrenemez.
