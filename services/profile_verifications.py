"""Verifying profiles: by a code that is mailed, or by a token of the company's own site.

Agents ask for a code and type in what the customer tells them. The customer of a chat may do both
for their own chat; they learn nothing but yes or no: not whether there is an address, nor whose.
"""

import hmac
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from core.errors import (
    CodeTriesUsedUp,
    DomainError,
    Expired,
    FieldErrorCode,
    FieldProblem,
    NewerLink,
    NewerMerge,
    NotFound,
    NothingToVerify,
    Unavailable,
    ValidationFailed,
    VerificationsSent,
)
from core.secrets import SecretBox
from core.text import address_key
from models import brands
from models.brands import Brand
from models.channel_profiles import ChannelProfile, ProfileLinkState
from models.customers import Customer
from models.profile_verifications import (
    LIFETIME,
    SENT_PER_HOUR,
    TRIES,
    WINDOW,
    ProfileVerification,
)
from models.tickets import Ticket
from models.viewers import Viewer
from services import channel_profiles, customers, identity_tokens, profile_links
from services.directory import once_of
from services.idempotency import create_once
from services.identity.claims import known_by
from services.identity.claims_in_text import Claims
from services.identity.telling import tell_tickets
from services.profile_links import HeldProfile, make_over
from services.turns import take_turn
from services.unit_of_work import UnitOfWork

VERIFY = "verify_profile"
CODE_DIGITS = 6
HOLD_TRIES = 5
_CODE = ("input", "code")
_TOKEN = ("input", "token")
_PROFILE = ("input", "profileId")


@dataclass(frozen=True, slots=True)
class _Asked:
    profile_id: UUID | None


class _AddressChanged(Exception):
    """The address of a profile changed while the turn to write to it was waited for."""


async def send(
    work: UnitOfWork, viewer: Viewer, profile_id: UUID | None, idempotency_key: str | None
) -> ProfileVerification:
    """Mail a code to the address of the customer of a profile, or the one that was claimed.

    Raises VerificationsSent after three codes within an hour, for the profile or to the address;
    and NothingToVerify where there is no address. The customer of a chat is told neither.
    """
    once = once_of("profileVerificationSend", idempotency_key, _Asked(profile_id))
    create = partial(_send, work, viewer, profile_id)
    return await create_once(work, once, ProfileVerification, create)


async def verify_code(
    work: UnitOfWork, viewer: Viewer, box: SecretBox, profile_id: UUID | None, code: str
) -> ChannelProfile | DomainError:
    """Verify a profile by the code that was mailed last; by the same code again it stays so.

    A wrong code is counted, so its error is returned, to be raised once that is written down. It
    waits for nothing that a link locks: how long it takes would tell whether the desk knows the
    address that was claimed. Only a right one is worth the turn to link.
    """
    digits = _digits(code)
    profile = await _seen(work, viewer, profile_id)
    verification = await _newest(work, profile)
    if _has_verified(verification, profile, box, digits):
        return profile
    wrong = await _refuse_wrong(work, verification, profile, box, digits)
    if wrong is not None:
        return _told(viewer, wrong)
    held = await profile_links.hold(work, profile.id)
    verification = await _newest(work, held.profile)
    if _has_verified(verification, held.profile, box, digits):
        return held.profile
    problem = _problem(work, verification, held.profile)
    # A newer code was mailed at this very moment, if it is not the right one any more.
    if verification is None or problem is not None or not _is_right(verification, box, digits):
        return _told(viewer, problem or Expired())
    if await _change(work, verification.id, used_at=work.now) is None:  # wrong ones made it void
        return _told(viewer, CodeTriesUsedUp(TRIES))
    is_proven = await _prove(work, held, Claims(emails=(verification.recipient or "",)))
    return held.profile if is_proven else _told(viewer, Expired())


async def verify_token(
    work: UnitOfWork, viewer: Viewer, box: SecretBox, profile_id: UUID | None, token: str
) -> ChannelProfile:
    """Verify a profile by a token of the company's site. Raises ValidationFailed for any other.

    A token counts once, also where nothing is left to prove; by the same one again the profile
    stays verified, as the answer to the first try may have been lost.
    """
    refusal = ValidationFailed(FieldProblem(_TOKEN, FieldErrorCode.WRONG_TOKEN))
    profile = await _seen(work, viewer, profile_id)
    vouched = await identity_tokens.read_token(work, box, profile.id, token)
    if vouched is None:
        raise refusal
    claims = Claims(
        emails=(vouched.email,) if vouched.email else (),
        phones=(vouched.phone,) if vouched.phone and not vouched.email else (),
    )
    was_verified = profile.link_state is ProfileLinkState.VERIFIED
    is_over = not was_verified and await identity_tokens.is_used_up(work, vouched)
    # Who proves nothing new holds up nobody else: the turn to link is not taken.
    if is_over or await _whom(work, profile, claims) is None:
        raise refusal
    if was_verified:
        await identity_tokens.use_up(work, vouched)
        return profile
    held = await profile_links.hold(work, profile.id)
    was_verified = held.profile.link_state is ProfileLinkState.VERIFIED
    is_proven = await _prove(work, held, claims)
    is_new = await identity_tokens.use_up(work, vouched)
    if not is_proven or not (is_new or was_verified):
        raise refusal
    return held.profile


def code_of(box: SecretBox, verification_id: UUID) -> str:
    """Return the code of a verification: it follows from its id, for those who have the key."""
    digest = box.digest(f"code of verification {verification_id.hex}")
    return str(int(digest, 16) % 10**CODE_DIGITS).zfill(CODE_DIGITS)


async def _send(
    work: UnitOfWork, viewer: Viewer, profile_id: UUID | None, row_id: UUID
) -> ProfileVerification:
    seen = await _seen(work, viewer, profile_id)
    profile, customer = await _hold_recipient(work, seen.id)
    if profile.link_state is ProfileLinkState.VERIFIED:
        raise NothingToVerify
    recipient = _address(profile, customer)
    if recipient is None and not viewer.is_customer:
        raise NothingToVerify
    if await _sent(work, ProfileVerification.profile_id == profile.id) >= SENT_PER_HOUR:
        raise VerificationsSent(SENT_PER_HOUR)
    if recipient is not None and await _is_pestered(work, recipient):
        if not viewer.is_customer:
            raise VerificationsSent(SENT_PER_HOUR)
        recipient = None
    verification = ProfileVerification(
        id=row_id,
        profile_id=profile.id,
        customer_id=customer.id,
        brand_id=await _brand_of(work, viewer, profile),
        recipient=recipient,
        recipient_key=None if recipient is None else address_key(recipient),
        tries=0,
        created_at=work.now,
    )
    work.session.add(verification)
    if recipient is not None:
        work.enqueue(VERIFY, {"verification_id": verification.id.hex})
    return verification


async def _seen(work: UnitOfWork, viewer: Viewer, profile_id: UUID | None) -> ChannelProfile:
    """Return the profile; that of a chat's customer is the chat's, and they name none."""
    if viewer.conversation_id is None:
        if profile_id is None:
            raise ValidationFailed(FieldProblem(_PROFILE, FieldErrorCode.REQUIRED))
        return await profile_links.seen(work, viewer, profile_id)
    if profile_id is not None:
        raise ValidationFailed(FieldProblem(_PROFILE, FieldErrorCode.NOT_ALLOWED_VALUE))
    of_chat = await work.session.scalar(
        select(Ticket.profile_id).where(Ticket.id == viewer.conversation_id)
    )
    if of_chat is None:
        raise NotFound
    return await work.session.get_one(ChannelProfile, of_chat)


async def _hold_recipient(work: UnitOfWork, profile_id: UUID) -> tuple[ChannelProfile, Customer]:
    """Lock a profile, and before it the turn to write to its address: codes to both are counted.

    A rule writes down what is claimed while it is claimed: the address is read anew where it
    changes meanwhile. Raises Unavailable where it never stays.
    """
    for _ in range(HOLD_TRIES):
        with suppress(_AddressChanged):
            # Undone, it gives back what it has locked: turns come before rows.
            async with work.attempt():
                return await _hold_as_read(work, profile_id)
    raise Unavailable(retry_after_seconds=1)


async def _hold_as_read(work: UnitOfWork, profile_id: UUID) -> tuple[ChannelProfile, Customer]:
    profile = await work.session.get_one(ChannelProfile, profile_id, populate_existing=True)
    customer = await work.session.get_one(Customer, profile.customer_id, populate_existing=True)
    recipient = _address(profile, customer)
    if recipient is not None:
        await take_turn(work, f"verification:{address_key(recipient)}")
    profile = await profile_links.hold_alone(work, profile_id)
    customer = await work.session.get_one(Customer, profile.customer_id, populate_existing=True)
    if _address(profile, customer) != recipient:  # changed at this very moment
        raise _AddressChanged
    return profile, customer


def _address(profile: ChannelProfile, customer: Customer) -> str | None:
    """Return where a code proves something: who is linked to is proven by their own address."""
    if customer.email is not None or profile.link_state is ProfileLinkState.CLAIMED:
        return customer.email
    return profile.claimed_email


async def _is_pestered(work: UnitOfWork, recipient: str) -> bool:
    sent = await _sent(work, ProfileVerification.recipient_key == address_key(recipient))
    return sent >= SENT_PER_HOUR


async def _sent(work: UnitOfWork, which: ColumnElement[bool]) -> int:
    since = ProfileVerification.created_at > work.now - WINDOW
    counted = select(func.count()).select_from(ProfileVerification)
    return (await work.session.execute(counted.where(since, which))).scalar_one()


async def _brand_of(work: UnitOfWork, viewer: Viewer, profile: ChannelProfile) -> UUID:
    """Return the brand that mails the code: the one that the profile wrote to last."""
    written_to = await work.session.scalar(
        select(Ticket.brand_id)
        .where(Ticket.profile_id == profile.id)
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .limit(1)
    )
    if written_to is not None:
        return written_to
    of_viewer = await work.session.scalar(
        select(Brand.id).where(brands.visible_to(viewer)).order_by(Brand.name_key).limit(1)
    )
    if of_viewer is None:
        raise NothingToVerify
    return of_viewer


async def _newest(work: UnitOfWork, profile: ChannelProfile) -> ProfileVerification | None:
    """Return the code that was asked for last."""
    return await work.session.scalar(
        select(ProfileVerification)
        .where(ProfileVerification.profile_id == profile.id)
        .order_by(ProfileVerification.created_at.desc(), ProfileVerification.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


async def _refuse_wrong(
    work: UnitOfWork,
    verification: ProfileVerification | None,
    profile: ChannelProfile,
    box: SecretBox,
    digits: str,
) -> DomainError | None:
    """Return why a code proves nothing; count it where it is wrong, and could have been right."""
    problem = _problem(work, verification, profile)
    if verification is None or problem is not None:
        return problem or Expired()
    if _is_right(verification, box, digits):
        return None
    tries = await _change(work, verification.id, tries=ProfileVerification.tries + 1)
    if tries is None:
        return CodeTriesUsedUp(TRIES)
    return ValidationFailed(FieldProblem(_CODE, FieldErrorCode.WRONG_CODE, TRIES, tries))


async def _change(work: UnitOfWork, verification_id: UUID, **values: object) -> int | None:
    """Change a code that is not void, and lock no other row; return the tries it has had by now."""
    return await work.session.scalar(
        update(ProfileVerification)
        .where(
            ProfileVerification.id == verification_id,
            ProfileVerification.used_at.is_(None),
            ProfileVerification.tries < TRIES,
        )
        .values(**values)
        .returning(ProfileVerification.tries)
        .execution_options(synchronize_session=False)
    )


def _told(viewer: Viewer, problem: DomainError) -> DomainError:
    """Return the error that a viewer is told: the customer of a chat learns nothing but no."""
    if viewer.is_customer:
        return ValidationFailed(FieldProblem(_CODE, FieldErrorCode.WRONG_CODE))
    return problem


def _problem(
    work: UnitOfWork, verification: ProfileVerification | None, profile: ChannelProfile
) -> DomainError | None:
    """Return why no code can be right any more; None while one can."""
    if verification is None or verification.recipient is None or verification.used_at is not None:
        return Expired()
    # It was for another customer, if the profile was linked meanwhile.
    is_over = verification.created_at + LIFETIME <= work.now
    if is_over or verification.customer_id != profile.customer_id:
        return Expired()
    return CodeTriesUsedUp(TRIES) if verification.tries >= TRIES else None


def _is_right(verification: ProfileVerification | None, box: SecretBox, digits: str) -> bool:
    return verification is not None and hmac.compare_digest(code_of(box, verification.id), digits)


def _has_verified(
    verification: ProfileVerification | None, profile: ChannelProfile, box: SecretBox, digits: str
) -> bool:
    """Tell whether a profile is verified, by this very code: the answer may have been lost."""
    is_verified = profile.link_state is ProfileLinkState.VERIFIED
    is_used = verification is not None and verification.used_at is not None
    return is_verified and is_used and _is_right(verification, box, digits)


def _digits(code: str) -> str:
    """Return the digits of a code. Raises ValidationFailed for what cannot be one."""
    digits = "".join(unicodedata.normalize("NFKC", code[:100]).split())
    if len(digits) != CODE_DIGITS or not digits.isascii() or not digits.isdecimal():
        raise ValidationFailed(FieldProblem(_CODE, FieldErrorCode.INVALID_FORMAT))
    return digits


async def _prove(work: UnitOfWork, held: HeldProfile, proven: Claims) -> bool:
    """Verify a profile for whom an address or a number proves it; False where that is nobody."""
    profile = held.profile
    customer_id = await _whom(work, profile, proven)
    if customer_id is None:
        return False
    try:
        is_linked = await make_over(work, held, customer_id, ProfileLinkState.VERIFIED)
    except (NewerMerge, NewerLink):  # agents may put that in order, and are told what
        return False
    customer = await work.session.get_one(Customer, customer_id)
    await customers.lock(work, customer)
    if profile.link_state is ProfileLinkState.VERIFIED and not is_linked:
        return True
    before, profile.link_state = profile.link_state, ProfileLinkState.VERIFIED
    profile.claimed_email = proven.emails[0] if proven.emails else profile.claimed_email
    profile.claimed_phone = proven.phones[0] if proven.phones else profile.claimed_phone
    channel_profiles.record(work, "ProfileVerified", profile, customer)
    await tell_tickets(work, profile, before)
    return True


async def _whom(work: UnitOfWork, profile: ChannelProfile, proven: Claims) -> UUID | None:
    """Return the customer as whom somebody is proven to write.

    That is whoever has the address or the number. Where nobody has it, it is the customer of the
    profile, if nothing else is said of them. Who was proven to be somebody stays so: agents unlink.
    """
    owner = await work.session.get_one(Customer, profile.customer_id)
    keys = {address_key(each) for each in proven.emails}
    if owner.email_key in keys or owner.phone in proven.phones:
        return owner.id
    is_of_profile = profile.claimed_email and address_key(profile.claimed_email) in keys
    if profile.link_state is ProfileLinkState.VERIFIED:
        return owner.id if is_of_profile and owner.email is None else None
    found = await known_by(work, proven, but=owner.id)
    known = {customer_id for each in found.values() for customer_id in each}
    if len(known) == 1:
        return known.pop()
    is_free = profile.link_state is ProfileLinkState.OWN and owner.email is None
    return owner.id if is_free and not known else None
