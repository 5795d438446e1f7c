"""Calls as objects: for a batch, and by attribute."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, NoReturn, Optional, Union

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
        (call.method, call.arguments, call.named)
        if isinstance(call, Call)
        else (call[0], call[1:], None)
        if isinstance(call, tuple) and call
        else refuse_call(call)
        for call in calls
    ]


def refuse_call(call: object) -> NoReturn:
    raise TypeError(f'a call of a batch is a Call, or a tuple such as ("add", 2, 3); got {call!r:.80}')


def check_requests(method: str, requests: object) -> None:
    """Refuse what would be taken apart into something else than requests."""
    if isinstance(requests, (str, bytes, Mapping)):
        raise TypeError(f"{method} takes an iterable of requests; put a single request into a list")


def only_requests(method: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """The one argument of a method that takes a stream of requests."""
    if named or len(arguments) != 1:
        raise TypeError(f"{method} takes a stream of requests: call it with one iterable of them")
    return arguments[0]


def refuse_pickling(owner: object) -> NoReturn:
    name = type(owner).__name__
    raise TypeError(f"cannot pickle or copy a manywire.{name}; hand over the URL and connect there")


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
