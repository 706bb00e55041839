"""Customers, as the viewer may see them."""

from models.customers import Customer, visible_to
from resolvers.batches import rows_by_id

by_id = rows_by_id(Customer, visible_to)
