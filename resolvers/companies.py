"""Companies, as the viewer may see them."""

from models.companies import Company, visible_to
from resolvers.batches import rows_by_id

by_id = rows_by_id(Company, visible_to)
