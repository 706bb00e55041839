"""The rules that ask who is writing: what they do in a chat, and installing them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import clock
from core.ids import NodeKind, decode_global_id, encode_global_id, new_id
from core.localization import LANGUAGES
from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.channels import Channel
from models.rules import IdentityStep, RuleActionKind, RuleTrigger
from models.tickets import Ticket, TicketPriority, TicketStatus
from services.automation.conditions import matches
from services.automation.definitions import Definition
from services.automation.effects import after
from services.automation.facts import Facts, PastRun, Person, Words
from services.automation.rulebook import TriedRule
from services.identity.claims_in_text import emails_in
from services.identity_rules import STEPS, WantedIdentityRules, designs_of
from tests.support.desk import World
from tests.support.history import history
from tests.support.rules import ERRORS, acme, install, problems, run_rules, writes

TAG_ID = new_id()
TAGS = "query ($id: ID!) { ticket(id: $id) { status tags { name } } }"
SAID = """
    query ($id: ID!) {
      ticket(id: $id) {
        status tags { name } customer { name profiles { claimedEmail } }
        messages { nodes { direction body } } notes { nodes { body } }
        ruleRuns(last: 50) { nodes { rule { identityStep } outcome } }
      }
    }
"""
EDIT = f"""
    mutation ($input: RuleUpdateInput!) {{
      ruleUpdate(input: $input) {{ {ERRORS} ... on RuleUpdateSuccess {{ rule {{ version }} }} }}
    }}
"""
KNOWN = "gizli.cicek@example.com"
RECEIVE = """
    mutation ($input: MessageReceiveInput!) {
      messageReceive(input: $input) {
        __typename ... on MessageReceiveSuccess { message { ticket { id } } }
      }
    }
"""
DELETE = "mutation ($id: ID!) { ruleDelete(input: {ruleId: $id}) { __typename } }"


class Conversation:
    """A chat as the rules see it: no database, only what holds and what would be done."""

    def __init__(self, *, max_reminders: int = 3, channel: Channel = Channel.TELEGRAM) -> None:
        wanted = WantedIdentityRules(new_id(), [channel], "tr", max_reminders)
        ids = {step: new_id() for step in STEPS}
        found = designs_of(wanted, "tr", TAG_ID, ids)
        self._rules = {
            step: TriedRule(
                RuleTrigger.INCOMING,
                Definition(
                    found[step].all_of.items, found[step].any_of.items, found[step].actions.items
                ),
                id=ids[step],
            )
            for step in STEPS
            if step is not IdentityStep.FOUND_OUT  # it is tried when no customer writes
        }
        person = Person("Acme", has_email=False, has_phone=False)
        self.facts = Facts(
            clock.now(), channel, TicketStatus.NEW, TicketPriority.MEDIUM, person=person
        )
        self._is_first = True

    def customer_writes(
        self, text: str, *, later: timedelta = timedelta(minutes=1), **told: Any
    ) -> list[str]:
        """Return the steps that ran after the customer wrote this, so much later."""
        return self.customer_writes_at_once(text, later=later, **told)[0]

    def customer_writes_at_once(
        self, *texts: str, later: timedelta = timedelta(minutes=1), **told: Any
    ) -> list[list[str]]:
        """Return the steps that ran after each of several lines, all written before any ran."""
        written_at = self.facts.now + later
        self.facts = replace(self.facts, now=written_at + timedelta(milliseconds=100))
        return [self._steps_after(text, written_at, told) for text in texts]

    def _steps_after(self, text: str, written_at: datetime, told: dict[str, Any]) -> list[str]:
        is_first, self._is_first = self._is_first, False
        words = Words(new_id(), text, is_first_contact=is_first, created_at=written_at, **told)
        # A message opens the ticket again, unless it is new.
        status = TicketStatus.NEW if is_first else TicketStatus.OPEN
        self.facts = replace(self.facts, message=words, status=status)
        return [step for step, rule in self._rules.items() if self._has_run(rule)]

    def _has_run(self, rule: TriedRule) -> bool:
        if not matches(rule, self.facts):
            return False
        for action in rule.definition.actions:
            self.facts = after(action, self.facts) or self.facts
        assert rule.id is not None
        run = PastRun(rule.id, new_id(), self.facts.now, changed=True)
        self.facts = replace(self.facts, runs=(*self.facts.runs, run))
        return True


def test_who_gives_an_address_is_linked_and_handed_to_agents() -> None:
    chat = Conversation()

    asked = chat.customer_writes("Merhaba, siparişim nerede?")
    waits = (chat.facts.status, chat.facts.tag_ids)
    reminded = chat.customer_writes("Neden soruyorsunuz?")
    linked = chat.customer_writes("Tamam: Elif.Sahin@Example.com'dan yazdım")

    assert (asked, reminded, linked) == (["ASK"], ["ASK_AGAIN"], ["LINK"])
    assert waits == (TicketStatus.PENDING, frozenset({TAG_ID}))
    assert (chat.facts.status, chat.facts.tag_ids) == (TicketStatus.OPEN, frozenset())
    assert chat.customer_writes("ve 0532 123 45 67") == []


@pytest.mark.parametrize("channel", [Channel.WHATSAPP, Channel.LIVE_CHAT])
def test_a_telephone_number_will_do_as_well(channel: Channel) -> None:
    chat = Conversation(channel=channel)
    chat.customer_writes("Καλημέρα")

    assert chat.customer_writes("Το τηλέφωνό μου: 694 123 4567") == ["LINK"]


def test_the_address_of_the_brand_is_no_answer() -> None:
    chat = Conversation()
    chat.customer_writes("Merhaba")

    said = chat.customer_writes("destek@acme.example?", brand_email="Destek@acme.example")

    assert said == ["ASK_AGAIN"]


def test_who_was_reminded_often_enough_is_handed_over() -> None:
    chat = Conversation(max_reminders=2)
    chat.customer_writes("Merhaba")

    steps = [chat.customer_writes("Hayır") for _ in range(4)]

    assert steps == [["ASK_AGAIN"], ["ASK_AGAIN"], ["HAND_OVER"], []]
    assert (chat.facts.status, chat.facts.tag_ids) == (TicketStatus.OPEN, frozenset())


def test_reminders_count_for_a_day() -> None:
    chat = Conversation(max_reminders=1)
    chat.customer_writes("Merhaba")

    steps = [chat.customer_writes("Hayır", later=timedelta(hours=25)) for _ in range(2)]

    assert steps == [["ASK_AGAIN"], ["ASK_AGAIN"]]
    assert chat.customer_writes("Hayır") == ["HAND_OVER"]


def test_nobody_is_reminded_so_fast_that_the_rule_would_be_paused() -> None:
    fast, slow = Conversation(max_reminders=5), Conversation(max_reminders=5)
    fast.customer_writes("Merhaba")
    slow.customer_writes("Merhaba")

    steps = [fast.customer_writes("Hayır", later=timedelta(seconds=1)) for _ in range(4)]
    patient = [slow.customer_writes("Hayır", later=timedelta(hours=1)) for _ in range(6)]

    assert steps == [*[["ASK_AGAIN"]] * 3, ["HAND_OVER"]]
    assert patient == [*[["ASK_AGAIN"]] * 5, ["HAND_OVER"]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Ben elif@example.com, siparişim nerede?", {}),
        ("Merhaba, numaram 0532 123 45 67", {}),
        ("Merhaba", {"claimed_email": "elif@example.com"}),
        ("Merhaba", {"claimed_phone": "+905321234567"}),
    ],
)
def test_who_says_at_once_who_they_are_is_linked_and_not_asked(
    text: str, told: dict[str, Any]
) -> None:
    chat = Conversation()

    assert chat.customer_writes(text, **told) == ["LINK_AT_ONCE"]
    assert (chat.facts.status, chat.facts.tag_ids) == (TicketStatus.OPEN, frozenset())
    assert chat.customer_writes("Teşekkürler", **told) == []


@pytest.mark.parametrize(
    "person",
    [
        Person("Acme", has_email=True, has_phone=False),
        Person("Acme", has_email=False, has_phone=False, is_linked=True),
    ],
)
def test_who_is_known_is_not_asked_nor_asked_again(person: Person) -> None:
    new, asked = Conversation(), Conversation()
    new.facts = replace(new.facts, person=person)
    asked.customer_writes("Merhaba")
    asked.facts = replace(asked.facts, person=person)

    assert new.customer_writes("Ben elif@example.com") == []
    assert asked.customer_writes("elif@example.com") == ["KNOWN"]
    assert (asked.facts.status, asked.facts.tag_ids) == (TicketStatus.OPEN, frozenset())


def test_what_was_written_before_a_question_is_no_answer_to_it() -> None:
    chat = Conversation()

    hello = chat.customer_writes_at_once("Merhaba", "Kargom gelmedi", "Sipariş 123")
    more = chat.customer_writes_at_once("Neden?", "Ama", "neden?")

    assert hello == [["ASK"], [], []]
    assert more == [["ASK_AGAIN"], [], []]
    assert chat.customer_writes_at_once("Peki", "elif@example.com") == [["ASK_AGAIN"], ["LINK"]]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_rules_are_installed_in_each_language(world: World, language: str) -> None:
    result = await install(world, language=language)
    again = await install(world, language=language)
    agent_tries = await world.ayse.act(
        "mutation ($input: IdentityRulesInstallInput!) "
        "{ identityRulesInstall(input: $input) { __typename } }",
        input={"brandId": acme(world)},
    )

    assert agent_tries["__typename"] == "NotAllowed"
    assert again == result
    assert [each["identityStep"] for each in result["rules"]] == list(STEPS)
    assert all(each["enabled"] for each in result["rules"])
    texts = [action["text"] for each in result["rules"] for action in each["actions"]]
    assert len([text for text in texts if text]) == 4
    # What says an address as an example would be read as one where somebody quotes it.
    assert not any(emails_in(text or "") for text in texts)
    name = {"en": "e-mail requested", "tr": "e-posta istendi", "el": "ζητήθηκε e-mail"}[language]
    assert result["tag"]["name"] == name
    assert await history(world, result["rules"][0]["id"]) == [
        ("RuleCreated", []),
        ("RuleInstalled", []),
    ]


async def test_installing_again_brings_up_to_date_what_nobody_has_edited(world: World) -> None:
    first = await install(world, language="tr")
    known, link, hand_over, ask_again, at_once, ask, found_out = first["rules"]
    hello = [{"kind": "SEND_MESSAGE", "text": "Selam!"}]
    for edited, wanted in ((ask, {"actions": hello}), (ask_again, {"enabled": False})):
        given = {"ruleId": edited["id"], "expectedVersion": edited["version"], **wanted}
        assert (await world.admin.act(EDIT, input=given))["__typename"] == "RuleUpdateSuccess"
    await world.admin.act(DELETE, id=link["id"])

    second = await install(world, language="el", maxReminders=1)
    third = await install(world, language="el", maxReminders=1)

    assert second["keptRules"] == [{"id": ask["id"]}]
    new_link = second["rules"][1]
    others = [each for each in second["rules"] if each is not new_link]
    assert [each["id"] for each in others] == [
        each["id"] for each in (known, hand_over, ask_again, at_once, ask, found_out)
    ]
    assert new_link["id"] != link["id"]
    assert others[4]["actions"] == hello
    assert others[2]["name"] == "Ταυτότητα: νέα ερώτηση"
    switched_on = [each["enabled"] for each in second["rules"]]
    assert switched_on == [each is not others[2] for each in second["rules"]]
    assert third == second
    listed = (await world.admin.ask("{ rules { id } }"))["rules"]
    assert [each["id"] for each in listed] == [each["id"] for each in second["rules"]]


async def test_what_cannot_be_installed_leaves_no_trace(world: World) -> None:
    before = await world.counts()

    refused = [
        await install(world, channels=["TELEGRAM", "EMAIL"]),
        await install(world, channels=[]),
        await install(world, language="de", maxReminders=11),
        await install(world, brandId=encode_global_id(NodeKind.BRAND, new_id())),
    ]

    assert [problems(each) for each in refused] == [
        [("channels.1", "NOT_ALLOWED_VALUE")],
        [("channels", "REQUIRED")],
        [("language", "NOT_ALLOWED_VALUE"), ("maxReminders", "OUT_OF_RANGE")],
        [("brandId", "UNKNOWN_REFERENCE")],
    ]
    assert await world.counts() == before
    assert (await world.admin.ask("{ rules { id } }"))["rules"] == []


async def test_the_worker_asks_and_hands_over_what_was_answered(world: World) -> None:
    installed = await install(world, language="tr")

    ticket = await writes(world, "Merhaba")
    asked = (await world.nikos.ask(TAGS, id=ticket))["ticket"]
    for text in ("Neden?", "elif@example.com"):
        assert await writes(world, text) == ticket

    said = (await world.nikos.ask(SAID, id=ticket))["ticket"]
    assert asked == {"status": "PENDING", "tags": [{"name": "e-posta istendi"}]}
    assert (said["status"], said["tags"], said["notes"]["nodes"]) == ("OPEN", [], [])
    texts = _texts(installed["rules"])
    assert [each["body"] for each in said["messages"]["nodes"]] == [
        *("Merhaba", texts["ASK"], "Neden?", texts["ASK_AGAIN"]),
        *("elif@example.com", texts["LINK"]),
    ]
    runs = said["ruleRuns"]["nodes"]
    assert [each["rule"]["identityStep"] for each in runs] == ["LINK", "ASK_AGAIN", "ASK"]
    assert {each["outcome"] for each in runs} == {"RAN"}


async def test_lines_written_at_once_get_one_question_and_disturb_nobody(world: World) -> None:
    installed = await install(world, language="tr")
    texts = _texts(installed["rules"])
    ticket = ""

    for *lines, last in (("Merhaba", "Kargom gelmedi", "Sipariş 123"), ("Neden?", "Ama neden?")):
        for line in lines:
            await world.receive(line, handle="4711", channel=Channel.TELEGRAM)
        ticket = await writes(world, last)

    said = (await world.nikos.ask(SAID, id=ticket))["ticket"]
    assert (said["status"], said["tags"]) == ("PENDING", [{"name": "e-posta istendi"}])
    sent = [each["body"] for each in said["messages"]["nodes"] if each["direction"] == "OUTGOING"]
    assert sent == [texts["ASK"], texts["ASK_AGAIN"]]


@pytest.mark.parametrize(
    "told",
    [{"body": f"E-postam yanlis@example.com değil, {KNOWN}"}, {"email": KNOWN}],
)
async def test_who_says_at_once_to_be_a_known_customer_is_linked(
    world: World, told: dict[str, Any]
) -> None:
    await install(world)
    await world.receive(handle=KNOWN, name="Elif")
    given = {"channel": "TELEGRAM", "handle": "4711", "name": "Eli", "brandId": acme(world)}

    result = await world.admin.act(RECEIVE, input={**given, "body": "Merhaba", **told})
    ticket = result["message"]["ticket"]["id"]
    await run_rules(world)

    said = (await world.nikos.ask(SAID, id=ticket))["ticket"]
    assert (said["status"], said["tags"], said["customer"]["name"]) == ("OPEN", [], "Elif")
    claimed = [each["claimedEmail"] for each in said["customer"]["profiles"]]
    assert sorted(filter(None, claimed)) == [KNOWN]
    assert len(said["messages"]["nodes"]) == 1
    assert [each["rule"]["identityStep"] for each in said["ruleRuns"]["nodes"]] == ["LINK_AT_ONCE"]


async def test_who_was_verified_meanwhile_is_not_asked_again(world: World) -> None:
    await install(world)
    ticket = await writes(world, "Merhaba")
    async with world.desk.database.transaction() as session:
        row = await session.get_one(Ticket, decode_global_id(ticket)[1])
        profile = await session.get_one(ChannelProfile, row.profile_id)
        profile.link_state = ProfileLinkState.VERIFIED

    await writes(world, "Oldu mu?")

    said = (await world.nikos.ask(SAID, id=ticket))["ticket"]
    assert (said["status"], said["tags"]) == ("OPEN", [])
    assert [each["body"] for each in said["messages"]["nodes"]][2:] == ["Oldu mu?"]


def _texts(rules: Sequence[dict[str, Any]]) -> dict[str, str]:
    return {
        each["identityStep"]: action["text"]
        for each in rules
        for action in each["actions"]
        if action["kind"] == RuleActionKind.SEND_MESSAGE
    }
