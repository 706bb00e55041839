"""The rules that ask who is writing, and bringing them up to date (docs/rules.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import func, select

from core.errors import FieldErrorCode
from core.ids import new_id
from core.localization import LANGUAGES, translate
from core.text import fold
from models.channels import CONNECTOR_CHANNELS, Channel
from models.event_topics import topic_of
from models.events import Event
from models.rules import IdentityStep, Rule, RuleActionKind, RuleConditionKind, RuleTrigger
from models.tags import Tag
from models.tickets import TicketStatus
from models.viewers import Viewer
from services import rules, tags
from services.automation.definitions import Action, Condition
from services.automation.shapes import Block, TicketField
from services.directory import take_directory
from services.references import required_brand
from services.rules import Editable
from services.tags import NewTag
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# Those on which a customer waits for the answer, and may be unknown.
CHAT_CHANNELS = (Channel.LIVE_CHAT, *CONNECTOR_CHANNELS)
REMINDERS_MAXIMUM = 10
REMINDERS_HOURS = 24  # product.md, part 4
# A rule that runs a fourth time within ten minutes is paused for all. Whoever was reminded so often
# within the shortest time that can be counted is handed over before that.
REMINDERS_PER_HOUR = 3

# The order in which they are tried. Whom one of them asks the others before it do not look at any
# more: they would take the question for one without an answer.
STEPS = (
    IdentityStep.KNOWN,
    IdentityStep.LINK,
    IdentityStep.HAND_OVER,
    IdentityStep.ASK_AGAIN,
    IdentityStep.LINK_AT_ONCE,
    IdentityStep.ASK,
    IdentityStep.FOUND_OUT,
)
# All but one answer what a customer writes. That one answers what is done about who they are.
_TRIGGERS = dict.fromkeys(STEPS, RuleTrigger.INCOMING) | {
    IdentityStep.FOUND_OUT: RuleTrigger.UPDATED
}
_KEPT_FIELDS = {"name", "onAgentTickets", "allOf", "anyOf", "actions"}


@dataclass(frozen=True, slots=True)
class WantedIdentityRules:
    """On which chats of a brand to ask, in which language, and how often within 24 hours."""

    brand_id: UUID
    channels: Sequence[Channel]
    language: str | None
    max_reminders: int


@dataclass(frozen=True, slots=True)
class InstalledIdentityRules:
    """The rules in the order they are tried, those of them that an admin has edited, their tag."""

    rules: Sequence[Rule]
    kept: Sequence[Rule]
    tag: Tag


async def install(
    work: UnitOfWork, viewer: Viewer, wanted: WantedIdentityRules
) -> InstalledIdentityRules:
    """Add the rules, or bring those that there are up to date.

    A rule that somebody has edited since stays as it is, and all stay switched on or off.
    Raises NotAllowed for all but admins, ValidationFailed, and LimitReached as `rules.create`.
    """
    await take_directory(work, viewer)
    brand = await required_brand(work, wanted.brand_id)
    _check(wanted)
    found = await work.session.scalars(
        select(Rule).where(
            Rule.brand_id == brand.id, Rule.identity_step.is_not(None), Rule.deleted_at.is_(None)
        )
    )
    there = {rule.identity_step: rule for rule in found}
    language = wanted.language or brand.language
    tag = await _tag(work, viewer, there.get(IdentityStep.ASK), language)
    ids = {step: there[step].id if step in there else new_id() for step in STEPS}
    designs = designs_of(wanted, language, tag.id, ids)
    installed, kept = [], []
    for step in STEPS:
        rule = there.get(step)
        if rule is None:
            rule = await _add(work, ids[step], brand.id, step, designs[step])
        elif await _is_edited(work, rule):
            kept.append(rule)
        else:
            await _bring_up_to_date(work, rule, designs[step])
        installed.append(rule)
    if len(there) < len(STEPS):
        _put_in_order(installed)
    return InstalledIdentityRules(installed, kept, tag)


def _check(wanted: WantedIdentityRules) -> None:
    check = InputCheck()
    if not wanted.channels:
        check.refuse("channels", FieldErrorCode.REQUIRED)
    for place, channel in enumerate(wanted.channels):
        if channel not in CHAT_CHANNELS:
            check.refuse(f"channels.{place}", FieldErrorCode.NOT_ALLOWED_VALUE)
    if wanted.language is not None:
        check.choice("language", wanted.language, frozenset(LANGUAGES))
    check.within("maxReminders", wanted.max_reminders, 1, REMINDERS_MAXIMUM)
    check.raise_problems()


async def _tag(work: UnitOfWork, viewer: Viewer, asking: Rule | None, language: str) -> Tag:
    """Return the tag of who was asked: the one in use, else the one of its name, else a new one."""
    actions = [] if asking is None else [Action.from_payload(each) for each in asking.actions]
    in_use = [action.tag_id for action in actions if action.kind is RuleActionKind.ADD_TAG]
    there = Tag.deleted_at.is_(None)
    tag = await work.session.scalar(select(Tag).where(Tag.id.in_(in_use), there))
    if tag is not None:
        return tag
    name = translate(language, "identity-tag")
    tag = await work.session.scalar(select(Tag).where(Tag.name_key == fold(name), there))
    return tag or await tags.create(work, viewer, NewTag(name))


def designs_of(
    wanted: WantedIdentityRules, language: str, tag_id: UUID, ids: Mapping[IdentityStep, UUID]
) -> Mapping[IdentityStep, Editable]:
    """Return what the rules say, which have these ids: some look at what others have done."""
    channels = tuple(channel.value for channel in dict.fromkeys(wanted.channels))
    on_chats = Condition(RuleConditionKind.CHANNEL, values=channels)
    asked = Condition(RuleConditionKind.TAG, values=(tag_id.hex,))
    has_email = Condition(RuleConditionKind.TEXT_HAS_EMAIL)
    has_phone = Condition(RuleConditionKind.TEXT_HAS_PHONE)
    has_claim = Condition(RuleConditionKind.PROFILE_HAS_CLAIM)
    says_who = (has_email, has_phone)
    says_nothing = tuple(replace(each, is_not=True) for each in says_who)
    # Who writes three lines at once has not read a question when they write the second.
    has_read = tuple(
        Condition(RuleConditionKind.RAN_SINCE, is_not=True, rule_id=ids[step])
        for step in (IdentityStep.ASK, IdentityStep.ASK_AGAIN)
    )
    unanswered = (on_chats, asked, *says_nothing, *has_read)
    reminded = _reminded_enough(wanted.max_reminders, ids[IdentityStep.ASK_AGAIN])
    not_reminded_enough = [replace(each, is_not=True) for each in reminded]
    is_linked = Condition(RuleConditionKind.PROFILE_LINKED)
    is_known = (Condition(RuleConditionKind.CUSTOMER_HAS_EMAIL), is_linked)
    was_found_out = (
        Condition(RuleConditionKind.CHANGED, values=(TicketField.PROFILE.value,)),
        is_linked,
    )
    unknown = (
        on_chats,
        Condition(RuleConditionKind.FIRST_CONTACT),
        *(replace(each, is_not=True) for each in is_known),
    )
    unasked = (*unknown, *says_nothing, replace(has_claim, is_not=True))
    untag = Action(RuleActionKind.REMOVE_TAG, tag_id=tag_id)
    wait = Action(RuleActionKind.END_CHAT, value=TicketStatus.PENDING.value)
    hand_over = Action(RuleActionKind.HAND_TO_AGENTS)

    def say(message_id: str) -> Action:
        return Action(RuleActionKind.SEND_MESSAGE, text=translate(language, message_id))

    def design(
        step: str, all_of: Sequence[Condition], any_of: Sequence[Condition], *actions: Action
    ) -> Editable:
        name = translate(language, f"identity-rule-{step}")
        blocks = (Block(tuple(all_of)), Block(tuple(any_of)), Block(actions))
        return Editable(name, True, False, *blocks)  # noqa: FBT003  # switched on, for customers

    note = translate(language, "identity-note", count=wanted.max_reminders)
    explain = Action(RuleActionKind.ADD_NOTE, text=note)
    link = Action(RuleActionKind.LINK_PROFILE)
    tag = Action(RuleActionKind.ADD_TAG, tag_id=tag_id)
    return {
        IdentityStep.ASK: design("ask", unasked, (), say("identity-ask"), tag, wait),
        IdentityStep.LINK_AT_ONCE: design(
            "link-at-once", unknown, (*says_who, has_claim), link, hand_over
        ),
        IdentityStep.KNOWN: design("known", (on_chats, asked), is_known, untag, hand_over),
        IdentityStep.FOUND_OUT: design(
            "found-out", (on_chats, asked, *was_found_out), (), untag, hand_over
        ),
        IdentityStep.LINK: design(
            *("link", (on_chats, asked), says_who),
            *(untag, link, say("identity-thanks"), hand_over),
        ),
        IdentityStep.ASK_AGAIN: design(
            *("ask-again", (*unanswered, *not_reminded_enough), ()),
            *(say("identity-ask-again"), wait),
        ),
        IdentityStep.HAND_OVER: design(
            "hand-over", unanswered, reminded, untag, hand_over, explain
        ),
    }


def _reminded_enough(max_reminders: int, ask_again_id: UUID) -> list[Condition]:
    """Return the conditions one of which holds once nobody is to be reminded again."""
    counted = Condition(RuleConditionKind.RUN_COUNT, rule_id=ask_again_id)
    in_a_day = replace(counted, hours=REMINDERS_HOURS, minimum=max_reminders)
    if max_reminders <= REMINDERS_PER_HOUR:
        return [in_a_day]
    return [in_a_day, replace(counted, hours=1, minimum=REMINDERS_PER_HOUR)]


async def _add(
    work: UnitOfWork, rule_id: UUID, brand_id: UUID, step: IdentityStep, design: Editable
) -> Rule:
    trigger, columns = _TRIGGERS[step], design.columns()
    rule = Rule(id=rule_id, brand_id=brand_id, trigger=trigger, identity_step=step, **columns)
    await rules.add(work, rule)
    _record_installed(work, rule)
    return rule


async def _bring_up_to_date(work: UnitOfWork, rule: Rule, design: Editable) -> None:
    """Give a rule what its design says; whether it is switched on is the admin's."""
    blocks = {"all_of": design.all_of, "any_of": design.any_of, "actions": design.actions}
    edit = await rules.edit(work, rule, rule.version, {"name": design.name, **blocks})
    if edit.changes:
        _record_installed(work, rule)


def _record_installed(work: UnitOfWork, rule: Rule) -> None:
    """Write down that the rule says now what it was designed to say."""
    work.record("RuleInstalled", {}, topic=topic_of(rule), versions=[rule])


async def _is_edited(work: UnitOfWork, rule: Rule) -> bool:
    """Tell whether somebody has changed what the rule says since it was installed."""
    of_rule = Event.topic == topic_of(rule)
    installed = select(func.max(Event.seq)).where(of_rule, Event.type == "RuleInstalled")
    edits = await work.session.scalars(
        select(Event.payload).where(
            of_rule, Event.type == "RuleChanged", Event.seq > installed.scalar_subquery()
        )
    )
    fields = {change["field"] for payload in edits for change in payload.get("changes", ())}
    return not fields.isdisjoint(_KEPT_FIELDS)


def _put_in_order(installed: Sequence[Rule]) -> None:
    """Let the rules of each trigger be tried in their own order, at the places that they have."""
    for trigger in RuleTrigger:
        tried = [rule for rule in installed if rule.trigger is trigger]
        positions = sorted(rule.position for rule in tried)
        for rule, position in zip(tried, positions, strict=True):
            rule.position = position
