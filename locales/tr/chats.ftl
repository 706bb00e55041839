# A customer who starts a chat without a name, and the title of a chat's ticket
chat-visitor = Ziyaretçi
chat-title = Sohbet: { $name }

# The conversation of a chat as a text that its customer keeps, and the mail that brings it
transcript-heading = { $brand } ile görüşme
transcript-begin = Başlangıç: { $date }. Tüm saatler: { $zone }.
transcript-left-out = Daha önceki { $count } ileti burada yer almıyor.
transcript-file = Dosya: { $name }
transcript-subject = { $brand } ile görüşmeniz
transcript-reason =
    Bu e-posta, { $brand } ile yapılan bir sohbette biri bu adresi verip istediği için gönderildi.
    Siz istemediyseniz lütfen silin.
