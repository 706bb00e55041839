"""Who works for a company, as the domains of e-mail addresses tell.

The domain counts where nobody has said anything: a customer who has a company keeps it, and none
ever loses theirs because a domain was taken from it.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate, takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import select, union_all

from models.actors import Actor, ActorKind
from models.companies import Company, CompanyDomain
from models.customers import Customer
from services import customer_lists
from services.changes import Edit, FieldChange
from services.customer_tickets import TICKETS_TOLD_OF, count_told_of, tell_of_customers
from services.directory import record_changes
from services.email_domains import domain_of, spellings
from services.search import customers_with_words_of, index_company
from services.turns import share_turn, take_turn
from services.unit_of_work import UnitOfWork

# Acts hold up all who become customers meanwhile: some tenths of a second. The others join by jobs.
PEOPLE_PER_ACT = 100
# Each is an event: as many as of one customer alone are told of at most.
TICKETS_PER_ACT = TICKETS_TOLD_OF
JOB_KIND = "company_people"
RENAME_JOB_KIND = "company_name"

_TURN = "companies"


async def heed_companies(work: UnitOfWork) -> None:
    """Let no company change its name or domains until this act ends, which writes a customer.

    Otherwise a customer could be written for whom there is no company yet while a company is that
    does not see them yet. It comes before the act locks a customer.
    """
    await share_turn(work, _TURN)


async def change_companies(work: UnitOfWork) -> None:
    """Wait for all acts that write customers, and let no other begin until this act ends."""
    await take_turn(work, _TURN)


async def company_at(work: UnitOfWork, email: str | None) -> Company | None:
    """Return the company whose domain an address has. Domains below it are others."""
    domain = domain_of(email) if email is not None else None
    if domain is None:
        return None
    return await work.session.scalar(
        select(Company)
        .join(CompanyDomain, CompanyDomain.company_id == Company.id)
        .where(CompanyDomain.domain == domain)
    )


async def gather(
    work: UnitOfWork, company: Company, domains: Collection[str], *, after: UUID | None = None
) -> None:
    """Let the customers join a company who have none, and an address of these domains.

    The first of those who follow `after` join in this act, at most 100 who have 500 tickets in all;
    the others by a job.
    """
    if not domains:
        return
    candidates = await _hold_candidates(work, domains, after)
    all_joining = [one for one in candidates if one.email and domain_of(one.email) in domains]
    joining = await _first_of(work, all_joining)
    if joining:
        await _join(work, company, joining)
    if len(joining) < len(all_joining):
        _go_on(work, company, domains, joining[-1])
    elif len(candidates) == PEOPLE_PER_ACT:
        _go_on(work, company, domains, candidates[-1])


def _go_on(work: UnitOfWork, company: Company, domains: Collection[str], last: Customer) -> None:
    payload = {
        "company_id": company.id.hex,
        "domains": sorted(domains),
        "after": last.id.hex,
        "actor_kind": work.actor.kind,
        "actor_id": work.actor.id.hex if work.actor.id else None,
    }
    work.enqueue(JOB_KIND, payload)


async def gather_more(work: UnitOfWork, payload: Mapping[str, Any]) -> None:
    """Go on where an act has left off, as whoever began it. Who has joined joins no second time.

    Others may write customers meanwhile: by now they see whose the domains are.
    """
    actor_id = payload["actor_id"]
    work.actor = Actor(ActorKind(payload["actor_kind"]), UUID(actor_id) if actor_id else None)
    await heed_companies(work)
    company = await work.session.get_one(Company, UUID(payload["company_id"]))
    domains = await work.session.scalars(
        select(CompanyDomain.domain).where(
            CompanyDomain.company_id == company.id,
            CompanyDomain.domain.in_(payload["domains"]),
        )
    )
    await gather(work, company, set(domains), after=UUID(payload["after"]))


async def rename(
    work: UnitOfWork, company: Company, name_before: str, *, after: UUID | None = None
) -> None:
    """Make the people of a company findable by its name, and no longer by another.

    The first 100 of those who follow `after` are so when this act ends, the others by a job.
    """
    limits = [] if after is None else [Customer.id > after]
    rows = await work.session.scalars(
        select(Customer.id)
        .where(
            Customer.company_id == company.id,
            Customer.merged_into_id.is_(None),  # nobody finds them any more
            *limits,
        )
        .order_by(Customer.id)
        .limit(PEOPLE_PER_ACT)
        .with_for_update(key_share=True)
    )
    customer_ids = rows.all()
    if customer_ids:
        await index_company(work.session, company.name, customer_ids)
    if len(customer_ids) == PEOPLE_PER_ACT:
        payload = {
            "company_id": company.id.hex,
            "name_before": name_before,
            "after": customer_ids[-1].hex,
        }
        work.enqueue(RENAME_JOB_KIND, payload)
    elif after is not None:
        # Lists that were fetched anew when they heard of it have found the first people only.
        customer_lists.tell_of_rename(work, company, name_before)


async def rename_more(work: UnitOfWork, payload: Mapping[str, Any]) -> None:
    """Go on where an act has left off, with the name that the company has by now."""
    await heed_companies(work)
    company = await work.session.get_one(Company, UUID(payload["company_id"]))
    await rename(work, company, payload["name_before"], after=UUID(payload["after"]))


async def _hold_candidates(
    work: UnitOfWork, domains: Collection[str], after: UUID | None
) -> Sequence[Customer]:
    """Lock those who may be of the domains, in the order of their ids, at most as many as join.

    Their words are asked for, of which there is an index. It folds more than domains do.
    """
    written = sorted({text for domain in domains for text in spellings(domain)})
    limits = [] if after is None else [Customer.id > after]
    rows = await work.session.scalars(
        select(Customer)
        .where(
            Customer.company_id.is_(None),
            Customer.email.is_not(None),
            Customer.id.in_(union_all(*(customers_with_words_of(text) for text in written))),
            *limits,
        )
        .order_by(Customer.id)
        .limit(PEOPLE_PER_ACT)
        .with_for_update()
    )
    return rows.all()


async def _first_of(work: UnitOfWork, customers: Sequence[Customer]) -> Sequence[Customer]:
    """Return as many as have no more tickets than an act tells of."""
    told_of = await count_told_of(work, customers) if customers else {}
    in_all = accumulate(told_of.get(customer.id, 0) for customer in customers)
    fitting = sum(1 for _ in takewhile(lambda tickets: tickets <= TICKETS_PER_ACT, in_all))
    return customers[:fitting]


async def _join(work: UnitOfWork, company: Company, customers: Sequence[Customer]) -> None:
    change = FieldChange.between("company", None, company.id, {company.id: company.name})
    for customer in customers:
        customer.company_id = company.id
        customer.updated_at = work.now
        record_changes(work, customer, Edit([change], []))
    await index_company(work.session, company.name, [customer.id for customer in customers])
    states = await customer_lists.states_of(work, customers)
    for customer in customers:
        after = states[customer.id]
        before = after | {"company_id": None, "company": None}
        customer_lists.tell(work, customer, before, after, [change])
    await tell_of_customers(work, customers, None)
