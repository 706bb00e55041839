"""Mail that people wrote, read from archives into plain values.

`archives` finds the mails in files and folders, `parsing` reads one of them, `threads` tells which
earlier mails it answers. Nothing here knows the database, the network or the desk's tickets.
Whatever a mail holds, reading it takes time and memory in proportion to its size, and ends with a
`ParsedMail` or with `UnreadableMail`.
"""
