"""Customers, and the companies they work for."""

from collections.abc import AsyncIterator
from typing import Any

from tests.scenes.stage import SILENCE, UNCHANGED, Stage, Told, scene_of


@scene_of("customerCreate")
async def a_customer_is_added(stage: Stage) -> AsyncIterator[Told]:
    entered = ["CustomerEntered"]
    await stage.does("ayse", "customerCreate", name="Kostas", email="kostas@kostas.example")
    yield {"customers": entered}
    await stage.does("ayse", "customerCreate", name="Elif Demir", phone="+905321234567")
    yield {"customers": entered, "found_customers": entered}

    again = {"name": "Konstantinos", "email": "Kostas@kostas.example"}
    await stage.is_refused("ayse", "AlreadyExists", "customerCreate", **again)
    yield UNCHANGED


@scene_of("companyCreate")
async def a_company_is_added(stage: Stage) -> AsyncIterator[Told]:
    await stage.does("ayse", "companyCreate", name="Papadopoulos", domains=["papadopoulos.example"])
    yield SILENCE  # nobody can have the page of a company open that is new

    await stage.is_refused("ayse", "AlreadyExists", "companyCreate", name="PAPADOPOULOS")
    yield UNCHANGED


@scene_of("companyCreate")
async def a_company_is_added_whose_people_are_known(stage: Stage) -> AsyncIterator[Told]:
    both_tickets, updated = ["TicketUpdated", "TicketUpdated"], ["CustomerUpdated"]
    await stage.does("ayse", "companyCreate", name="Tekstil", domains=["example.com"])
    yield {
        "customer": ["CustomerChanged"],
        "customers": updated,
        "found_customers": updated,
        "open_tickets": both_tickets,
        "their_tickets": both_tickets,
    }


@scene_of("companyUpdate")
async def a_company_is_edited(stage: Stage) -> AsyncIterator[Told]:
    given: dict[str, Any] = {
        "companyId": stage.company,
        "name": "Virgül",
        "domains": ["virgul.example"],
    }
    await stage.edits("companyUpdate", **given)
    renamed = ["CustomerCompanyRenamed"]
    of_company = {"company": ["CompanyChanged"], "company_form": ["EditWarning"]}
    yield {**of_company, "customers": renamed, "found_customers": renamed}

    await stage.edits("companyUpdate", **given)
    yield UNCHANGED


@scene_of("customerUpdate")
async def a_customer_is_edited(stage: Stage) -> AsyncIterator[Told]:
    both_tickets = ["TicketUpdated", "TicketUpdated"]
    updated = ["CustomerUpdated"]
    lists = {"customers": updated, "found_customers": updated}
    customer = {"customer": ["CustomerChanged"], **lists}
    of_both = {**customer, "open_tickets": both_tickets, "their_tickets": both_tickets}
    loaded = await stage.version(stage.customer, "Customer")
    await stage.edits("customerUpdate", customerId=stage.customer, name="Elif Yılmaz")
    yield of_both
    await stage.edits("customerUpdate", customerId=stage.customer, companyId=stage.company)
    yield of_both
    await stage.edits("customerUpdate", customerId=stage.customer, language="tr", phone=None)
    yield customer
    await stage.edits("customerUpdate", customerId=stage.customer, name="Leyla Yılmaz")
    yield {**of_both, "found_customers": ["CustomerLeft"]}
    await stage.edits("customerUpdate", customerId=stage.customer, email="elif@home.example")
    yield {**customer, "found_customers": ["CustomerEntered"]}

    await stage.edits("customerUpdate", customerId=stage.customer, name="Leyla Yılmaz")
    given = {"customerId": stage.customer, "expectedVersion": loaded, "name": "Elif Kaya"}
    await stage.is_refused("ayse", "EditConflict", "customerUpdate", **given)
    yield UNCHANGED
