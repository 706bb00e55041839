# The rules that ask who is writing. The tag shows on tickets; the names are for admins.

identity-tag = e-mail requested
identity-rule-ask = Identity: ask for the e-mail address
identity-rule-link = Identity: address received
identity-rule-link-at-once = Identity: address in the first message
identity-rule-known = Identity: known meanwhile
identity-rule-found-out = Identity: linked or verified
identity-rule-ask-again = Identity: ask again
identity-rule-hand-over = Identity: hand over to agents

# Customers read these. None may tell whether the desk knows an address.
identity-ask =
    Hello, and thank you for your message! So that we can help you, would you please send us your e-mail address? If you prefer, the phone number that you gave us will do as well.
identity-ask-again =
    Thank you for your message. Unfortunately we could not find a valid e-mail address in it. Would you please send it to us once more, so that we can go on?
identity-thanks =
    Thank you very much, we have received it. A colleague will answer you here as soon as possible.

# Only agents read this.
identity-note =
    The customer was asked for an e-mail address, and sent no valid one after being reminded up to { $count ->
        [one] { $count } time
       *[other] { $count } times
    }. The chat was handed to agents.
