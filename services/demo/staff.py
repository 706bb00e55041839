"""Who works at the demo's desk: brands, teams, agents, topics and tags, set up by its admin."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from core.ids import new_id
from core.text import address_key, fold
from models.actors import AUTOMATION, Actor, ActorKind
from models.agents import Agent, AgentRole
from models.brands import Brand, BrandMember
from models.companies import Company, CompanyDomain
from models.event_topics import topic_of
from models.tags import Tag
from models.teams import Team, TeamBrand, TeamMember
from models.ticket_templates import TicketTemplate
from models.topics import Topic
from services.changes import FieldChange
from services.demo.journal import Act, Journal
from services.demo.phrasebook import Subject, phrasebook
from services.links import LinkedRows

PASSWORD = "starling-demo"  # noqa: S105  # of all agents of the demo; the README tells it
LANGUAGES = ("tr", "el", "en")
# The brand that both demo agents work for.
SHARED_BRAND = "Harbour & Pine"

_Listed = TypeVar("_Listed", Agent, Brand, Company, Tag, Team, TicketTemplate, Topic)

# Brand: its language and its address. Customers of every language write to the last one.
_BRANDS = {
    "Lodos Ev": ("tr", "destek@lodos-ev.example"),
    "Μελτέμι": ("el", "support@meltemi.example"),
    SHARED_BRAND: ("en", "care@harbour-pine.example"),
}
_TEAMS = {
    "Müşteri Destek": ("Lodos Ev",),
    "Υποστήριξη Πελατών": ("Μελτέμι",),
    "Customer Care": (SHARED_BRAND,),
    "Returns & Warranty": ("Lodos Ev", "Μελτέμι", SHARED_BRAND),
}
_SPECIAL_TEAM = "Returns & Warranty"
_SPECIAL_SUBJECTS = (Subject.RETURN, Subject.WARRANTY)
_UNDO_SECONDS = 5  # long enough to try it


@dataclass(frozen=True, slots=True)
class _Profile:
    name: str
    address: str
    language: str
    brands: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()


_ADMIN = _Profile("Robin Ashworth", "admin", "en")
# The first two share the tickets of the shared brand in the team Customer Care.
_AGENTS = (
    _Profile(
        "Ayşe Yıldırım",
        "first.agent",
        "tr",
        ("Lodos Ev", SHARED_BRAND),
        ("Müşteri Destek", "Customer Care"),
    ),
    _Profile(
        "Νίκος Παπαδόπουλος",
        "second.agent",
        "el",
        ("Μελτέμι", SHARED_BRAND),
        ("Υποστήριξη Πελατών", "Customer Care"),
    ),
    _Profile("Olivia Hartley", "olivia", "en", (SHARED_BRAND,), ("Customer Care",)),
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
        ("Lodos Ev", SHARED_BRAND),
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
        ("Μελτέμι", SHARED_BRAND),
        ("Υποστήριξη Πελατών", "Returns & Warranty"),
    ),
)
_TAGS = (
    *(
        "VIP",
        "toptan",
        "χονδρική",
        "first order",
        "kırık ürün",
        "ευπαθές",
        "gift",
        "hediye",
        "δώρο",
    ),
    *("refund", "iade", "επιστροφή", "courier", "goodwill", "şirket müşterisi", "follow-up"),
)


@dataclass(frozen=True, slots=True)
class Staff:
    """The desk as it was set up."""

    brands: dict[str, Brand]
    tags: list[Tag]
    companies: dict[str, list[tuple[Company, str]]]
    templates: dict[str, TicketTemplate]
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
        able = self._able(brand, team)
        return [agent for agent in able if agent.language == language] or able

    def colleagues(self, brand: Brand, team: Team, agent: Agent) -> list[Agent]:
        """Return who else works for a brand in a team."""
        return [other for other in self._able(brand, team) if other is not agent]

    def _able(self, brand: Brand, team: Team) -> list[Agent]:
        return [
            agent
            for profile, agent in self._agents
            if brand.name in profile.brands and team.name in profile.teams
        ]


def hire(journal: Journal, moment: datetime, password_hash: str) -> Staff:
    """Set up the desk, beginning at `moment`."""
    setup = _Setup(journal, moment, password_hash)
    admin = setup.agent(_ADMIN, AgentRole.ADMIN)
    setup.actor = Actor(ActorKind.AGENT, admin.id)
    brands = {name: setup.brand(name, *profile) for name, profile in _BRANDS.items()}
    teams = {name: setup.add(Team(name=name, name_key=fold(name))) for name in _TEAMS}
    for name, brand_names in _TEAMS.items():
        journal.keep(
            *(TeamBrand(team_id=teams[name].id, brand_id=brands[of].id) for of in brand_names)
        )
    agents = [(profile, setup.agent(profile, AgentRole.AGENT)) for profile in _AGENTS]
    for profile, agent in agents:
        journal.keep(
            *(BrandMember(brand_id=brands[of].id, agent_id=agent.id) for of in profile.brands)
        )
    for name, team in teams.items():
        setup.join(team, [agent for profile, agent in agents if name in profile.teams])
    topics = {
        (brand.name, subject): setup.add(
            Topic(brand_id=brand.id, name=texts.topic, name_key=fold(texts.topic))
        )
        for brand in brands.values()
        for subject, texts in phrasebook(brand.language).subjects.items()
    }
    tags = [setup.add(Tag(name=name, name_key=fold(name))) for name in _TAGS]
    companies = {
        language: [
            (setup.company(name, domain), domain)
            for name, domain in phrasebook(language).companies.items()
        ]
        for language in LANGUAGES
    }
    templates = {name: setup.template(brand) for name, brand in brands.items()}
    return Staff(brands, tags, companies, templates, teams, agents, topics)


class _Setup:
    """Somebody who adds one thing a minute to the desk."""

    def __init__(self, journal: Journal, moment: datetime, password_hash: str) -> None:
        self.actor = AUTOMATION
        self._journal = journal
        self._moment = moment
        self._password_hash = password_hash
        self._teams: dict[Agent, list[Team]] = defaultdict(list)

    def add(self, row: _Listed) -> _Listed:
        self._moment += timedelta(minutes=1)
        row.id = new_id()
        row.created_at = self._moment
        self._journal.keep(row)
        self._journal.record(
            Act(self.actor, self._moment),
            f"{type(row).__name__}Created",
            {},
            topic=topic_of(row),
            versions=[row],
        )
        return row

    def brand(self, name: str, language: str, email: str) -> Brand:
        return self.add(
            Brand(
                name=name,
                name_key=fold(name),
                language=language,
                email=email,
                undo_seconds=_UNDO_SECONDS,
            )
        )

    def agent(self, profile: _Profile, role: AgentRole) -> Agent:
        email = f"{profile.address}@demo.example"
        return self.add(
            Agent(
                name=profile.name,
                name_key=fold(profile.name),
                email=email,
                email_key=address_key(email),
                password_hash=self._password_hash,
                role=role,
                language=profile.language,
                active=True,
            )
        )

    def join(self, team: Team, agents: list[Agent]) -> None:
        """Make agents members of a team, which is a change of both; see `services.links`."""
        self._moment += timedelta(minutes=1)
        self._journal.keep(*(TeamMember(team_id=team.id, agent_id=agent.id) for agent in agents))
        self._change(team, FieldChange.between("members", LinkedRows(), LinkedRows.of(agents)))
        for agent in agents:
            before = self._teams[agent]
            after = [*before, team]
            change = FieldChange.between("teams", LinkedRows.of(before), LinkedRows.of(after))
            self._change(agent, change)
            self._teams[agent] = after

    def company(self, name: str, domain: str) -> Company:
        company = self.add(Company(name=name, name_key=fold(name)))
        company.updated_at = company.created_at
        self._journal.keep(CompanyDomain(domain=domain, company_id=company.id))
        return company

    def template(self, brand: Brand) -> TicketTemplate:
        texts = phrasebook(brand.language).internal
        template = self.add(
            TicketTemplate(
                brand_id=brand.id,
                name=texts.template,
                name_key=fold(texts.template),
                title=texts.title,
                email_subject=texts.email_subject,
                description=texts.description,
                author_kind=self.actor.kind,
                author_id=self.actor.id,
            )
        )
        template.updated_at = template.created_at
        return template

    def _change(self, row: Agent | Team, change: FieldChange) -> None:
        self._journal.record(
            Act(self.actor, self._moment),
            f"{type(row).__name__}Changed",
            {"changes": [change.as_payload()]},
            topic=topic_of(row),
            versions=[row],
        )
