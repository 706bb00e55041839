"""Companies: whom customers work for, and by which e-mail domains that is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from core.errors import FieldErrorCode, LimitReached, NotAllowed, NotFound
from core.text import fold
from models.base import NAME_CHARACTERS
from models.companies import DOMAIN_CHARACTERS, Company, CompanyDomain, visible_to
from models.viewers import ApiScope, Viewer
from services import customer_lists, unique_keys
from services.changes import Edit, apply_edit
from services.company_people import change_companies, gather, rename
from services.directory import once_of, record_changes, record_created
from services.email_domains import domain_key, is_public
from services.idempotency import create_once
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

DOMAINS_PER_COMPANY = 100  # more than the largest groups of companies have


@dataclass(frozen=True, slots=True)
class NewCompany:
    """What a company is called, and the domains of its e-mail addresses."""

    name: str
    domains: Sequence[str] = field(default_factory=tuple)


@dataclass(slots=True)
class _Fields:
    """What can be edited of a company: its domains, rows of their own, are edited as one field."""

    name: str
    domains: tuple[str, ...]


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewCompany, *, idempotency_key: str | None = None
) -> Company:
    """Add a company; customers of its domains who have none join it.

    Raises AlreadyExists with the company that has the name, whatever its case, or a domain.
    """
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    once = once_of("companyCreate", idempotency_key, new)
    return await create_once(work, once, Company, partial(_insert, work, viewer, new))


async def update(
    work: UnitOfWork,
    viewer: Viewer,
    company_id: UUID,
    expected_version: int,
    wanted: Mapping[str, Any],
) -> tuple[Company, Edit]:
    """Edit fields of a company; absent fields stay as they are, the domains are replaced whole.

    Customers of a domain that is new who have no company join; those of one that goes stay.
    Raises EditConflict where somebody else changed the same field since `expected_version`.
    """
    await change_companies(work)
    company = await work.session.scalar(
        select(Company).where(visible_to(viewer), Company.id == company_id).with_for_update()
    )
    if company is None:
        raise NotFound
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    cleaned = _clean(wanted)
    before = _Fields(company.name, await _domains_of(work, company))
    after = replace(before)
    edit = await apply_edit(work, company, expected_version, cleaned, fields=after)
    if edit.changes:
        company.name = after.name
        company.updated_at = work.now
    await unique_keys.change(
        work, company, Company.name_key, fold(company.name), visible=[visible_to(viewer)]
    )
    if after.domains != before.domains:
        await _replace_domains(work, viewer, company, before.domains, after.domains)
        await gather(work, company, set(after.domains) - set(before.domains))
    record_changes(work, company, edit)
    if after.name != before.name:
        await rename(work, company, before.name)
        customer_lists.tell_of_rename(work, company, before.name)
    return company, edit


async def _insert(work: UnitOfWork, viewer: Viewer, new: NewCompany, row_id: UUID) -> Company:
    cleaned = _clean(asdict(new))
    await change_companies(work)
    company = Company(
        id=row_id,
        name=cleaned["name"],
        name_key=fold(cleaned["name"]),
        created_at=work.now,
        updated_at=work.now,
        version=0,
    )
    await unique_keys.insert(work, company, Company.name_key, visible=[visible_to(viewer)])
    await _replace_domains(work, viewer, company, (), cleaned["domains"])
    record_created(work, company)
    await gather(work, company, cleaned["domains"])
    return company


async def _domains_of(work: UnitOfWork, company: Company) -> tuple[str, ...]:
    domains = await work.session.scalars(
        select(CompanyDomain.domain).where(CompanyDomain.company_id == company.id)
    )
    return tuple(sorted(domains))


async def _replace_domains(
    work: UnitOfWork,
    viewer: Viewer,
    company: Company,
    before: Iterable[str],
    after: Iterable[str],
) -> None:
    removed, added = set(before) - set(after), set(after) - set(before)
    if removed:
        await work.session.execute(
            delete(CompanyDomain).where(
                CompanyDomain.company_id == company.id, CompanyDomain.domain.in_(removed)
            )
        )
    # In order, so that two acts that want the same domains cannot wait for each other.
    for domain in sorted(added):
        if not await work.insert_unique(CompanyDomain(domain=domain, company_id=company.id)):
            owner = select(CompanyDomain.company_id).where(CompanyDomain.domain == domain)
            raise await unique_keys.already_exists(
                work, Company, Company.id == owner.scalar_subquery(), visible_to(viewer)
            )


def _clean(wanted: Mapping[str, Any]) -> dict[str, Any]:
    check = InputCheck()
    cleaned = dict(wanted)
    if "name" in cleaned:
        cleaned["name"] = check.line("name", cleaned["name"], NAME_CHARACTERS)
    if "domains" in cleaned:
        cleaned["domains"] = _clean_domains(check, cleaned["domains"] or ())
    check.raise_problems()
    return cleaned


def _clean_domains(check: InputCheck, domains: Sequence[str]) -> tuple[str, ...]:
    if len(domains) > DOMAINS_PER_COMPANY:
        raise LimitReached(DOMAINS_PER_COMPANY)
    cleaned = {
        _clean_domain(check, f"domains.{place}", domain) for place, domain in enumerate(domains)
    }
    return tuple(sorted(cleaned))


def _clean_domain(check: InputCheck, path: str, text: str) -> str:
    """Return a domain as it stands in the addresses of customers: lower case, without Punycode."""
    problems = len(check.problems)
    domain = check.line(path, text, DOMAIN_CHARACTERS)
    if len(check.problems) > problems:
        return domain
    key = domain_key(domain)
    if key is None:
        check.refuse(path, FieldErrorCode.INVALID_FORMAT)
    elif is_public(key):
        check.refuse(path, FieldErrorCode.PUBLIC_MAIL_DOMAIN)
    return key or domain
