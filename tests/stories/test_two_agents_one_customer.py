"""Two agents, one customer.

A customer telephones Ayşe and chats with Nikos at the same time, and both edit who she is: whoever
is late is warned at once, edits of different fields merge, and a save over what was not loaded is
refused with both versions. Nikos cannot close with something unsaved, finds it again after a
reload, and saves it. Both reopen what they had closed: the customer can be edited again, and of her
contacts only the newest one.
"""

from tests.stories.agent import Agent
from tests.stories.edits import conflict
from tests.stories.installation import Installation
from tests.stories.shop import Shop, Writer

ELIF = Writer("Elif Şahin", "elif@two-agents.example")
DEMET = Writer("Demet Yıldız", "demet@two-agents.example")
CALLER = "+306941234567"


async def test_two_agents_edit_one_customer(ayse: Agent, nikos: Agent, shop: Shop) -> None:
    customer = (await shop.brings(ELIF, "Merhaba")).customer
    await ayse.accepts("PHONE", customerId=customer)
    await nikos.accepts("LIVE_CHAT", customerId=customer)
    assert await ayse.reads_contacts_of(customer) == [
        "LIVE_CHAT by Nikos, open: -",
        "PHONE by Ayşe, open: -",
    ]
    form_of_ayse = await ayse.loads_customer(customer)
    form_of_nikos = await nikos.loads_customer(customer)
    warnings = await nikos.is_warned_of_edits(customer, form_of_nikos.version)

    await ayse.saves_customer(form_of_ayse, phone="0212 555 01 01")
    await warnings.shows("Ayşe changes phone: - → +902125550101")

    merged = await nikos.saves_customer(form_of_nikos, name="Elif Şahin Demir")
    assert merged == ["phone"]

    refused = await nikos.tries_to_save_customer(form_of_nikos, phone="+30 210 1234567")
    assert conflict(refused) == ["phone: - → +902125550101 by Ayşe, +302101234567 by me"]
    loaded = await nikos.loads_customer(customer)
    assert (loaded.name, loaded.phone) == ("Elif Şahin Demir", "+902125550101")
    assert refused["currentVersion"] == loaded.version

    await nikos.saves_customer(loaded, phone="+30 210 1234567")
    assert (await ayse.loads_customer(customer)).phone == "+302101234567"


async def test_closing_asks_for_what_is_unsaved_and_reopening_begins_anew(
    ayse: Agent, nikos: Agent, shop: Shop, installation: Installation
) -> None:
    customer = (await shop.brings(DEMET, "Tekrar ben")).customer
    call = await ayse.accepts("PHONE", customerId=customer)
    chat = await nikos.accepts("LIVE_CHAT", customerId=customer)
    other_tab = await nikos.opens_lists()

    loaded = await nikos.loads_customer(customer)
    await nikos.types_into_form(chat, loaded.version, email="demet@yeni.example")
    await other_tab.shows("changed: LIVE_CHAT Demet Yıldız")
    refused = await nikos.tries_to_close(chat)
    assert refused == {
        "__typename": "UnsavedChanges",
        "code": "UNSAVED_CHANGES",
        "unsaved": ["email"],
    }
    assert await nikos.open_list() == ["LIVE_CHAT Demet Yıldız"]

    reloaded = nikos.moves_to(installation.first_server)
    assert await reloaded.reads_form(chat) == {"email": "demet@yeni.example"}
    assert await ayse.reads_form(chat) is None
    await reloaded.closes(chat, outcome="SAVE")
    await other_tab.shows("closed: LIVE_CHAT Demet Yıldız")
    assert (await ayse.loads_customer(customer)).email == "demet@yeni.example"
    assert await nikos.open_list() == []
    assert await nikos.recent_list() == ["LIVE_CHAT Demet Yıldız"]
    await ayse.closes(call)

    await ayse.reopens(interactionId=call)
    assert await ayse.tries_to_summarise(call, "Adres sordu") == "NOT_ALLOWED"
    await ayse.saves_customer(await ayse.loads_customer(customer), name="Demet Yıldız Ak")
    assert await nikos.reopens(customerId=customer) == chat
    await other_tab.shows("reopened: LIVE_CHAT Demet Yıldız Ak")
    assert await nikos.tries_to_summarise(chat, "Adres değişti") == "accepted"
    await nikos.tags_interaction(chat, "İADE")
    assert await nikos.tags_interaction(chat, "iade") == ["İADE"]
    assert await ayse.reads_contacts_of(customer) == [
        "LIVE_CHAT by Nikos, open: Adres değişti",
        "PHONE by Ayşe, open: -",
    ]


async def test_a_caller_whom_nobody_knows_is_created_or_discarded(nikos: Agent) -> None:
    call = await nikos.accepts("PHONE", handle=CALLER)
    other_tab = await nikos.opens_lists()
    assert await nikos.customer_of(call) is None
    assert (await nikos.tries_to_close(call))["unsaved"] == ["customer"]

    await nikos.closes(call, outcome="DISCARD")
    await other_tab.shows(f"closed: PHONE {CALLER}")
    assert await nikos.finds_customers("Αλέξανδρος") == []

    again = await nikos.accepts("PHONE", handle=CALLER)
    await nikos.types_into_form(again, None, name="Αλέξανδρος Ρήγας")
    assert (await nikos.tries_to_close(again))["unsaved"] == ["name"]
    await nikos.closes(again, outcome="CREATE")
    assert await nikos.finds_customers("αλεξανδρος") == ["Αλέξανδρος Ρήγας"]

    third = await nikos.accepts("PHONE", handle=CALLER)
    assert await nikos.customer_of(third) == await nikos.customer_of(again)
