"""The version that an editor says to have loaded."""

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed

_PATH = ("input", "expectedVersion")


def check_expected_version(expected: int, current: int) -> None:
    """Raise ValidationFailed for a version that no row ever had, or does not have yet."""
    if expected < 0:
        raise ValidationFailed(FieldProblem(_PATH, FieldErrorCode.OUT_OF_RANGE, 0, expected))
    if expected > current:
        code = FieldErrorCode.VERSION_IN_FUTURE
        raise ValidationFailed(FieldProblem(_PATH, code, current, expected))
