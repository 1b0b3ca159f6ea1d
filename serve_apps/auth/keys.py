"""The signing key of the access tokens: Ed25519 (EdDSA) or P-256 (ES256). The key pins the algorithm."""

from __future__ import annotations

import base64
import hashlib
import json

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from actors.errors import ConfigurationError

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey

_RULE = "an unencrypted private key in PEM, Ed25519 or P-256"
_REMEDY = "openssl genpkey -algorithm ed25519 -out signing-key.pem"


class SigningKey:
    """A private key, the one algorithm that it may be used with, and its name.

    Args:
        private: The key itself.

    Attributes:
        algorithm: ``EdDSA`` or ``ES256``, decided by the kind of key alone.
        public: The public half, for verification.
        key_id: The key's thumbprint (Jones and Sakimura 2015, RFC 7638), the tokens' ``kid``.
    """

    def __init__(self, private: PrivateKey) -> None:
        self.private = private
        self.public: PublicKey = private.public_key()
        self.algorithm = "EdDSA" if isinstance(private, ed25519.Ed25519PrivateKey) else "ES256"
        self.key_id = _thumbprint(self.public)

    @classmethod
    def generate(cls) -> SigningKey:
        """Return a new Ed25519 key."""
        return cls(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, content: bytes, origin: str = "signing-key.pem") -> SigningKey:
        """Return the key that PEM text holds.

        Args:
            content: The PEM text.
            origin: Where it came from, for the error.

        Raises:
            ConfigurationError: No private key, an encrypted one, or one of another kind.
        """
        try:
            private = serialization.load_pem_private_key(content, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ConfigurationError(
                f"{origin} holds no usable private key", field=origin, rule=_RULE, remedy=_REMEDY
            ) from None
        if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1):
            return cls(private)
        if isinstance(private, ed25519.Ed25519PrivateKey):
            return cls(private)
        raise ConfigurationError(
            f"{origin} holds a key of another kind",
            field=origin,
            value=type(private).__name__,
            rule=_RULE,
            remedy=_REMEDY,
        )

    def to_pem(self) -> bytes:
        """Return the private key as unencrypted PKCS#8 PEM."""
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def _thumbprint(public: PublicKey) -> str:
    if isinstance(public, ed25519.Ed25519PublicKey):
        key = OKPAlgorithm.to_jwk(public, as_dict=True)
    else:
        key = ECAlgorithm.to_jwk(public, as_dict=True)
    members = [member for member in ("crv", "kty", "x", "y") if member in key]
    canonical = json.dumps({member: key[member] for member in members}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
