"""How large a mail may be: one that comes in, and one that goes out."""

# Mail providers take 25 to 50 MB, encoded; a mail is held in memory while it is read.
MAIL_BYTES = 64 * 1024 * 1024
# Five files of 20 MiB are 137 MiB, encoded. Most servers take less, and say so before it is sent.
SENT_MAIL_BYTES = 144 * 1024 * 1024
