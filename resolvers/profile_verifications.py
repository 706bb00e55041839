"""Verifying profiles: asking for codes, and telling what proves who is writing."""

from uuid import UUID

from core.errors import DomainError, FieldErrorCode, FieldProblem, ValidationFailed
from core.ids import NodeKind
from models.channel_profiles import ChannelProfile
from models.profile_verifications import LIFETIME, TRIES, ProfileVerification
from resolvers.access import require_signed_in
from resolvers.global_ids import optional_row_id
from resolvers.scope import Scope
from services import profile_verifications

__all__ = ["MINUTES", "TRIES", "send", "verify"]


MINUTES = int(LIFETIME.total_seconds() // 60)


async def send(
    scope: Scope, profile_id: str | None, idempotency_key: str | None
) -> ProfileVerification:
    """Have a code mailed."""
    require_signed_in(scope.viewer)
    row_id = _profile(profile_id)
    async with scope.unit_of_work() as work:
        return await profile_verifications.send(work, scope.viewer, row_id, idempotency_key)


async def verify(
    scope: Scope, profile_id: str | None, code: str | None, token: str | None
) -> ChannelProfile:
    """Verify a profile by a code or by a token, one of which is given."""
    require_signed_in(scope.viewer)
    row_id, box = _profile(profile_id), scope.resources.secrets
    if (code is None) is (token is None):
        problem = FieldErrorCode.REQUIRED if code is None else FieldErrorCode.NOT_ALLOWED_VALUE
        raise ValidationFailed(FieldProblem(("input", "code"), problem))
    async with scope.unit_of_work() as work:
        if token is not None:
            return await profile_verifications.verify_token(work, scope.viewer, box, row_id, token)
        outcome = await profile_verifications.verify_code(
            work, scope.viewer, box, row_id, code or ""
        )
    # A wrong code was counted, which an error within the act would have undone.
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def _profile(profile_id: str | None) -> UUID | None:
    return optional_row_id(profile_id, NodeKind.CHANNEL_PROFILE, "input", "profileId")
