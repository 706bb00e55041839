"""Guards against documents that cost the server more than any screen needs.

`validate_guarded` is the way in; docs/limits.md explains the limits to client developers.
"""

from app.guards.validation import validate_guarded

__all__ = ["validate_guarded"]
