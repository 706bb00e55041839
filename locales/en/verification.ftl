# The mail with the code by which a customer proves that an address is theirs.

verification-subject = { $code } is your code for { $brand }
verification-text =
    Somebody who is writing to { $brand } says that this is their e-mail address.

    If that is you, tell { $brand } this code in the conversation:

    { $code }

    It is valid for { $minutes } minutes. Nobody will call you to ask for it.
    If it is not you, do nothing: whoever is writing learns nothing about you.
