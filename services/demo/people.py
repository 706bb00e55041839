"""Who works at the demo's desk: brands, teams, agents, topics and tags, set up by its admin."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.ids import new_id
from core.text import fold
from models.actors import AUTOMATION, Actor, ActorKind
from models.agents import Agent, AgentRole
from models.base import Base, Versioned
from models.brands import Brand, BrandMember
from models.companies import Company, CompanyDomain
from models.event_topics import topic_of
from models.tags import Tag
from models.teams import Team, TeamBrand, TeamMember
from models.topics import Topic
from services.demo.journal import Act, Journal
from services.demo.phrasebook import Subject, phrasebook

PASSWORD = "starling-demo"  # noqa: S105  # of all agents of the demo; the README tells it
LANGUAGES = ("tr", "el", "en")

# Brand: its language and its address. Customers of every language write to the last one.
_BRANDS = {
    "Lodos Ev": ("tr", "destek@lodos-ev.example"),
    "Μελτέμι": ("el", "support@meltemi.example"),
    "Harbour & Pine": ("en", "care@harbour-pine.example"),
}
_TEAMS = {
    "Müşteri Destek": ("Lodos Ev",),
    "Υποστήριξη Πελατών": ("Μελτέμι",),
    "Customer Care": ("Harbour & Pine",),
    "Returns & Warranty": ("Lodos Ev", "Μελτέμι", "Harbour & Pine"),
}
_SPECIAL_TEAM = "Returns & Warranty"
_SPECIAL_SUBJECTS = (Subject.RETURN, Subject.WARRANTY)


@dataclass(frozen=True, slots=True)
class _Profile:
    name: str
    address: str
    language: str
    brands: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()


_ADMIN = _Profile("Robin Ashworth", "admin", "en")
# The first two share the tickets of Harbour & Pine in the team Customer Care.
_AGENTS = (
    _Profile(
        "Ayşe Yıldırım",
        "first.agent",
        "tr",
        ("Lodos Ev", "Harbour & Pine"),
        ("Müşteri Destek", "Customer Care"),
    ),
    _Profile(
        "Νίκος Παπαδόπουλος",
        "second.agent",
        "el",
        ("Μελτέμι", "Harbour & Pine"),
        ("Υποστήριξη Πελατών", "Customer Care"),
    ),
    _Profile("Olivia Hartley", "olivia", "en", ("Harbour & Pine",), ("Customer Care",)),
    _Profile(
        "Mehmet Öztürk",
        "mehmet",
        "tr",
        ("Lodos Ev",),
        ("Müşteri Destek", "Returns & Warranty"),
    ),
    _Profile(
        "Zeynep Çağlayan",
        "zeynep",
        "tr",
        ("Lodos Ev", "Harbour & Pine"),
        ("Müşteri Destek", "Returns & Warranty"),
    ),
    _Profile(
        "Ελένη Γεωργίου",
        "eleni",
        "el",
        ("Μελτέμι",),
        ("Υποστήριξη Πελατών", "Returns & Warranty"),
    ),
    _Profile(
        "Κωνσταντίνος Παπαχριστοδούλου-Αναγνωστόπουλος",
        "konstantinos",
        "el",
        ("Μελτέμι", "Harbour & Pine"),
        ("Υποστήριξη Πελατών", "Returns & Warranty"),
    ),
)
_TAGS = (
    *("VIP", "toptan", "χονδρική", "first order", "kırık ürün", "ευπαθές", "gift", "hediye", "δώρο"),
    *("refund", "iade", "επιστροφή", "courier", "goodwill", "şirket müşterisi", "follow-up"),
)


@dataclass(frozen=True, slots=True)
class Staff:
    """The desk as it was set up."""

    admin: Agent
    brands: dict[str, Brand]
    tags: list[Tag]
    companies: dict[str, list[tuple[Company, str]]]
    _teams: dict[str, Team]
    _agents: list[tuple[_Profile, Agent]]
    _topics: dict[tuple[str, Subject], Topic]

    def topic(self, brand: Brand, subject: Subject) -> Topic:
        """Return the brand's topic for a subject."""
        return self._topics[brand.name, subject]

    def team(self, brand: Brand, subject: Subject) -> Team:
        """Return the team that takes a brand's tickets on a subject."""
        if subject in _SPECIAL_SUBJECTS:
            return self._teams[_SPECIAL_TEAM]
        return next(self._teams[name] for name, brands in _TEAMS.items() if brand.name in brands)

    def agents(self, brand: Brand, team: Team, language: str) -> list[Agent]:
        """Return who answers for a brand in a team: those of the language, if there are any."""
        able = [
            agent
            for profile, agent in self._agents
            if brand.name in profile.brands and team.name in profile.teams
        ]
        return [agent for agent in able if agent.language == language] or able

    def colleagues(self, brand: Brand, team: Team, agent: Agent) -> list[Agent]:
        """Return who else works for a brand in a team; the admin, if nobody else does."""
        able = [
            other
            for profile, other in self._agents
            if other is not agent and brand.name in profile.brands and team.name in profile.teams
        ]
        return able or [self.admin]


def hire(journal: Journal, moment: datetime, password_hash: str) -> Staff:
    """Set up the desk, beginning at `moment`."""
    setup = _Setup(journal, moment, password_hash)
    admin = setup.agent(_ADMIN, AgentRole.ADMIN)
    setup.actor = Actor(ActorKind.AGENT, admin.id)
    brands = {
        name: setup.add(
            Brand(**_named(name), language=language, email=email, default_email_subject=None)
        )
        for name, (language, email) in _BRANDS.items()
    }
    teams = {name: setup.add(Team(**_named(name))) for name in _TEAMS}
    for name, brand_names in _TEAMS.items():
        journal.keep(
            *(TeamBrand(team_id=teams[name].id, brand_id=brands[of].id) for of in brand_names)
        )
    agents = [(profile, setup.agent(profile, AgentRole.AGENT)) for profile in _AGENTS]
    for profile, agent in agents:
        journal.keep(
            *(BrandMember(brand_id=brands[of].id, agent_id=agent.id) for of in profile.brands),
            *(TeamMember(team_id=teams[of].id, agent_id=agent.id) for of in profile.teams),
        )
    topics = {
        (brand.name, subject): setup.add(Topic(**_named(texts.topic), brand_id=brand.id))
        for brand in brands.values()
        for subject, texts in phrasebook(brand.language).subjects.items()
    }
    tags = [setup.add(Tag(**_named(name))) for name in _TAGS]
    companies = {
        language: setup.companies(phrasebook(language).companies.items())
        for language in LANGUAGES
    }
    return Staff(admin, brands, tags, companies, teams, agents, topics)


class _Setup:
    """An admin who adds one thing a minute."""

    def __init__(self, journal: Journal, moment: datetime, password_hash: str) -> None:
        self.actor = AUTOMATION
        self._journal = journal
        self._moment = moment
        self._password_hash = password_hash

    def add[Row: (Agent, Brand, Company, Tag, Team, Topic)](self, row: Row) -> Row: ...
