"""Which earlier mails a mail answers."""

from services.mail.parsing import ParsedMail


def parent_candidates(mail: ParsedMail) -> tuple[str, ...]:
    """Return the message ids that `mail` may belong to, the likeliest first, each once.

    The mail that is answered comes first, then the rest of the thread from the newest to the
    oldest, so that a mail finds its ticket even where its direct parent is missing.

    An equal subject is no candidate. "Siparişim" or "Hello" is the subject of a hundred strangers,
    and a mail in the wrong ticket shows one customer's words to another.
    """
    ids = dict.fromkeys((mail.in_reply_to, *reversed(mail.references)))
    return tuple(i for i in ids if i is not None and i != mail.message_id)
