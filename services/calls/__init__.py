"""Calls to servers outside: guarded, so that nobody can make the desk reach where it must not."""
