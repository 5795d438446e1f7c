"""Calls as objects: for a batch, and by attribute."""

from __future__ import annotations

from typing import Any, Iterable, Optional, Union

NativeCall = tuple[str, tuple[Any, ...], Optional[dict[str, Any]]]


class Call:
    """One call of a batch.

    >>> manywire.Call("add", 3, b=2)
    Call('add', 3, b=2)
    """

    __slots__ = ("arguments", "method", "named")

    def __init__(self, method: str, /, *arguments: Any, **named: Any) -> None:
        self.method = method
        self.arguments = arguments
        self.named = named

    def __repr__(self) -> str:
        words = [repr(self.method), *map(repr, self.arguments)]
        words += [f"{name}={value!r}" for name, value in self.named.items()]
        return f"Call({', '.join(words)})"


BatchCall = Union[Call, "tuple[Any, ...]"]
"""A call of a batch: a :class:`Call`, or the method's name and its arguments in one tuple."""


def native_calls(calls: Iterable[BatchCall]) -> list[NativeCall]:
    return [
        (call.method, call.arguments, call.named) if isinstance(call, Call) else (call[0], call[1:], None)
        for call in calls
    ]


def remote_name(wire: str, name: str) -> str:
    """The name of a method that was reached by attributes: gRPC has a slash before the last part."""
    if wire == "grpc":
        service, dot, method = name.rpartition(".")
        return f"{service}/{method}" if dot else name
    return name


def check_public(owner: object, name: str) -> None:
    # Python itself asks objects for names such as __deepcopy__ or _repr_html_.
    if name.startswith("_"):
        message = f"{type(owner).__name__} has no attribute {name!r}; for a method of that name use call({name!r})"
        raise AttributeError(message)
