"""Notes, as far as the viewer may read them."""

from models.notes import Note, visible_to
from resolvers.batches import rows_by_id

by_id = rows_by_id(Note, visible_to)
