import ssl
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from actors.errors import ConfigurationError
from actors.wire import Identity, tls
from actors.wire.certificates import ensure_identity, make_certificate


def refused(folder, name="oms-0", make=False):
    with pytest.raises(ConfigurationError) as caught:
        ensure_identity(folder, name, make)
    return caught.value


def test_what_is_missing_is_made_in_private_files(tmp_path):
    folder = tmp_path / "run" / "certificates"
    identity = ensure_identity(folder, "oms-0", make=True)
    assert identity == Identity("oms-0", folder / "authority.pem", folder / "oms-0.pem")
    modes = {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert modes.pop("authority") == 0o700 and stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert set(modes) == {"authority.pem", "authority/key.pem", "oms-0.pem", ".lock"} and set(modes.values()) == {0o600}
    assert isinstance(tls.server_context(identity), ssl.SSLContext)


def test_what_is_there_is_kept_and_what_is_about_to_expire_is_made_anew_by_the_same_authority(tmp_path):
    first = ensure_identity(tmp_path / "c", "oms-0", make=True)
    before = first.certificate.read_bytes(), first.authority.read_bytes()
    assert ensure_identity(tmp_path / "c", "oms-0", make=True) == first
    assert (first.certificate.read_bytes(), first.authority.read_bytes()) == before
    make_certificate(tmp_path / "c", "oms-0", days=3)
    soon = first.certificate.read_bytes()
    ensure_identity(tmp_path / "c", "oms-0", make=True)
    assert first.certificate.read_bytes() not in (soon, before[0]) and first.authority.read_bytes() == before[1]


def test_actors_that_start_at_the_same_time_make_one_authority(tmp_path):
    names = [f"oms-{shard}" for shard in range(8)]
    with ThreadPoolExecutor(8) as pool:
        identities = list(pool.map(lambda name: ensure_identity(tmp_path / "c", name, make=True), names))
    for identity in identities:
        tls.client_context(identity)
    assert len(list((tmp_path / "c").glob("*.pem"))) == 9


def test_where_nothing_is_made_what_is_missing_is_named_with_the_command_that_makes_it(tmp_path):
    error = refused(tmp_path / "c")
    assert (error.field, error.value) == ("security.certificates", tmp_path / "c" / "authority.pem")
    assert f"python -m cluster.certificates {tmp_path / 'c'}" in error.remedy
    assert not (tmp_path / "c").exists()
    make_certificate(tmp_path / "c", "market-0")
    assert refused(tmp_path / "c").value == tmp_path / "c" / "oms-0.pem"


def test_what_has_expired_is_refused_before_anybody_connects(tmp_path):
    make_certificate(tmp_path / "c", "oms-0", days=-1)
    error = refused(tmp_path / "c")
    assert "expired" in error.message and str(error.value).endswith("oms-0.pem")


@pytest.mark.parametrize("name", ["oms-0.pem", "authority.pem"])
def test_a_file_that_others_may_read_is_refused(tmp_path, name):
    make_certificate(tmp_path / "c", "oms-0")
    (tmp_path / "c" / name).chmod(0o644)
    assert "open to others" in refused(tmp_path / "c").message


def test_a_folder_that_others_may_open_is_refused(tmp_path):
    make_certificate(tmp_path / "c", "oms-0")
    (tmp_path / "c").chmod(0o755)
    assert refused(tmp_path / "c").remedy == f"chmod 700 {tmp_path / 'c'}"


def test_without_the_authoritys_key_no_certificate_is_made(tmp_path):
    make_certificate(tmp_path / "c", "oms-0")
    (tmp_path / "c" / "authority" / "key.pem").unlink()
    assert ensure_identity(tmp_path / "c", "oms-0", make=True).name == "oms-0"
    assert "the authority's key is not here" in refused(tmp_path / "c", "oms-1", make=True).message


@pytest.mark.parametrize("name", ["oms-0.pem", "authority.pem"])
def test_a_file_that_holds_no_certificate_is_named(tmp_path, name):
    make_certificate(tmp_path / "c", "oms-0")
    (tmp_path / "c" / name).write_text("nonsense")
    assert "holds no certificate" in refused(tmp_path / "c").message


def test_a_certificate_without_its_key_is_named(tmp_path):
    make_certificate(tmp_path / "c", "oms-0")
    identity = ensure_identity(tmp_path / "c", "oms-0", make=False)
    text = identity.certificate.read_text()
    identity.certificate.write_text(text[text.index("-----BEGIN CERTIFICATE") :])
    for make in (tls.server_context, tls.client_context):
        with pytest.raises(ConfigurationError, match="the certificate of oms-0 can't be used"):
            make(identity)
