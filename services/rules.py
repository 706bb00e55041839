"""Rules: which ones a brand has, in which order, and letting paused ones go on. For admins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select

from core.errors import FieldErrorCode, LimitReached
from models.event_topics import rules_topic, topic_of
from models.rules import RULES_PER_BRAND, Rule, RuleTrigger
from models.viewers import Viewer
from services.automation.checks import (
    DraftCheck,
    GivenRule,
    check_references,
    check_whole,
    clean_blocks,
    clean_name,
)
from services.automation.definitions import Action, Condition, Definition
from services.automation.references import Reader
from services.automation.rulebook import TriedRule
from services.automation.shapes import Block
from services.changes import Edit, apply_edit
from services.directory import (
    find,
    once_of,
    record_changes,
    record_created,
    record_deleted,
    take_directory,
)
from services.idempotency import create_once
from services.references import required_brand
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

# The columns that hold blocks, with the names that these have in the API.
_BLOCKS = {"all_of": "allOf", "any_of": "anyOf", "actions": "actions"}
_FLAGS = {"enabled": "enabled", "on_agent_tickets": "onAgentTickets"}


@dataclass(frozen=True, slots=True)
class NewRule:
    """What a rule is to be called, and what it is to do for which brand."""

    brand_id: UUID
    name: str
    enabled: bool
    given: GivenRule


@dataclass(slots=True)
class Editable:
    """What can be edited of a rule, each block as one field."""

    name: str
    enabled: bool
    on_agent_tickets: bool
    all_of: Block
    any_of: Block
    actions: Block

    @classmethod
    def of(cls, rule: Rule) -> "Editable":
        """Return what can be edited of a rule as it is now."""
        blocks = blocks_of(rule)
        parts = {column: blocks[name] for column, name in _BLOCKS.items()}
        return cls(rule.name, rule.enabled, rule.on_agent_tickets, **parts)

    def columns(self) -> dict[str, Any]:
        """Return the columns in which it is kept."""
        flags = {"enabled": self.enabled, "on_agent_tickets": self.on_agent_tickets}
        blocks = {column: getattr(self, column).as_json() for column in _BLOCKS}
        return {"name": self.name, **flags, **blocks}


def blocks_of(rule: Any) -> dict[str, Block]:
    """Return the blocks of a rule, or of a row of its columns, by the names of inputs."""
    return {
        "allOf": Block(tuple(Condition.from_payload(each) for each in rule.all_of)),
        "anyOf": Block(tuple(Condition.from_payload(each) for each in rule.any_of)),
        "actions": Block(tuple(Action.from_payload(each) for each in rule.actions)),
    }


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewRule, *, idempotency_key: str | None = None
) -> Rule:
    """Add a rule behind the others of its brand and trigger.

    Raises ValidationFailed, and LimitReached for a brand that has 100.
    """
    await take_directory(work, viewer)
    once = once_of("ruleCreate", idempotency_key, new)
    there = [Rule.deleted_at.is_(None)]
    return await create_once(work, once, Rule, partial(_insert, work, new), shown=there)


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    rule_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Rule, Edit]:
    """Edit a rule; absent fields stay as they are, blocks are replaced whole.

    What it names and what is gone by now is refused only in blocks that are given.
    Raises EditConflict where somebody else changed the same field since `expected_version`.
    """
    await take_directory(work, viewer)
    rule = await find(work, Rule, rule_id)
    check = InputCheck()
    given = {name: wanted[column] for column, name in _BLOCKS.items() if column in wanted}
    blocks = clean_blocks(check, rule.trigger, given)
    cleaned: dict[str, Any] = {
        column: blocks[name] for column, name in _BLOCKS.items() if name in blocks
    }
    for flag in _FLAGS.keys() & wanted.keys():
        cleaned[flag] = wanted[flag]
        if wanted[flag] is None:
            check.refuse(_FLAGS[flag], FieldErrorCode.REQUIRED)
    if "name" in wanted:
        cleaned["name"] = clean_name(check, wanted["name"])
    await check_references(work.session, check, rule.brand_id, blocks)
    check.raise_problems()
    return rule, await edit(work, rule, expected_version, cleaned)


async def edit(
    work: UnitOfWork, rule: Rule, expected_version: int, cleaned: Mapping[str, Any]
) -> Edit:
    """Write clean values of an Editable into a rule, and what they change into the log.

    Raises as `update` does.
    """
    edited = Editable.of(rule)
    merged = await apply_edit(
        work, rule, expected_version, cleaned, field_names={**_BLOCKS, **_FLAGS}, fields=edited
    )
    check = InputCheck()
    check_whole(check, edited.all_of, edited.any_of, edited.actions)
    check.raise_problems()
    if merged.changes:
        for column, value in edited.columns().items():
            setattr(rule, column, value)
        rule.updated_at = work.now
        record_changes(work, rule, merged)
    return merged


async def remove(work: UnitOfWork, viewer: Viewer, rule_id: UUID) -> None:
    """Delete a rule: it runs no more, and what it did stays in the log of runs."""
    await take_directory(work, viewer)
    mark_removed(work, await find(work, Rule, rule_id))


def mark_removed(work: UnitOfWork, rule: Rule) -> None:
    """Let a rule run no more."""
    rule.deleted_at = work.now
    record_deleted(work, rule)


async def reorder(
    work: UnitOfWork,
    viewer: Viewer,
    brand_id: UUID,
    trigger: RuleTrigger,
    rule_ids: Sequence[UUID],
) -> Sequence[Rule]:
    """Put the rules of a brand and trigger into this order; return them.

    Raises ValidationFailed where the ids are not exactly those of the rules that there are: who
    does not know of a rule cannot say where it stands.
    """
    await take_directory(work, viewer)
    await required_brand(work, brand_id)
    found = await work.session.scalars(
        select(Rule).where(_is_of(brand_id, trigger)).order_by(Rule.position, Rule.id)
    )
    rules = {rule.id: rule for rule in found}
    _check_order(rules, rule_ids)
    if list(rules) != list(rule_ids):
        for position, rule_id in enumerate(rule_ids):
            rules[rule_id].position = position
        payload = {"trigger": trigger, "rule_ids": [rule_id.hex for rule_id in rule_ids]}
        work.record("RulesReordered", payload, topic=rules_topic(brand_id))
    return [rules[rule_id] for rule_id in rule_ids]


async def resume(work: UnitOfWork, viewer: Viewer, rule_id: UUID) -> Rule:
    """Let a rule go on that ran into a limit. One that is not paused stays as it is."""
    await take_directory(work, viewer)
    rule = await find(work, Rule, rule_id)
    if rule.paused_at is not None:
        rule.paused_at = rule.pause_reason = rule.paused_on_id = None
        work.record("RuleResumed", {}, topic=topic_of(rule), versions=[rule])
    return rule


async def tried_draft(
    reader: Reader, brand_id: UUID, given: GivenRule, saved: TriedRule | None
) -> TriedRule:
    """Return what would be saved, as it is tried on a ticket of the brand.

    With `saved` it is tried in place of that rule, whose trigger it must have. Raises
    ValidationFailed as `create` does.
    """
    check = DraftCheck()
    if saved is not None and given.trigger is not saved.trigger:
        check.refuse("trigger", FieldErrorCode.NOT_ALLOWED_VALUE)
    blocks = await _clean(reader, check, brand_id, given)
    return TriedRule(
        trigger=given.trigger,
        definition=Definition(*(blocks[name].items for name in _BLOCKS.values())),
        on_agent_tickets=given.on_agent_tickets,
        id=None if saved is None else saved.id,
        version=0 if saved is None else saved.version,
    )


async def add(work: UnitOfWork, rule: Rule) -> Rule:
    """Write a new rule behind the others of its brand and trigger. Raises LimitReached."""
    there = (Rule.brand_id == rule.brand_id, Rule.deleted_at.is_(None))
    count = await work.session.scalar(select(func.count(Rule.id)).where(*there))
    if count is not None and count >= RULES_PER_BRAND:
        raise LimitReached(RULES_PER_BRAND)
    last = await work.session.scalar(
        select(func.max(Rule.position)).where(_is_of(rule.brand_id, rule.trigger))
    )
    rule.position = 0 if last is None else last + 1
    rule.created_at = rule.updated_at = work.now
    work.session.add(rule)
    await work.session.flush()
    record_created(work, rule)
    return rule


async def _insert(work: UnitOfWork, new: NewRule, row_id: UUID) -> Rule:
    await required_brand(work, new.brand_id)
    check = InputCheck()
    name = clean_name(check, new.name)
    blocks = await _clean(work.session, check, new.brand_id, new.given)
    parts = {column: blocks[public] for column, public in _BLOCKS.items()}
    editable = Editable(name, new.enabled, new.given.on_agent_tickets, **parts)
    columns = editable.columns()
    trigger = new.given.trigger
    return await add(work, Rule(id=row_id, brand_id=new.brand_id, trigger=trigger, **columns))


async def _clean(
    reader: Reader, check: InputCheck, brand_id: UUID, given: GivenRule
) -> dict[str, Block]:
    """Return the blocks of a whole rule. Raises ValidationFailed for all that is wrong with it."""
    blocks = clean_blocks(check, given.trigger, given.blocks())
    await check_references(reader, check, brand_id, blocks)
    check.raise_problems()
    check_whole(check, *(blocks[name] for name in _BLOCKS.values()))
    check.raise_problems()
    return blocks


def _is_of(brand_id: UUID, trigger: RuleTrigger) -> ColumnElement[bool]:
    return and_(Rule.brand_id == brand_id, Rule.trigger == trigger, Rule.deleted_at.is_(None))


def _check_order(rules: Mapping[UUID, Rule], rule_ids: Sequence[UUID]) -> None:
    check = InputCheck()
    for place, rule_id in enumerate(rule_ids):
        if rule_id not in rules:
            check.refuse(f"ruleIds.{place}", FieldErrorCode.UNKNOWN_REFERENCE)
        elif rule_id in rule_ids[:place]:
            check.refuse(f"ruleIds.{place}", FieldErrorCode.ALREADY_TAKEN)
    if not rules.keys() <= set(rule_ids):
        check.refuse("ruleIds", FieldErrorCode.REQUIRED, len(rules), len(rule_ids))
    check.raise_problems()
