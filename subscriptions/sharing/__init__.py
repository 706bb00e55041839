"""One execution for all who asked the same."""
