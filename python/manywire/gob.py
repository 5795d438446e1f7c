"""What a ``dict`` or an ``int`` cannot say to Go's gob, whose every value has a type.

A ``dict`` with text for keys is a struct to Go, and an ``int`` is an ``int``. Where a method wants a map or an unsigned
number, say so:

>>> manywire.gob.map({"apples": 3})
manywire.gob.map({'apples': 3})
>>> manywire.gob.uint(7)
manywire.gob.uint(7)

On every other wire both are what they look like.
"""

from __future__ import annotations

from typing import TypeVar

__all__ = ["map", "uint"]

K = TypeVar("K")
V = TypeVar("V")


class map(dict[K, V]):
    """A ``map[K]V`` of Go's, in place of a struct. An empty one is left out, which to Go is the same."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"manywire.gob.map({super().__repr__()})"


class uint(int):
    """An unsigned number of Go's: ``uint``, ``uint8``, …, ``uint64``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"manywire.gob.uint({int(self)})"
