"""Trying rules on tickets without effect."""

from core import clock
from core.ids import decode_global_id
from models.rules import RuleActionKind as Do
from models.rules import RuleConditionKind as Kind
from models.rules import RuleTrigger
from services.automation.definitions import Action, Condition, Definition
from services.automation.outcomes import ActionResult, Outcome, RuleSkip
from services.automation.rulebook import TriedRule
from services.automation.simulation import simulate
from tests.automation.workshop import Workshop, adds, has_tag, removes, says, sets
from tests.support.ticket_forms import fill_in


async def test_a_rule_is_tried_after_the_newest_message_and_changes_nothing(
    shop: Workshop,
) -> None:
    tag = await shop.tag("asked")
    ticket_id = await shop.write("Merhaba")
    await shop.write("Adresim elif@ornek.com")
    before = await shop.world.counts()

    async def tried(
        *conditions: Condition,
        trigger: RuleTrigger = RuleTrigger.INCOMING,
        actions: tuple[Action, ...] = (),
    ) -> Outcome:
        rule = TriedRule(trigger, Definition(conditions, (), actions))
        async with shop.world.desk.database.reading() as connection:
            return await simulate(connection, rule, ticket_id, clock.now())

    actions = (adds(tag), removes(tag), removes(tag), sets("NEW"), says("Merhaba"))
    matching = await tried(Condition(Kind.TEXT_HAS_EMAIL), actions=actions)
    failing = await tried(Condition(Kind.FIRST_CONTACT), has_tag(tag), actions=actions)
    idle = await tried(
        Condition(Kind.TEXT_CONTAINS, values=("x",)), trigger=RuleTrigger.UPDATED, actions=actions
    )

    assert matching.matches
    assert matching.event_type == "MessageAdded"
    assert matching.conditions[0].saw == ("elif@ornek.com",)
    would, nothing = ActionResult.WOULD_RUN, ActionResult.NO_CHANGE
    assert [each.result for each in matching.actions] == [would, would, nothing, nothing, would]
    assert [(each.holds, each.saw) for each in failing.conditions] == [
        (False, ("false",)),
        (False, ()),
    ]
    assert (failing.matches, failing.actions) == (False, ())
    assert (idle.event_id, idle.skip, idle.matches) == (None, RuleSkip.NOTHING_HAPPENED, False)
    assert idle.conditions[0].saw is None
    assert await shop.world.counts() == before


async def test_a_ticket_of_an_agent_is_skipped_unless_the_rule_is_for_it(shop: Workshop) -> None:
    created = await fill_in(shop.world.ayse, shop.world)
    ticket_id = decode_global_id(created["ticket"]["id"])[1]
    definition = Definition((Condition(Kind.STATUS, values=("NEW",)),), (), (Action(Do.NOTIFY),))

    for on_agent_tickets, skip in ((False, RuleSkip.OPENED_BY_AGENT), (True, None)):
        rule = TriedRule(RuleTrigger.UPDATED, definition, on_agent_tickets)
        async with shop.world.desk.database.reading() as connection:
            outcome = await simulate(connection, rule, ticket_id, clock.now())
        assert (outcome.skip, outcome.matches) == (skip, on_agent_tickets)
        assert outcome.conditions[0].holds
