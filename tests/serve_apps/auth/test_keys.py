import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from actors.errors import ConfigurationError
from serve_apps.auth.keys import SigningKey


def pem(key, encryption=None):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption or serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [(ed25519.Ed25519PrivateKey.generate(), "EdDSA"), (ec.generate_private_key(ec.SECP256R1()), "ES256")],
)
def test_the_kind_of_key_decides_the_algorithm(private, algorithm):
    key = SigningKey.from_pem(pem(private))
    assert key.algorithm == algorithm
    assert len(key.key_id) == 43


def test_a_key_survives_being_written():
    key = SigningKey.generate()
    assert SigningKey.from_pem(key.to_pem()).key_id == key.key_id
    assert SigningKey.generate().key_id != key.key_id


def test_the_key_id_is_the_thumbprint_of_the_rfcs_example():
    # RFC 8037, appendix A.1 and A.3
    raw = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey(ed25519.Ed25519PrivateKey.from_private_bytes(raw))
    assert key.key_id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        pem(rsa.generate_private_key(65537, 2048)),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(ed25519.Ed25519PrivateKey.generate(), serialization.BestAvailableEncryption(b"secret")),
        ed25519.Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    ],
)
def test_a_file_without_a_usable_private_key_is_refused_with_the_command_that_makes_one(content):
    with pytest.raises(ConfigurationError, match="openssl genpkey"):
        SigningKey.from_pem(content)
