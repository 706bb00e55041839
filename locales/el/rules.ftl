# The rules that ask who is writing. The tag shows on tickets; the names are for admins.

identity-tag = ζητήθηκε e-mail
identity-rule-ask = Ταυτότητα: ερώτηση για το e-mail
identity-rule-link = Ταυτότητα: λήψη διεύθυνσης
identity-rule-link-at-once = Ταυτότητα: διεύθυνση στο πρώτο μήνυμα
identity-rule-known = Ταυτότητα: έγινε γνωστή εν τω μεταξύ
identity-rule-found-out = Ταυτότητα: συνδέθηκε ή επαληθεύτηκε
identity-rule-ask-again = Ταυτότητα: νέα ερώτηση
identity-rule-hand-over = Ταυτότητα: παράδοση σε συνεργάτες

# Customers read these. None may tell whether the desk knows an address.
identity-ask =
    Γεια σας και ευχαριστούμε για το μήνυμά σας! Για να μπορέσουμε να σας βοηθήσουμε, θα μας γράψετε, παρακαλώ, τη διεύθυνση e-mail σας; Αν προτιμάτε, μπορείτε να μας γράψετε τον αριθμό τηλεφώνου που μας έχετε δώσει.
identity-ask-again =
    Ευχαριστούμε για το μήνυμά σας. Δυστυχώς δεν βρήκαμε σε αυτό κάποια έγκυρη διεύθυνση e-mail. Θα μας τη γράψετε, παρακαλώ, ακόμη μία φορά για να συνεχίσουμε;
identity-thanks =
    Σας ευχαριστούμε πολύ, τα στοιχεία σας ελήφθησαν. Ένας συνεργάτης μας θα σας απαντήσει εδώ το συντομότερο δυνατόν.

# Only agents read this.
identity-note =
    Ζητήθηκε από τον πελάτη διεύθυνση e-mail, αλλά δεν στάλθηκε έγκυρη διεύθυνση μετά από έως { $count ->
        [one] { $count } υπενθύμιση
       *[other] { $count } υπενθυμίσεις
    }. Η συνομιλία δόθηκε σε συνεργάτες.
