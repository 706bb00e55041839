"""The parts of who is writing: what somebody claims in a text, and the mail that proves it."""
