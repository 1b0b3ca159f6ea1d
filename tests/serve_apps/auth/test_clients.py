import asyncio

import pydantic
import pytest

from actors.errors import Unavailable
from serve_apps.auth.clients import Client, Clients, hash_secret, new_secret

SECRET = new_secret()
CLIENT = Client(id="desk-1", secret_hash=hash_secret(SECRET), scopes=frozenset({"read:risk"}))


def authenticate(client_id, secret, **options):
    async def run():
        clients = Clients([CLIENT], **options)
        try:
            return await clients.authenticate(client_id, secret)
        finally:
            clients.close()

    return asyncio.run(run())


def test_a_client_is_known_by_id_and_secret():
    assert authenticate("desk-1", SECRET) is CLIENT


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [
        ("desk-1", SECRET + "x"),
        ("desk-1", ""),
        ("desk-2", SECRET),
        ("", ""),
        ("desk-1", "é\x00"),
        ("desk-1", CLIENT.secret_hash),
    ],
)
def test_anyone_else_is_nobody(client_id, secret):
    assert authenticate(client_id, secret) is None


def test_a_secret_is_hashed_for_an_unknown_client_too(monkeypatch):
    hashed = []
    monkeypatch.setattr("serve_apps.auth.clients._verify", lambda secret_hash, secret: hashed.append(secret_hash))
    authenticate("desk-1", "wrong")
    authenticate("nobody", "wrong")
    assert len(hashed) == 2 and all(one.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for one in hashed)


def test_a_broken_hash_lets_nobody_in():
    broken = Client(id="desk-1", secret_hash="$argon2id$broken", scopes=frozenset())

    async def run():
        return await Clients([broken]).authenticate("desk-1", SECRET)

    assert asyncio.run(run()) is None


def test_more_checks_than_may_wait_are_refused():
    async def run():
        clients = Clients([CLIENT], threads=1, waiting=2)
        answers = await asyncio.gather(
            *(clients.authenticate("desk-1", SECRET) for _ in range(4)), return_exceptions=True
        )
        assert await clients.authenticate("desk-1", SECRET) is CLIENT
        return answers

    answers = asyncio.run(run())
    assert [isinstance(answer, Unavailable) for answer in answers] == [False, False, True, True]


@pytest.mark.parametrize(
    "change",
    [
        {"id": "a b"},
        {"scopes": ["read:everything"]},
        {"secret_hash": "secret in clear"},
        {"grants": ["password"]},
        {"portfolios": ["a b"]},
        {"unknown": 1},
    ],
)
def test_a_client_that_is_not_what_it_should_be_is_refused(change):
    with pytest.raises(pydantic.ValidationError):
        Client.model_validate({**CLIENT.model_dump(), **change})


def test_a_clients_hash_is_not_shown():
    assert CLIENT.secret_hash not in repr(CLIENT)
