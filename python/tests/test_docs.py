"""Every example of every docstring, run as it stands."""

from __future__ import annotations

import asyncio
import doctest
import pkgutil
from importlib import import_module
from typing import Iterator

import pytest

import manywire

MODULES = sorted(f"manywire.{module.name}" for module in pkgutil.iter_modules(manywire.__path__) if module.name != "_native")


def examples() -> Iterator[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in ["manywire", *MODULES]:
        for test in finder.find(import_module(name), name):
            if test.examples:
                yield test


EXAMPLES = list(examples())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples(server: manywire.Server, example: doctest.DocTest) -> None:
    with manywire.connect(server.url("xmlrpc")) as client:
        example.globs.update(asyncio=asyncio, client=client, manywire=manywire, server=server)
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        told: list[str] = []
        assert runner.run(example, out=told.append).failed == 0, "".join(told)


def test_there_are_examples_of_everything_that_a_client_can_do() -> None:
    names = {example.name.rpartition(".")[2] for example in EXAMPLES}
    assert {"connect", "call", "stream", "send", "exchange", "notify", "batch", "methods", "describe", "using", "serve"} <= names
