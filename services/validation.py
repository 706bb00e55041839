"""Checks of what people type: all problems of an input are found before one error is raised."""

from collections.abc import Callable

from email_validator import EmailNotValidError, validate_email
from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    is_valid_number,
    parse,
)

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed
from core.text import fold, is_far_over, normalise, single_line
from models.base import EMAIL_CHARACTERS

# Where a number without a country code is looked for, in this order.
HOME_REGIONS = ("TR", "GR")
_REGION_OF_LANGUAGE = {"tr": "TR", "el": "GR"}
# People write brackets, spaces and extensions; the library reads no longer text either.
PHONE_TEXT_CHARACTERS = 250


class InputCheck:
    """Cleans the fields of one input and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []

    def refuse(
        self,
        field: str,
        code: FieldErrorCode,
        limit: int | None = None,
        actual: int | None = None,
    ) -> None:
        """Note that a field is refused."""
        path = ("input", *field.split("."))
        self.problems.append(FieldProblem(path, code, limit, actual))

    def raise_problems(self) -> None:
        """Raise ValidationFailed if anything was refused."""
        if self.problems:
            raise ValidationFailed(*self.problems)

    def line(self, field: str, value: str | None, limit: int) -> str:
        """Return a required text of one line, its white space collapsed."""
        cleaned = self._clean(field, value, limit, single_line)
        if cleaned == "":
            self.refuse(field, FieldErrorCode.REQUIRED)
        return cleaned or ""

    def optional_line(self, field: str, value: str | None, limit: int) -> str | None:
        """Return a text of one line, or None for an empty one."""
        return self._clean(field, value, limit, single_line) or None

    def text(self, field: str, value: str | None, limit: int) -> str:
        """Return a required text of any number of lines."""
        cleaned = self._clean(field, value, limit, normalise)
        if cleaned is not None and not fold(cleaned):
            self.refuse(field, FieldErrorCode.REQUIRED)
        return cleaned or ""

    def optional_text(self, field: str, value: str | None, limit: int) -> str | None:
        """Return a text of any number of lines, or None for an empty one."""
        return self.text(field, value, limit) if (value or "").strip() else None

    def email(self, field: str, value: str | None) -> str:
        """Return a required e-mail address in its normal form."""
        cleaned = self.line(field, value, EMAIL_CHARACTERS)
        if not cleaned:
            return ""
        try:
            return validate_email(
                cleaned, check_deliverability=False, test_environment=True
            ).normalized
        except EmailNotValidError:
            self.refuse(field, FieldErrorCode.INVALID_EMAIL)
            return cleaned

    def optional_email(self, field: str, value: str | None) -> str | None:
        """Return an e-mail address in its normal form, or None for an empty one."""
        return self.email(field, value) if (value or "").strip() else None

    def optional_phone(
        self, field: str, value: str | None, language: str | None = None
    ) -> str | None:
        """Return a phone number as E.164, or None for an empty one.

        A number without a country code is read as Turkish, then as Greek; that of somebody who
        writes Greek the other way round.
        """
        cleaned = self.optional_line(field, value, PHONE_TEXT_CHARACTERS)
        if cleaned is None:
            return None
        number = e164(cleaned, language)
        if number is None:
            self.refuse(field, FieldErrorCode.INVALID_PHONE)
        return number

    def choice(self, field: str, value: str, choices: frozenset[str]) -> str:
        """Return a value that must be one of `choices`."""
        if value not in choices:
            self.refuse(field, FieldErrorCode.NOT_ALLOWED_VALUE)
        return value

    def within(self, field: str, value: int, lowest: int, highest: int) -> None:
        """Refuse a number outside of `lowest` to `highest`, and say which of them it is next to."""
        nearest = min(max(value, lowest), highest)
        if value != nearest:
            self.refuse(field, FieldErrorCode.OUT_OF_RANGE, nearest, value)

    def _clean(
        self, field: str, value: str | None, limit: int, clean: Callable[[str], str]
    ) -> str | None:
        """Return a text as it is stored, or None for one that is refused for its length."""
        raw = value or ""
        # What is far too long is counted as it came: cleaning it is work that anybody could cause.
        cleaned = raw if is_far_over(raw, limit) else clean(raw)
        if len(cleaned) > limit:
            self.refuse(field, FieldErrorCode.TOO_LONG, limit, len(cleaned))
            return None
        return cleaned


def home_regions(language: str | None) -> list[str]:
    """Return where a number without a country code is looked for, by who writes it."""
    first = _REGION_OF_LANGUAGE.get(language or "", HOME_REGIONS[0])
    return list(dict.fromkeys((first, *HOME_REGIONS)))


def e164(number: str, language: str | None = None) -> str | None:
    """Return a phone number as E.164, or None where it is none in any of the home regions.

    Some numbers are good ones in more than one of them: then the region of the language counts.
    """
    for region in home_regions(language):
        try:
            parsed = parse(number, region)
        except NumberParseException:
            continue
        if is_valid_number(parsed):
            return format_number(parsed, PhoneNumberFormat.E164)
    return None
