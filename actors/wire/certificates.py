"""A folder of certificates: ``authority.pem``, and for each name one file ``NAME.pem`` with its key and certificate.

``authority/key.pem`` signs new ones. It is in a folder of its own because it stays where the certificates are made.
"""

from __future__ import annotations

import datetime
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from actors.errors import ConfigurationError
from actors.private_files import check_private, locked_folder, read_private, write_private
from actors.wire.tls import SCHEME, Identity

AUTHORITY = "authority.pem"
AUTHORITY_KEY = "authority/key.pem"
FIELD = "security.certificates"
AUTHORITY_DAYS = 3650
DAYS = 365
"""Days for which a certificate is valid."""
_RENEWED_BEFORE = datetime.timedelta(days=30)
_OTHER_CLOCKS = datetime.timedelta(hours=1)


def ensure_identity(folder: pathlib.Path, name: str, make: bool) -> Identity:
    """Return the identity of ``name``; where ``make`` allows it, what is missing or about to expire is made first.

    Args:
        folder: The folder of certificates.
        name: The name, for instance ``oms-0``.
        make: Whether certificates are made by themselves.

    Raises:
        ConfigurationError: A file is missing, expired, readable by others, or not what it should be.
    """
    if make:
        with locked_folder(folder, FIELD):
            _make_what_is_due(folder, name)
    identity = Identity(name, folder / AUTHORITY, folder / f"{name}.pem")
    for path in (identity.authority, identity.certificate):
        if not path.exists():
            raise ConfigurationError(
                "a certificate is missing",
                field=FIELD,
                value=path,
                rule=f"a private folder with {AUTHORITY} and {name}.pem",
                remedy=f"python -m cluster.certificates {folder} makes them; nothing makes them in profile cluster",
            )
        _refuse_expired(path)
    check_private(folder, 0o700)
    return identity


def make_certificate(folder: pathlib.Path, name: str, days: int = DAYS) -> None:
    """Make a certificate for ``name``, in place of one that may be there; make the authority too where there is none.

    Args:
        folder: The folder of certificates.
        name: The name.
        days: Days for which it is valid; negative: one that has expired.

    Raises:
        ConfigurationError: The folder has an authority's certificate without the key that belongs to it.
    """
    with locked_folder(folder, FIELD):
        _issue(folder, name, days)


def _make_what_is_due(folder: pathlib.Path, name: str) -> None:
    path = folder / f"{name}.pem"
    soon = datetime.datetime.now(datetime.timezone.utc) + _RENEWED_BEFORE
    if path.exists() and (folder / AUTHORITY).exists() and _certificate(path).not_valid_after_utc > soon:
        return
    _issue(folder, name, DAYS)


def _issue(folder: pathlib.Path, name: str, days: int) -> None:
    authority, authority_key = _authority(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]  # an actor is both
    certificate = (
        _builder(name, key.public_key(), authority.subject, days)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(SCHEME + name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    write_private(folder / f"{name}.pem", _key_text(key) + _text(certificate))


def _authority(folder: pathlib.Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    path, key_path = folder / AUTHORITY, folder / AUTHORITY_KEY
    if not path.exists():
        key_path.parent.mkdir(mode=0o700, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AlphaMind authority")])
        certificate = (
            _builder("AlphaMind authority", key.public_key(), name, AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_private(key_path, _key_text(key))
        write_private(path, _text(certificate))  # last, because its presence says that the authority is complete
    if not key_path.exists():
        raise ConfigurationError(
            "no certificate can be made: the authority's key is not here",
            field=FIELD,
            value=key_path,
            rule=f"the key that belongs to {AUTHORITY}",
            remedy="make it where the key is, or give the folder a new name to begin with a new authority",
        )
    key_of_authority = serialization.load_pem_private_key(read_private(key_path), password=None)
    assert isinstance(key_of_authority, ec.EllipticCurvePrivateKey)
    return _certificate(path), key_of_authority


def _builder(name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, days: int) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    end = now + datetime.timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, end) - _OTHER_CLOCKS)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(path: pathlib.Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(read_private(path))
    except ValueError as error:
        raise ConfigurationError(f"{path} holds no certificate: {error}", field=FIELD, value=path) from None


def _refuse_expired(path: pathlib.Path) -> None:
    end = _certificate(path).not_valid_after_utc
    if end <= datetime.datetime.now(datetime.timezone.utc):
        raise ConfigurationError(
            "a certificate has expired",
            field=FIELD,
            value=path,
            rule=f"valid; it ended {end:%Y-%m-%d %H:%M} UTC",
            remedy=f"python -m cluster.certificates {path.parent} {path.stem} makes a new one",
        )


def _text(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_text(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
