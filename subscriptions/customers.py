"""Everything that happens to one customer, for those who may see them."""

from uuid import UUID

from core.ids import NodeKind
from models.customers import Customer
from subscriptions.row_source import RowSource
from subscriptions.streams import Streams


class CustomerSource(RowSource):
    """What happens to a customer: changes and notes, profiles and tickets."""

    def __init__(self, streams: Streams, customer_id: UUID) -> None:
        super().__init__(streams, Customer, NodeKind.CUSTOMER, customer_id)
