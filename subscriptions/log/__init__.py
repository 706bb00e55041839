"""How the event log reaches the streams of every process."""
