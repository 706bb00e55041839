"""What people of a language are called, where they live, and what they write to a help desk.

The texts stand in `texts/*.toml`, where whoever speaks a language can improve them.
"""

import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_TEXTS = Path(__file__).parent / "texts"

Variants = tuple[str, ...]


class Subject(StrEnum):
    """What a conversation is about."""

    ORDER = "ORDER"
    DELIVERY = "DELIVERY"
    INVOICE = "INVOICE"
    RETURN = "RETURN"
    PASSWORD = "PASSWORD"  # noqa: S105  # a subject that people write about
    WARRANTY = "WARRANTY"


class _Texts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NameList(_Texts):
    """Given names and the family names that go with them: Greek ones differ by gender."""

    given: Variants
    family: Variants


class Opening(_Texts):
    """How a customer begins: the subject line of a mail, and the text."""

    title: str
    text: str


class Exchange(_Texts):
    """What an agent says, and what a customer answers to any of it."""

    agent: Variants
    customer: Variants


class SubjectTexts(_Texts):
    """A subject: each opening goes with the exchanges in their order, and with each outcome."""

    topic: str
    outcomes: Variants
    openings: tuple[Opening, ...]
    exchanges: tuple[Exchange, ...]


class SmallTalk(_Texts):
    """What people say whatever the subject is."""

    nudges: Variants
    holds: Variants
    anything_else: Variants
    one_more_thing: Variants
    thanks: Variants
    farewells: Variants
    waits: tuple[Exchange, ...]


class NoteTexts(_Texts):
    """What agents write for each other."""

    inline: Variants
    ticket: Variants
    customer: Variants
    company: Variants
    todos: Variants
    summaries: Variants
    interaction_tags: Variants


class InternalTexts(_Texts):
    """A template, and the mails of a ticket that an agent opens by it for a customer."""

    template: str
    title: str
    email_subject: str
    description: str
    mail: str
    answer: str


class Phrasebook(_Texts):
    """All that the demo says in one language. `companies` are names with their mail domains."""

    greeting: Variants
    agent_greeting: str
    sign_off: Variants
    agent_sign_off: str
    amount: str
    phone_prefix: str | None = None
    mail_domains: Variants
    streets: Variants
    cities: Variants
    weekdays: Variants
    products: Variants
    names: tuple[NameList, ...]
    companies: dict[str, str]
    subjects: dict[Subject, SubjectTexts]
    smalltalk: SmallTalk
    notes: NoteTexts
    internal: InternalTexts


@cache
def phrasebook(language: str) -> Phrasebook:
    """Return the texts of a language: "tr", "el" or "en"."""
    text = (_TEXTS / f"{language}.toml").read_text(encoding="utf-8")
    return Phrasebook.model_validate(tomllib.loads(text))
