"""What agents do with the form of a customer."""

from dataclasses import dataclass
from typing import Any

from tests.stories.person import CONFLICT, Person

CUSTOMER = """
    query ($customer: ID!) {
      customer(id: $customer) {
        version name email phone profiles { channel handle verified } company { name }
      }
    }
"""
SEARCH = "query ($search: String!) { customers(search: $search) { nodes { name } } }"


@dataclass(frozen=True, slots=True)
class CustomerForm:
    """A customer as an agent has loaded them."""

    customer: str
    version: int
    name: str
    email: str | None
    phone: str | None


class WithCustomers(Person):
    """An agent who keeps customers."""

    async def loads_customer(self, customer: str) -> CustomerForm:
        """Load the form of a customer."""
        found = (await self.asks(CUSTOMER, customer=customer))["customer"]
        return CustomerForm(
            customer, found["version"], found["name"], found["email"], found["phone"]
        )

    async def saves_customer(self, form: CustomerForm, **fields: str | None) -> list[str]:
        """Save fields of a form; return those that others had changed meanwhile."""
        saved = await self.does("customerUpdate", "mergedFields", **_update(form, fields))
        merged: list[str] = saved["mergedFields"]
        return merged

    async def tries_to_save_customer(
        self, form: CustomerForm, **fields: str | None
    ) -> dict[str, Any]:
        """Save fields of a form, and return whatever the answer is."""
        return await self.tries("customerUpdate", CONFLICT, **_update(form, fields))

    async def finds_customers(self, search: str) -> list[str]:
        """Return the names of the customers whom a search finds."""
        nodes = (await self.asks(SEARCH, search=search))["customers"]["nodes"]
        return [node["name"] for node in nodes]


def _update(form: CustomerForm, fields: dict[str, str | None]) -> dict[str, Any]:
    return {"customerId": form.customer, "expectedVersion": form.version, **fields}
