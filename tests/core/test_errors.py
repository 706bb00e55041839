"""What is told of inputs that are refused."""

from core.errors import FieldErrorCode, FieldProblem, ValidationFailed


def test_of_endless_problems_the_first_hundred_are_told() -> None:
    problems = [
        FieldProblem(("input", "tagIds", str(place)), FieldErrorCode.UNKNOWN_REFERENCE)
        for place in range(101)
    ]

    failed = ValidationFailed(*problems)

    assert failed.problems == tuple(problems[:100])
    assert failed.extensions["fields"] == [one.as_extension() for one in problems[:100]]
    assert failed.message.count("UNKNOWN_REFERENCE") == 100
