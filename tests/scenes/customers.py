"""Customers, and the companies they work for."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, scene_of


@scene_of("customerCreate", is_quiet=True)
async def a_customer_is_added(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("ayse", "customerCreate", name="Kostas", email="kostas@example.com")
    yield SILENCE  # nobody can have the page of a customer open who is new

    again = {"name": "Konstantinos", "email": "Kostas@example.com"}
    await stage.is_refused("ayse", "AlreadyExists", "customerCreate", **again)
    yield UNCHANGED


@scene_of("customerUpdate")
async def a_customer_is_edited(stage: Stage) -> AsyncIterator[Told]:
    both_tickets = ["TicketUpdated", "TicketUpdated"]
    customer = {"customer": ["CustomerChanged"]}
    of_both = {**customer, "open_tickets": both_tickets, "their_tickets": both_tickets}
    loaded = await stage.version(stage.customer, "Customer")
    await stage.edits("customerUpdate", customerId=stage.customer, name="Elif Yılmaz")
    yield of_both
    await stage.edits("customerUpdate", customerId=stage.customer, companyId=stage.company)
    yield of_both
    await stage.edits("customerUpdate", customerId=stage.customer, language="tr", phone=None)
    yield customer

    await stage.edits("customerUpdate", customerId=stage.customer, name="Elif Yılmaz")
    given = {"customerId": stage.customer, "expectedVersion": loaded, "name": "Elif Kaya"}
    await stage.is_refused("ayse", "EditConflict", "customerUpdate", **given)
    yield UNCHANGED


@scene_of("companyCreate", is_quiet=True)
async def a_company_is_added(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("ayse", "companyCreate", name="Papadopoulos", domains=["papadopoulos.example"])
    yield SILENCE  # nobody can have the page of a company open that is new

    await stage.is_refused("ayse", "AlreadyExists", "companyCreate", name="PAPADOPOULOS")
    yield UNCHANGED


@scene_of("companyUpdate")
async def a_company_is_edited(stage: Stage) -> AsyncIterator[Told]:
    given: dict[str, Any] = {
        "companyId": stage.company,
        "name": "Virgül",
        "domains": ["virgul.example"],
    }
    await stage.edits("companyUpdate", **given)
    yield {"company": ["CompanyChanged"], "company_form": ["EditWarning"]}

    await stage.edits("companyUpdate", **given)
    yield UNCHANGED
