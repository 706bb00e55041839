"""The parts of live chats: who is let in, how one ends, and what was said as a text."""
