"""The gate before every operation of a chat customer: what is closed to them is never executed."""

from graphql import GraphQLError, GraphQLSchema

from app.engine import Operation
from app.graphql_errors import RequestRejected
from app.graphql_responder import cached_if_short
from core.errors import NotAllowed
from models.viewers import Viewer
from schema.customer_access import CustomerAccess, customer_access


class CustomerGate:
    """Refuses documents in which a chat customer asks for what is not open to them.

    The refusal depends on the document alone. It is the same whatever there is, or is not, behind
    the place that it names, and takes the same time.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        def judge(operation: Operation) -> CustomerAccess:
            return customer_access(schema, operation.document)

        self._judge = cached_if_short(judge)

    def check(self, operation: Operation, viewer: Viewer) -> None:
        """Raise RequestRejected for what the viewer may not ask; agents cost it one look."""
        if viewer.actor is not None and not viewer.is_customer:
            return
        access = self._judge(operation)
        # A stranger is let through to be refused by each field, unless they become a customer.
        if access.refused is not None and (viewer.is_customer or access.starts_chat):
            message = f"A chat customer may not ask for '{access.refused}'."
            error = GraphQLError(message, access.refused_node)
            raise RequestRejected.with_code(NotAllowed.code, error)
