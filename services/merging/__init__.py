"""The parts of merging and linking customers: what moves, who is told, and how it is undone."""
