"""The demo: a made-up desk with three months of work behind it, in Turkish, Greek and English."""

from services.demo.filling import fill
from services.demo.staff import PASSWORD

__all__ = ["PASSWORD", "fill"]
