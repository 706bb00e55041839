# A customer who starts a chat without a name, and the title of a chat's ticket
chat-visitor = Επισκέπτης
chat-title = Συνομιλία: { $name }

# The conversation of a chat as a text that its customer keeps, and the mail that brings it
transcript-heading = Συνομιλία με { $brand }
transcript-begin = Έναρξη: { $date }. Όλες οι ώρες: { $zone }.
transcript-left-out =
    { $count ->
        [one] Παραλείπεται { $count } προηγούμενο μήνυμα.
       *[other] Παραλείπονται { $count } προηγούμενα μηνύματα.
    }
transcript-file = Αρχείο: { $name }
transcript-subject = Η συνομιλία σας με { $brand }
transcript-reason =
    Στάλθηκε επειδή κάποιος το ζήτησε σε συνομιλία με { $brand } και έδωσε αυτή τη διεύθυνση.
    Αν δεν ήσασταν εσείς, απλώς διαγράψτε το.
