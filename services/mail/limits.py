"""How large a mail may be."""

# Mail providers take 25 to 50 MB, encoded; a mail is held in memory while it is read.
MAIL_BYTES = 64 * 1024 * 1024
