"""Marks what answers depend on, for events that are executed once for many.

An audience is all viewers with the same rights (`Viewer.audience`). Whoever writes a batch says by
one of these decorators whether all of them get the same answer about an object that they all see.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_MARK = "is_same_for_audience"


def same_for_audience(function: Function) -> Function:
    """Mark what answers all viewers of an audience alike, whoever they are."""
    setattr(function, _MARK, True)
    return function


def personal(function: Function) -> Function:
    """Mark what answers each person in their own way, such as by what is assigned to them."""
    setattr(function, _MARK, False)
    return function


def marked_like(other: Callable[..., Any], function: Function) -> Function:
    """Mark a function as another one is marked, which makes its answers."""
    setattr(function, _MARK, is_same_for_audience(other))
    return function


def is_same_for_audience(function: Callable[..., Any]) -> bool | None:
    """Return how a function is marked; None where nobody has thought about it yet."""
    mark: bool | None = getattr(function, _MARK, None)
    return mark
