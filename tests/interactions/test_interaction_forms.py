"""What agents type into the customer's form: kept unsaved, and asked about before it is lost."""

import asyncio
from typing import Any

import pytest

from models.channels import Channel
from tests.support.customers import add_company, create, update
from tests.support.desk import Client, World
from tests.support.interactions import (
    CALLER,
    attempt,
    closed,
    does,
    lists,
    load,
    number_of,
    opened,
    trace,
)

PROFILES = "query ($id: ID!) { customer(id: $id) { profiles { channel handle verified } } }"
CUSTOMER = """
    query ($id: ID!) { node(id: $id) { ... on Customer { version name email phone } } }
"""
EMPTY = dict.fromkeys(("expectedVersion", "name", "email", "phone", "language", "company"))


async def types(client: Client, interaction: str, **form: Any) -> Any:
    """Keep a form; return what is kept of it."""
    return (await does(client, "interactionFormSave", interactionId=interaction, form=form))["form"]


async def close(client: Client, interaction: str, **given: Any) -> dict[str, Any]:
    return await attempt(client, "interactionClose", interactionId=interaction, **given)


async def customer_now(world: World, customer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await world.admin.ask(CUSTOMER, id=customer["id"]))["node"]
    return found


def refusals(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return where something was refused, and why."""
    return [(".".join(one["path"]), one["code"]) for one in answer["fields"]]


# Keeping what was typed


async def test_a_form_is_kept_as_it_was_typed_for_whoever_typed_it_and_nobody_else(
    world: World,
) -> None:
    customer = await create(world, "Elif")
    company = await add_company(world, "Nokta")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await does(world.nikos, "interactionReopen", interactionId=interaction)

    kept = await types(
        world.ayse,
        interaction,
        expectedVersion=1,
        name=" Elif  Ş",
        email="elif@",
        phone="0532 1",
        companyId=company,
    )

    assert kept == {
        "fields": ["name", "email", "phone", "company"],
        "expectedVersion": 1,
        "name": " Elif  Ş",
        "email": "elif@",
        "phone": "0532 1",
        "language": None,
        "company": {"name": "Nokta"},
    }
    assert (await load(world.ayse, interaction))["form"] == kept
    assert (await load(world.nikos, interaction))["form"] is None
    theirs = await types(world.nikos, interaction, expectedVersion=1, name="Elif Kaya")
    assert theirs == EMPTY | {"fields": ["name"], "expectedVersion": 1, "name": "Elif Kaya"}
    assert (await load(world.ayse, interaction))["form"] == kept


@pytest.mark.parametrize(
    "form",
    [
        {"name": "Elif", "email": "elif@example.com", "phone": "+905321234567"},
        {"name": " Elif ", "email": "elif@EXAMPLE.com", "phone": "0532 123 45 67"},
        {"language": "", "companyId": None},
        {},
    ],
)
async def test_what_the_customer_is_already_is_nothing_to_keep(
    world: World, form: dict[str, Any]
) -> None:
    customer = await create(world, "Elif", email="elif@example.com", phone="+905321234567")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await types(world.ayse, interaction, expectedVersion=1, name="Elif Ş")

    assert await types(world.ayse, interaction, **({"name": "Elif"} | form)) is None


async def test_no_form_leaves_nothing_to_keep(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    await types(world.ayse, interaction, name="Elif")

    cleared = await does(world.ayse, "interactionFormSave", interactionId=interaction, form=None)

    assert cleared["form"] is None


async def test_what_two_tabs_type_into_different_fields_is_all_kept_and_saved(
    world: World,
) -> None:
    customer = await create(world, "Elif", email="elif@example.com")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await types(world.ayse, interaction, expectedVersion=1, name="Elif Ş", phone="0532 123 45 67")

    kept = await types(world.ayse, interaction, expectedVersion=1, phone=None, email=None)

    assert set(kept.pop("fields")) == {"name", "phone", "email"}
    assert EMPTY | kept == EMPTY | {"expectedVersion": 1, "name": "Elif Ş"}
    form = {"phone": "0532 765 43 21"}
    result = await close(world.ayse, interaction, outcome="SAVE", customerForm=form)
    assert result["__typename"] == "InteractionCloseSuccess"
    saved = await customer_now(world, customer)
    assert (saved["name"], saved["email"], saved["phone"]) == ("Elif Ş", None, "+905327654321")


async def test_what_one_tab_loaded_later_lets_another_overwrite_nothing(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await types(world.ayse, interaction, expectedVersion=1, name="Elif Ş")
    version = (await update(world.nikos, customer, 1, name="Elif Kaya"))["customer"]["version"]

    of_both = await types(world.ayse, interaction, expectedVersion=version, phone="0532 1")
    conflict = await close(world.ayse, interaction, outcome="SAVE", customerForm={"phone": ""})
    of_one = await types(
        world.ayse, interaction, expectedVersion=version, name="Elif K", phone="0532 2"
    )

    assert of_both["expectedVersion"] == 1
    assert [one["field"] for one in conflict["fields"]] == ["name"]
    assert of_one["expectedVersion"] == version


async def test_keeping_the_same_form_again_is_no_change(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    await types(world.ayse, interaction, name="Elif")
    before = await trace(world)

    await types(world.ayse, interaction, name="Elif")

    assert await trace(world) == before


async def test_a_form_has_limits_and_no_version_of_the_future(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    before = await trace(world)
    form = {
        "expectedVersion": 7,
        "name": "é" * 201,
        "email": "e" * 255,
        "phone": "1" * 251,
        "language": "t" * 36,
    }

    refused = await attempt(world.ayse, "interactionFormSave", interactionId=interaction, form=form)
    wrong = await attempt(
        world.ayse, "interactionFormSave", interactionId=interaction, form={"companyId": "x"}
    )

    assert refusals(refused) == [
        ("input.form.name", "TOO_LONG"),
        ("input.form.email", "TOO_LONG"),
        ("input.form.phone", "TOO_LONG"),
        ("input.form.language", "TOO_LONG"),
        ("input.form.expectedVersion", "VERSION_IN_FUTURE"),
    ]
    assert refusals(wrong) == [("input.form.companyId", "INVALID_ID")]
    assert await trace(world) == before


async def test_only_what_is_on_the_open_list_has_a_form(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    before = await trace(world)

    of_colleague = await attempt(
        world.nikos, "interactionFormSave", interactionId=interaction, form={"name": "X"}
    )

    assert (of_colleague["code"], of_colleague["message"]) == (
        "NOT_ALLOWED",
        "Αυτό δεν βρίσκεται στη λίστα με τα ανοιχτά σας. Παρακαλούμε ανοίξτε το πρώτα ξανά.",
    )
    assert await trace(world) == before
    await close(world.ayse, interaction, outcome="DISCARD")
    before = await trace(world)
    of_closed = await attempt(
        world.ayse, "interactionFormSave", interactionId=interaction, form={"name": "X"}
    )
    assert of_closed["code"] == "NOT_ALLOWED"
    assert await trace(world) == before


# Closing, where the customer is known


async def test_with_nothing_unsaved_closing_asks_nothing(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])

    form = {"expectedVersion": 1, "name": "Elif"}
    result = await close(world.ayse, interaction, customerForm=form)

    assert result["__typename"] == "InteractionCloseSuccess"
    assert result["interaction"]["closedAt"] is not None
    assert (await customer_now(world, customer))["name"] == "Elif"


async def test_what_was_kept_is_asked_about(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await types(world.ayse, interaction, expectedVersion=1, name="Elif Ş", email="elif@")
    before = await trace(world)

    result = await close(world.ayse, interaction)

    assert (result["__typename"], result["code"], result["unsaved"]) == (
        "UnsavedChanges",
        "UNSAVED_CHANGES",
        ["name", "email"],
    )
    assert await trace(world) == before


async def test_a_form_that_is_asked_about_is_kept_so_that_a_reload_loses_nothing(
    world: World,
) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    form = {"expectedVersion": 1, "name": "Elif Şahin", "phone": None}

    result = await close(world.ayse, interaction, customerForm=form)

    assert result["unsaved"] == ["name"]
    assert await lists(world.ayse) == ([interaction], [])
    assert (await load(world.ayse, interaction))["form"] == EMPTY | {
        "fields": ["name", "phone"],
        "expectedVersion": 1,
        "name": "Elif Şahin",
    }


async def test_saving_saves_what_was_kept_and_closes(world: World) -> None:
    customer = await create(world, "Elif", phone="+905321234567")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await types(world.ayse, interaction, expectedVersion=1, name="Elif Şahin", phone="")

    result = await close(world.ayse, interaction, outcome="SAVE")

    assert result["__typename"] == "InteractionCloseSuccess"
    assert (result["interaction"]["form"], result["mergedFields"]) == (None, [])
    saved = await customer_now(world, customer)
    assert (saved["name"], saved["phone"]) == ("Elif Şahin", None)
    assert await lists(world.ayse) == ([], [interaction])


async def test_discarding_drops_what_was_kept_and_what_is_given(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await types(world.ayse, interaction, expectedVersion=1, name="Elif Ş")

    result = await close(
        world.ayse, interaction, outcome="DISCARD", customerForm={"name": "é" * 201}
    )

    assert (result["__typename"], result["interaction"]["form"]) == (
        "InteractionCloseSuccess",
        None,
    )
    assert (await customer_now(world, customer))["name"] == "Elif"


async def test_edits_of_other_fields_are_merged_into_what_is_saved(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await update(world.nikos, customer, 1, phone="+905321234567")

    form = {"expectedVersion": 1, "name": "Elif Şahin", "phone": None}
    result = await close(world.ayse, interaction, outcome="SAVE", customerForm=form)

    assert result["mergedFields"] == ["phone"]
    saved = await customer_now(world, customer)
    assert (saved["name"], saved["phone"]) == ("Elif Şahin", "+905321234567")


async def test_what_only_a_colleague_changed_is_not_asked_about(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await update(world.nikos, customer, 1, phone="+905321234567")

    form = {"expectedVersion": 1, "name": "Elif", "phone": ""}
    result = await close(world.ayse, interaction, customerForm=form)

    assert result["__typename"] == "InteractionCloseSuccess"
    assert (await customer_now(world, customer))["phone"] == "+905321234567"


async def test_a_conflict_shows_both_versions_and_leaves_it_open_with_the_form(
    world: World,
) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    await update(world.nikos, customer, 1, name="Elif Kaya")

    form = {"expectedVersion": 1, "name": "Elif Şahin"}
    result = await close(world.ayse, interaction, outcome="SAVE", customerForm=form)

    assert (result["__typename"], result["currentVersion"], result["changedBy"]) == (
        "EditConflict",
        (await customer_now(world, customer))["version"],
        {"name": "Nikos"},
    )
    assert result["fields"] == [
        {"field": "name", "base": "Elif", "theirs": "Elif Kaya", "yours": "Elif Şahin"}
    ]
    assert (await customer_now(world, customer))["name"] == "Elif Kaya"
    assert await lists(world.ayse) == ([interaction], [])
    assert (await load(world.ayse, interaction))["form"]["name"] == "Elif Şahin"

    chosen = {"expectedVersion": result["currentVersion"], "name": "Elif Şahin"}
    saved = await close(world.ayse, interaction, outcome="SAVE", customerForm=chosen)
    assert saved["__typename"] == "InteractionCloseSuccess"
    assert (await customer_now(world, customer))["name"] == "Elif Şahin"


async def test_what_cannot_be_saved_is_named_in_the_form_and_kept(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    form = {"expectedVersion": 1, "name": " ", "email": "elif@", "phone": "1", "language": "de"}

    refused = await close(world.ayse, interaction, outcome="SAVE", customerForm=form)

    assert refusals(refused) == [
        ("input.customerForm.name", "REQUIRED"),
        ("input.customerForm.email", "INVALID_EMAIL"),
        ("input.customerForm.phone", "INVALID_PHONE"),
        ("input.customerForm.language", "NOT_ALLOWED_VALUE"),
    ]
    assert (await load(world.ayse, interaction))["form"]["email"] == "elif@"
    assert (await customer_now(world, customer))["version"] == 2  # it knows of the interaction


async def test_a_form_without_its_version_or_with_endless_text_is_not_saved(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    before = await trace(world)

    endless = await close(world.ayse, interaction, customerForm={"name": "é" * 201})
    assert refusals(endless) == [("input.customerForm.name", "TOO_LONG")]
    assert await trace(world) == before
    blind = await close(world.ayse, interaction, outcome="SAVE", customerForm={"name": "X"})
    assert refusals(blind) == [("input.customerForm.expectedVersion", "REQUIRED")]
    assert (await customer_now(world, customer))["name"] == "Elif"


async def test_an_address_of_somebody_else_leaves_it_open_with_the_form(world: World) -> None:
    other = await create(world, "Maria", email="maria@example.com")
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])

    form = {"expectedVersion": 1, "email": "maria@example.com"}
    result = await close(world.ayse, interaction, outcome="SAVE", customerForm=form)

    assert (result["__typename"], result["existing"]) == ("AlreadyExists", {"id": other["id"]})
    assert await lists(world.ayse) == ([interaction], [])
    assert (await load(world.ayse, interaction))["form"]["email"] == "maria@example.com"


async def test_a_version_that_there_is_not_is_refused_and_the_text_is_kept(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    form = {"expectedVersion": 99, "name": "Elif Şahin"}

    refused = await close(world.ayse, interaction, outcome="SAVE", customerForm=form)

    assert refusals(refused) == [("input.customerForm.expectedVersion", "VERSION_IN_FUTURE")]
    kept = (await load(world.ayse, interaction))["form"]
    assert (kept["name"], kept["expectedVersion"]) == ("Elif Şahin", None)
    assert (await customer_now(world, customer))["name"] == "Elif"


# Closing what another tab has closed


@pytest.mark.parametrize("outcome", [None, "SAVE", "CREATE"])
async def test_what_was_typed_is_not_dropped_because_another_tab_has_closed_it(
    world: World, outcome: str | None
) -> None:
    customer = await create(world, "Elif")
    known = await opened(world.ayse, customerId=customer["id"])
    unknown = await opened(world.ayse, handle=CALLER)
    for interaction in (known, unknown):
        await closed(world.ayse, interaction)
    form = {"expectedVersion": 1, "name": "Elif Şahin"}
    before = await trace(world)

    for interaction in (known, unknown):
        refused = await close(world.ayse, interaction, outcome=outcome, customerForm=form)
        assert (refused["code"], refused["message"]) == (
            "NOT_ALLOWED",
            "Bu, açık listenizde değil. Lütfen önce yeniden açın.",
        )
    assert await trace(world) == before

    await does(world.ayse, "interactionReopen", interactionId=known)
    saved = await close(world.ayse, known, outcome="SAVE", customerForm=form)
    assert saved["__typename"] == "InteractionCloseSuccess"
    assert (await customer_now(world, customer))["name"] == "Elif Şahin"


async def test_where_nothing_is_lost_closing_again_changes_nothing(world: World) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    form = {"expectedVersion": 1, "name": "Elif Şahin"}
    await close(world.ayse, interaction, outcome="SAVE", customerForm=form)
    before = await trace(world)

    again = [
        await close(world.ayse, interaction, outcome="SAVE", customerForm=form),
        await close(world.ayse, interaction, outcome="SAVE"),
        await close(world.ayse, interaction, outcome="DISCARD", customerForm={"name": "X"}),
    ]
    ahead = {"expectedVersion": 99, "name": "X"}
    refused = await close(world.ayse, interaction, outcome="SAVE", customerForm=ahead)

    assert [result["__typename"] for result in again] == ["InteractionCloseSuccess"] * 3
    assert refusals(refused) == [("input.customerForm.expectedVersion", "VERSION_IN_FUTURE")]
    assert await trace(world) == before


async def test_of_two_tabs_that_save_at_once_one_is_told_that_its_text_was_not(
    world: World,
) -> None:
    customer = await create(world, "Elif")
    interaction = await opened(world.ayse, customerId=customer["id"])
    texts = ("Elif Şahin", "Elif Kaya")

    results = await asyncio.gather(
        *(
            close(
                world.ayse,
                interaction,
                outcome="SAVE",
                customerForm={"expectedVersion": 1, "name": text},
            )
            for text in texts
        )
    )

    outcomes = [result["__typename"] for result in results]
    assert sorted(outcomes) == ["InteractionCloseSuccess", "NotAllowed"]
    saved = texts[outcomes.index("InteractionCloseSuccess")]
    assert (await customer_now(world, customer))["name"] == saved


# Closing, where the customer is not known yet


async def test_a_customer_who_is_not_created_yet_is_asked_about(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    before = await trace(world)

    without_form = await close(world.ayse, interaction)
    assert without_form["unsaved"] == ["customer"]
    assert await trace(world) == before

    with_form = await close(world.ayse, interaction, customerForm={"name": "Elif", "phone": ""})
    assert with_form["unsaved"] == ["name"]
    assert (await load(world.ayse, interaction))["form"]["name"] == "Elif"


async def test_creating_makes_the_customer_and_links_them_to_the_handle(world: World) -> None:
    company = await add_company(world, "Nokta")
    interaction = await opened(world.ayse, "TELEGRAM", handle="@elif")
    await types(world.ayse, interaction, name="Elif", email="elif@example.com", companyId=company)

    result = await close(world.ayse, interaction, outcome="CREATE")

    customer = result["interaction"]["customer"]
    assert (result["__typename"], customer["name"]) == ("InteractionCloseSuccess", "Elif")
    assert await world.ayse.ask(PROFILES, id=customer["id"]) == {
        "customer": {"profiles": [{"channel": "TELEGRAM", "handle": "@elif", "verified": False}]}
    }
    again = await does(world.nikos, "interactionOpen", channel="TELEGRAM", handle="@ELIF")
    assert again["customer"] == customer


async def test_a_handle_that_somebody_else_got_meanwhile_stays_theirs(world: World) -> None:
    interaction = await opened(world.ayse, "TELEGRAM", handle="@elif")
    await world.receive(channel=Channel.TELEGRAM, handle="@Elif", name="Maria")

    form = {"name": "Elif"}
    result = await close(world.ayse, interaction, outcome="CREATE", customerForm=form)

    maria = (await does(world.nikos, "interactionOpen", channel="TELEGRAM", handle="@elif"))[
        "customer"
    ]
    assert (result["__typename"], result["existing"]) == ("AlreadyExists", {"id": maria["id"]})
    assert (maria["name"], (await world.counts())["customer"]) == ("Maria", 1)
    assert await lists(world.ayse) == ([interaction], [])
    assert (await load(world.ayse, interaction))["form"]["name"] == "Elif"


async def test_a_taken_address_closes_nothing_and_loses_nothing(world: World) -> None:
    known = await create(world, "Elif", email="elif@example.com")
    interaction = await opened(world.ayse, handle=CALLER)
    form = {"name": "Elif Ş", "email": "ELIF@example.com"}

    result = await close(world.ayse, interaction, outcome="CREATE", customerForm=form)

    assert (result["__typename"], result["existing"]) == ("AlreadyExists", {"id": known["id"]})
    assert await lists(world.ayse) == ([interaction], [])
    assert (await load(world.ayse, interaction))["form"]["email"] == "ELIF@example.com"
    assert (await world.counts())["customer"] == 1

    linked = await does(
        world.ayse,
        "interactionUpdate",
        interactionId=interaction,
        expectedVersion=1,
        customerId=known["id"],
    )
    assert linked["form"]["expectedVersion"] is None
    about_them = {"expectedVersion": 1, "name": "Elif Ş", "email": "elif@example.com"}
    saved = await close(world.ayse, interaction, outcome="SAVE", customerForm=about_them)
    assert saved["__typename"] == "InteractionCloseSuccess"


async def test_creating_without_a_name_is_refused_in_the_form(world: World) -> None:
    interaction = await opened(world.ayse, handle=CALLER)
    before = await trace(world)

    refused = await close(world.ayse, interaction, outcome="CREATE")

    assert refusals(refused) == [("input.customerForm.name", "REQUIRED")]
    assert await trace(world) == before


async def test_nobody_who_is_known_is_created_and_nobody_unknown_is_saved(world: World) -> None:
    customer = await create(world, "Elif")
    known = await opened(world.ayse, customerId=customer["id"])
    unknown = await opened(world.ayse, handle=CALLER)
    before = await trace(world)

    created = await close(world.ayse, known, outcome="CREATE")
    saved = await close(world.ayse, unknown, outcome="SAVE")

    assert (created["__typename"], created["existing"]) == ("AlreadyExists", {"id": customer["id"]})
    assert refusals(saved) == [("input.outcome", "NOT_ALLOWED_VALUE")]
    assert await trace(world) == before


async def test_two_agents_who_create_one_address_at_once_make_one_customer(world: World) -> None:
    clients = {world.tokens[name]: getattr(world, name) for name in ("ayse", "nikos", "admin")}
    interactions = {
        token: await opened(client, handle=number_of(place))
        for place, (token, client) in enumerate(clients.items())
    }
    form = {"name": "Elif", "email": "elif@example.com"}

    results = await asyncio.gather(
        *(
            close(client, interactions[token], outcome="CREATE", customerForm=form)
            for token, client in clients.items()
        )
    )

    assert sorted(result["__typename"] for result in results) == [
        "AlreadyExists",
        "AlreadyExists",
        "InteractionCloseSuccess",
    ]
    assert (await world.counts())["customer"] == 1
    for client, result in zip(clients.values(), results, strict=True):
        of_open, _ = await lists(client)
        assert len(of_open) == (0 if result["__typename"] == "InteractionCloseSuccess" else 1)


async def test_a_form_typed_for_one_customer_is_not_saved_over_another(world: World) -> None:
    elif_, maria = await create(world, "Elif"), await create(world, "Maria")
    interaction = await opened(world.ayse, customerId=elif_["id"])
    await types(world.ayse, interaction, expectedVersion=1, name="Elif Ş")
    await does(
        world.nikos,
        "interactionUpdate",
        interactionId=interaction,
        expectedVersion=1,
        customerId=maria["id"],
    )

    result = await close(world.ayse, interaction, outcome="SAVE")

    assert refusals(result) == [("input.customerForm.expectedVersion", "REQUIRED")]
    assert (await load(world.ayse, interaction))["form"]["name"] == "Elif Ş"
    assert (await customer_now(world, maria))["name"] == "Maria"
