"""Files from outside: which the desk takes, under which names, and what they are."""
