"""Answers on their way out by mail: posted with the act that sends them, delivered by jobs."""
