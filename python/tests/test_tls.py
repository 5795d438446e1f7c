"""TLS on every wire that has it, and who is trusted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Iterator

import pytest
import trustme

import manywire
from conftest import add

SCHEMES = ["gob+tls", "gob+https", "jsonrpc1+tls", "jsonrpc1+https", "jsonrpc+https", "jsonrpc+wss", "xmlrpc+https", "zerorpc+tls", "grpcs"]


class Secured:
    """A server with a certificate of an authority of its own, which asks clients for theirs."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca = authority.cert_pem.bytes()
        self.identity = authority.issue_cert("client@example.org")
        own = authority.issue_cert("localhost", "127.0.0.1")
        own.private_key_pem.write_to_path(str(folder / "key.pem"))
        for pem in own.cert_chain_pems:
            pem.write_to_path(str(folder / "cert.pem"), append=True)
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        self.folder = folder

    def serve(self, **flags: object) -> manywire.Server:
        paths = {"tls_cert": self.folder / "cert.pem", "tls_key": self.folder / "key.pem"}
        return manywire.serve(**paths, **flags)  # type: ignore[arg-type]

    @property
    def client_pems(self) -> dict[str, bytes]:
        return {
            "cert": b"".join(pem.bytes() for pem in self.identity.cert_chain_pems),
            "key": self.identity.private_key_pem.bytes(),
        }


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Secured:
    return Secured(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(secured: Secured) -> Iterator[manywire.Server]:
    with secured.serve() as server:
        yield server


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_authority_that_is_trusted(server: manywire.Server, secured: Secured, scheme: str) -> None:
    for ca in (secured.ca, secured.ca.decode(), secured.folder / "ca.pem", str(secured.folder / "ca.pem")):
        with manywire.connect(server.url(scheme), tls=manywire.Tls(ca=ca)) as client:
            assert add(client, 2, 3) == 5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_authority_that_is_not(server: manywire.Server, scheme: str) -> None:
    with pytest.raises(manywire.ConnectError, match="certificate"):
        with manywire.connect(server.url(scheme)) as client:
            add(client, 2, 3)
    with manywire.connect(server.url(scheme), tls=manywire.Tls(insecure=True)) as client:
        assert add(client, 2, 3) == 5


def test_a_name_that_differs(server: manywire.Server, secured: Secured) -> None:
    with pytest.raises(manywire.ConnectError, match="(?i)name"):
        manywire.connect(server.url("gob+tls"), tls=manywire.Tls(ca=secured.ca, server_name="example.org"))
    with manywire.connect(server.url("gob+tls"), tls=manywire.Tls(ca=secured.ca, server_name="localhost")) as client:
        assert add(client, 2, 3) == 5


def test_a_server_that_asks_who_we_are(secured: Secured) -> None:
    with secured.serve(tls_client_ca=secured.folder / "ca.pem") as server:
        for scheme in SCHEMES:
            with manywire.connect(server.url(scheme), tls=manywire.Tls(ca=secured.ca, **secured.client_pems)) as client:
                assert add(client, 2, 3) == 5
        with pytest.raises(manywire.ConnectError):
            with manywire.connect(server.url("gob+tls"), tls=manywire.Tls(ca=secured.ca), attempts=1) as client:
                add(client, 2, 3)


@pytest.mark.parametrize("scheme", ["gob", "gob+http", "jsonrpc", "jsonrpc+ws", "xmlrpc", "zerorpc", "grpc"])
def test_who_names_an_authority_is_not_called_in_plaintext(scheme: str, secured: Secured) -> None:
    async def connect(url: str, tls: manywire.Tls) -> None:
        await manywire.aio.connect(url, tls=tls)

    url, words = f"{scheme}://127.0.0.1:1", "is not in TLS, and how to speak TLS was given; write"
    for tls in (manywire.Tls(ca=secured.ca), manywire.Tls(**secured.client_pems), manywire.Tls()):
        with pytest.raises(manywire.UsageError, match=words):
            manywire.connect(url, tls=tls)
        with pytest.raises(manywire.UsageError, match=words):
            asyncio.run(connect(url, tls))


def test_plaintext_is_refused(server: manywire.Server) -> None:
    for scheme in ("jsonrpc", "xmlrpc", "grpc", "jsonrpc+ws"):
        with pytest.raises(manywire.ConnectError, match="TLS is spoken there; write"):
            with manywire.connect(server.url(scheme), attempts=1) as client:
                add(client, 2, 3)
    for scheme in ("gob", "jsonrpc1+tcp", "zerorpc"):
        with pytest.raises(manywire.ConnectError, match="is this wire spoken there, or only in TLS"):
            with manywire.connect(server.url(scheme), attempts=1) as client:
                add(client, 2, 3)


def test_mistakes_are_told(server: manywire.Server, secured: Secured) -> None:
    with pytest.raises(manywire.UsageError, match="give Tls both cert and key"):
        manywire.connect(server.url("grpcs"), tls=manywire.Tls(cert=secured.client_pems["cert"]))
    with pytest.raises(manywire.UsageError, match="has no certificate in PEM"):
        manywire.connect(server.url("grpcs"), tls=manywire.Tls(ca=b"nothing"))
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        manywire.connect(server.url("grpcs"), tls=manywire.Tls(ca="no-such-file"))
