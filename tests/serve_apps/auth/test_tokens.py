import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from actors.clock import SECOND, DataClock
from actors.errors import Unauthenticated
from configs.schema import SecuritySection
from serve_apps.auth.clients import Client
from serve_apps.auth.keys import SigningKey
from serve_apps.auth.tokens import Tokens

NOW = 1_800_000_000
KEY = SigningKey.generate()
SECURITY = SecuritySection(token_seconds=600)
CLIENT = Client(id="desk-1", secret_hash="$argon2id$x", scopes=frozenset({"read:risk", "write:trade"}))
PUBLIC_PEM = KEY.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
PUBLIC_RAW = KEY.public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def tokens(now=NOW, key=KEY, **options):
    return Tokens(key, SECURITY, DataClock(now * SECOND), **options)


def claims(**changes):
    base = {
        "iss": "alphamind",
        "aud": "alphamind-api",
        "sub": "desk-1",
        "client_id": "desk-1",
        "scope": "read:risk",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 600,
        "jti": "1",
        **changes,
    }
    return {name: value for name, value in base.items() if value is not ...}


def sign(payload, key=KEY, typ="at+jwt", kid=None, **headers):
    head = {"typ": typ, "kid": kid or KEY.key_id, **headers}
    return jwt.encode(payload, key.private, algorithm=key.algorithm, headers=head)


def encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("key", [KEY, SigningKey(ec.generate_private_key(ec.SECP256R1()))])
@pytest.mark.parametrize("portfolios", [None, frozenset(), frozenset({"a", "b"})])
def test_a_token_says_who_may_do_what(key, portfolios):
    service = tokens(key=key)
    client = CLIENT.model_copy(update={"portfolios": portfolios})
    token, issued = service.issue(client, frozenset({"read:risk"}))
    principal = service.verify(token)
    assert principal == issued
    assert (principal.client_id, principal.scopes, principal.portfolios) == ("desk-1", {"read:risk"}, portfolios)
    assert principal.expires == NOW + 600
    assert principal.may_see("a") == (portfolios is None or "a" in portfolios)
    header = jwt.get_unverified_header(token)
    assert header == {"alg": key.algorithm, "typ": "at+jwt", "kid": key.key_id}


def test_no_two_tokens_are_the_same():
    service = tokens()
    assert service.issue(CLIENT, CLIENT.scopes)[0] != service.issue(CLIENT, CLIENT.scopes)[0]


def test_the_claims_of_rfc_9068_are_all_there():
    token, _ = tokens().issue(CLIENT, CLIENT.scopes)
    payload = jwt.decode(token, options={"verify_signature": False})
    assert set(payload) == {"iss", "aud", "sub", "client_id", "scope", "iat", "nbf", "exp", "jti"}
    assert payload["scope"] == "read:risk write:trade"


OTHER = SigningKey.generate()
ATTACKS = {
    "nothing": "",
    "no token": "abc",
    "too many parts": "a.b.c.d.e",
    "not ascii": "é.é.é",
    "too long": "a" * 8193,
    "alg none": f"{encoded({'alg': 'none', 'typ': 'at+jwt', 'kid': KEY.key_id})}.{encoded(claims())}.",
    "alg none in capitals": f"{encoded({'alg': 'NONE', 'typ': 'at+jwt', 'kid': KEY.key_id})}.{encoded(claims())}.",
    "no alg": f"{encoded({'typ': 'at+jwt', 'kid': KEY.key_id})}.{encoded(claims())}.",
    "signature removed": sign(claims()).rpartition(".")[0] + ".",
    "another key": sign(claims(), OTHER),
    "another key under its own id": sign(claims(), OTHER, kid=OTHER.key_id),
    "another key's id": sign(claims(), kid=OTHER.key_id),
    "HS256 with the raw public key": jwt.encode(
        claims(), PUBLIC_RAW, algorithm="HS256", headers={"typ": "at+jwt", "kid": KEY.key_id}
    ),
    "ES256 with a key of its own": sign(claims(), SigningKey(ec.generate_private_key(ec.SECP256R1()))),
    "an id token": sign(claims(), typ="JWT"),
    "no type": sign(claims(), typ=None),
    "another issuer": sign(claims(iss="https://evil.example")),
    "another audience": sign(claims(aud="another-api")),
    "several audiences": sign(claims(aud=["alphamind-api", "another-api"])),
    "expired": sign(claims(iat=NOW - 700, nbf=NOW - 700, exp=NOW)),
    "not yet": sign(claims(nbf=NOW + 60)),
    "issued in the future": sign(claims(iat=NOW + 60)),
    "a critical header nobody knows": sign(claims(), crit=["exp"]),
    "a key in the header": sign(claims(), OTHER, jwk={"kty": "OKP", "crv": "Ed25519", "x": encoded("x")}),
    "a path as key id": sign(claims(), kid="../../dev/null"),
    "unreadable times": sign(claims(exp="soon")),
    "scope of another type": sign(claims(scope=["read:risk"])),
    "scope of another form": sign(claims(scope="a  b")),
    "portfolios of another type": sign(claims(portfolios=1)),
    **{f"without {name}": sign(claims(**{name: ...})) for name in claims()},
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_forged_or_stale_token_is_refused(name):
    with pytest.raises(Unauthenticated) as caught:
        tokens().verify(ATTACKS[name])
    assert caught.value.code == "TOKEN_INVALID"
    assert ATTACKS[name] == "" or ATTACKS[name] not in str(caught.value)


def test_hs256_with_the_public_pem_is_refused():
    # PyJWT refuses to make such a token, so it is made by hand.
    import hashlib
    import hmac

    signed = f"{encoded({'alg': 'HS256', 'typ': 'at+jwt', 'kid': KEY.key_id})}.{encoded(claims())}"
    mac = base64.urlsafe_b64encode(hmac.new(PUBLIC_PEM, signed.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    with pytest.raises(Unauthenticated):
        tokens().verify(f"{signed}.{mac}")


def test_the_untouched_twin_of_the_attacks_is_accepted():
    assert tokens().verify(sign(claims())).client_id == "desk-1"
    assert tokens().verify(sign(claims(), typ="application/AT+JWT")).client_id == "desk-1"
    assert tokens().verify(sign(claims(iat=NOW + 1, nbf=NOW + 1))).client_id == "desk-1"


@given(st.data())
def test_a_token_with_any_character_changed_is_refused(data):
    token = sign(claims())
    position = data.draw(st.integers(0, len(token) - 2))  # the last character carries bits that base64url ignores
    other = data.draw(st.sampled_from("ABCDEFGHabcdefgh0123456789-_.!= ").filter(lambda one: one != token[position]))
    changed = token[:position] + other + token[position + 1 :]
    with pytest.raises(Unauthenticated):
        tokens().verify(changed)


def test_a_remembered_token_ends_at_its_time():
    clock = DataClock(NOW * SECOND)
    service = Tokens(KEY, SECURITY, clock)
    token, _ = service.issue(CLIENT, CLIENT.scopes)
    service.verify(token)
    clock.advance((NOW + 600) * SECOND - 1)
    service.verify(token)
    clock.advance((NOW + 600) * SECOND)
    with pytest.raises(Unauthenticated, match="expired"):
        service.verify(token)


def test_a_token_is_verified_in_full_once(monkeypatch):
    service = tokens()
    token, _ = service.issue(CLIENT, CLIENT.scopes)
    principal = service.verify(token)
    monkeypatch.setattr(jwt, "decode_complete", None)
    assert service.verify(token) is principal


def test_only_so_many_tokens_are_remembered_and_the_used_ones_stay():
    service = tokens(remembered=2)
    first, second, third = (service.issue(CLIENT, CLIENT.scopes)[0] for _ in range(3))
    kept = service.verify(first)
    forgotten = service.verify(second)
    assert service.verify(first) is kept
    service.verify(third)
    assert service.verify(first) is kept
    assert service.verify(second) is not forgotten
