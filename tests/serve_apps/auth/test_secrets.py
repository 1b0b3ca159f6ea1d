import asyncio
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from actors.errors import ConfigurationError, Conflict
from configs.schema import Configuration, RunSection, SecuritySection
from serve_apps.auth.__main__ import main
from serve_apps.auth.clients import Clients
from serve_apps.auth.scopes import SCOPES
from serve_apps.auth.secrets import add_client, ensure_secrets, secrets_folder


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def authenticate(secrets, client_id, secret):
    return asyncio.run(Clients(secrets.clients).authenticate(client_id, secret))


def test_the_first_start_makes_a_key_and_a_client_in_private_files(tmp_path):
    folder = tmp_path / "home" / "secrets"
    secrets = ensure_secrets(folder, "local")
    assert mode(folder) == 0o700
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    note = yaml.safe_load((folder / "first-client.yaml").read_text())
    client = authenticate(secrets, note["client_id"], note["client_secret"])
    assert client.id == "local-admin" and client.scopes == set(SCOPES) and client.portfolios is None
    assert note["client_secret"] not in (folder / "clients.yaml").read_text()


def test_the_second_start_changes_nothing(tmp_path):
    first = ensure_secrets(tmp_path / "secrets", "local")
    before = {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()}
    second = ensure_secrets(tmp_path / "secrets", "local")
    assert second.signing_key.key_id == first.signing_key.key_id and second.clients == first.clients
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()}


def test_starts_at_the_same_time_make_one_key(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: ensure_secrets(tmp_path / "secrets", "local"), range(4)))
    assert len({secrets.signing_key.key_id for secrets in made}) == 1
    assert len({secrets.clients for secrets in made}) == 1


@pytest.mark.parametrize("profile", ["services", "cluster"])
def test_elsewhere_missing_secrets_stop_the_start_and_nothing_is_made(tmp_path, profile):
    with pytest.raises(ConfigurationError) as caught:
        ensure_secrets(tmp_path / "secrets", profile)
    assert "signing-key.pem and clients.yaml" in str(caught.value)
    assert f"python -m serve_apps.auth {tmp_path / 'secrets'}" in caught.value.remedy
    assert not (tmp_path / "secrets").exists()


def test_elsewhere_secrets_that_are_there_are_used(tmp_path):
    secret = add_client(tmp_path / "secrets", "desk-1", ["read:risk"], ["fund-1"])
    secrets = ensure_secrets(tmp_path / "secrets", "cluster")
    client = authenticate(secrets, "desk-1", secret)
    assert (client.scopes, client.portfolios) == ({"read:risk"}, {"fund-1"})
    assert not (tmp_path / "secrets" / "first-client.yaml").exists()


def test_a_client_id_is_given_once(tmp_path):
    add_client(tmp_path, "desk-1", ["read:risk"])
    add_client(tmp_path, "desk-2", ["read:risk"])
    with pytest.raises(Conflict):
        add_client(tmp_path, "desk-1", ["read:risk"])


@pytest.mark.parametrize("name", ["signing-key.pem", "clients.yaml"])
@pytest.mark.parametrize("open_to", [0o640, 0o604, 0o620, 0o644, 0o660])
def test_a_file_that_others_can_open_is_refused_with_the_chmod_to_do(tmp_path, name, open_to):
    folder = tmp_path / "secrets"
    ensure_secrets(folder, "local")
    (folder / name).chmod(open_to)
    with pytest.raises(ConfigurationError) as caught:
        ensure_secrets(folder, "local")
    assert caught.value.remedy == f"chmod 600 {folder / name}"


def test_a_folder_that_others_can_open_is_refused(tmp_path):
    folder = tmp_path / "secrets"
    ensure_secrets(folder, "local")
    folder.chmod(0o755)
    with pytest.raises(ConfigurationError, match="chmod 700"):
        ensure_secrets(folder, "local")


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("", None),
        ("{", None),
        ("\xff\xfe", None),
        ("[]", None),
        ("clients: 1", None),
        ("clients: []\nmore: 1", None),
        ("clients: [1]", "clients.0"),
        ("clients: [{id: a, secret_hash: '$argon2id$x', scopes: [nothing]}]", "clients.0.scopes"),
        ("clients: [{id: a, secret_hash: '$argon2id$x', scopes: [], scope: 1}]", "clients.0.scope"),
        ("clients: [{id: a, secret_hash: plain, scopes: []}]", "clients.0.secret_hash"),
        (
            "clients: [&a {id: a, secret_hash: '$argon2id$x', scopes: []}, *a]",
            "clients",
        ),
    ],
)
def test_a_wrong_clients_file_is_refused_by_name_and_shows_no_hash(tmp_path, content, field):
    ensure_secrets(tmp_path / "secrets", "local")
    path = tmp_path / "secrets" / "clients.yaml"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigurationError) as caught:
        ensure_secrets(tmp_path / "secrets", "local")
    assert str(path) in str(caught.value)
    assert field is None or caught.value.field == field
    assert "argon2id$x" not in str(caught.value) and "plain" not in str(caught.value)


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "secrets").write_text("")
    with pytest.raises(ConfigurationError, match="folder of secrets"):
        ensure_secrets(tmp_path / "secrets", "local")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    ensure_secrets(tmp_path / "secrets", "local")
    (tmp_path / "secrets" / "clients.yaml").unlink()
    (tmp_path / "secrets" / "clients.yaml").mkdir(mode=0o700)
    with pytest.raises(ConfigurationError, match="can't read"):
        ensure_secrets(tmp_path / "secrets", "local")


def test_the_folder_is_the_configured_one_or_in_the_home(tmp_path):
    run = RunSection(home=tmp_path)
    assert secrets_folder(Configuration(run=run)) == tmp_path / "secrets"
    configured = Configuration(run=run, security=SecuritySection(secrets=tmp_path / "elsewhere"))
    assert secrets_folder(configured) == tmp_path / "elsewhere"


def test_the_command_adds_a_client_and_prints_its_secret_once(tmp_path, capsys):
    assert main([str(tmp_path / "s"), "desk-1", "--scope", "read:risk", "--portfolio", "main"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    client = authenticate(ensure_secrets(tmp_path / "s", "cluster"), printed["client_id"], printed["client_secret"])
    assert (client.scopes, client.portfolios) == ({"read:risk"}, {"main"})
    assert main([str(tmp_path / "s"), "desk-1"]) == 2
    assert "exists" in capsys.readouterr().err


def test_the_command_refuses_an_id_that_is_not_valid(tmp_path, capsys):
    assert main([str(tmp_path / "s"), "a b"]) == 2
    assert not (tmp_path / "s" / "clients.yaml").exists()
