"""Everything that happens to one company, for those who may see it."""

from uuid import UUID

from core.ids import NodeKind
from models.companies import Company
from subscriptions.row_source import RowSource
from subscriptions.streams import Streams


class CompanySource(RowSource):
    """What happens to a company: changes and notes."""

    def __init__(self, streams: Streams, company_id: UUID) -> None:
        super().__init__(streams, Company, NodeKind.COMPANY, company_id)
