"""Companies: whom customers work for, and by which e-mail domains that is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import delete, select

from core.errors import FieldErrorCode, LimitReached, NotAllowed, NotFound
from core.text import fold
from models.base import NAME_CHARACTERS
from models.companies import DOMAIN_CHARACTERS, Company, CompanyDomain, visible_to
from models.viewers import ApiScope, Viewer
from services import unique_keys
from services.changes import Edit, apply_edit
from services.directory import once_of, record_changes, record_created
from services.idempotency import create_once
from services.unit_of_work import UnitOfWork
from services.validation import InputCheck

DOMAINS_PER_COMPANY = 100  # more than the largest groups of companies have


@dataclass(frozen=True, slots=True)
class NewCompany:
    """What a company is called, and the domains of its e-mail addresses."""

    name: str
    domains: Sequence[str] = field(default_factory=tuple)


async def create(
    work: UnitOfWork, viewer: Viewer, new: NewCompany, *, idempotency_key: str | None = None
) -> Company:
    """Add a company.

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

    Raises EditConflict where somebody else changed the same field since `expected_version`.
    """
    company = await work.session.scalar(
        select(Company).where(visible_to(viewer), Company.id == company_id).with_for_update()
    )
    if company is None:
        raise NotFound
    if not viewer.may(ApiScope.CUSTOMERS_WRITE):
        raise NotAllowed
    cleaned = _clean(wanted)
    domains_before = await _hang_domains_on(work, company)
    edit = await apply_edit(work, company, expected_version, cleaned)
    if edit.changes:
        company.updated_at = work.now
    await unique_keys.change(
        work, company, Company.name_key, fold(company.name), visible=[visible_to(viewer)]
    )
    if any(change.field == "domains" for change in edit.changes):
        await _replace_domains(work, viewer, company, domains_before, cleaned["domains"])
    record_changes(work, company, edit)
    return company, edit


async def _insert(work: UnitOfWork, viewer: Viewer, new: NewCompany, row_id: UUID) -> Company:
    cleaned = _clean(asdict(new))
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
    return company


async def _hang_domains_on(work: UnitOfWork, company: Any) -> tuple[str, ...]:
    """Give the company its domains as an attribute, to be edited like a field; return them."""
    domains = await work.session.scalars(
        select(CompanyDomain.domain).where(CompanyDomain.company_id == company.id)
    )
    company.domains = tuple(sorted(domains))
    return tuple(company.domains)


async def _replace_domains(
    work: UnitOfWork,
    viewer: Viewer,
    company: Company,
    before: Iterable[str],
    after: Iterable[str],
) -> None:
    removed, added = set(before) - set(after), set(after) - set(before)
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
    try:
        return validate_email(
            f"postmaster@{domain}", check_deliverability=False, test_environment=True
        ).domain
    except EmailNotValidError:
        check.refuse(path, FieldErrorCode.INVALID_FORMAT)
        return domain
