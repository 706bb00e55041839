"""The parts of live chats: who is let in, what they may upload, how one ends, and its text."""
