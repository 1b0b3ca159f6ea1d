import pytest

from actors.wire import tls
from actors.wire.certificates import ensure_identity
from cluster.certificates import main


def test_every_actor_and_the_api_get_a_certificate_and_the_authoritys_key_stays_apart(tmp_path):
    (tmp_path / "own.yaml").write_text("market: {shards: 2}\noms: {shards: 3}")
    folder = tmp_path / "certificates"
    assert main([str(folder), "-c", str(tmp_path / "own.yaml")]) == 0
    names = ["market-0", "market-1", "venue", "oms-0", "oms-1", "oms-2", "portfolio", "risk", "strategy", "feed", "api"]
    assert {path.name for path in folder.glob("*.pem")} == {"authority.pem", *(f"{name}.pem" for name in names)}
    for name in names:
        tls.server_context(ensure_identity(folder, name, make=False))
    assert (folder / "authority" / "key.pem").exists()


def test_a_second_call_renews_by_the_same_authority(tmp_path):
    assert main([str(tmp_path / "c"), "oms-0", "--days", "-1"]) == 0
    authority = (tmp_path / "c" / "authority.pem").read_bytes()
    assert main([str(tmp_path / "c"), "oms-0", "desk"]) == 0
    assert (tmp_path / "c" / "authority.pem").read_bytes() == authority
    assert [ensure_identity(tmp_path / "c", name, make=False).name for name in ("oms-0", "desk")] == ["oms-0", "desk"]


def test_what_can_not_be_done_is_told_in_words(tmp_path, capsys):
    assert main([str(tmp_path / "c"), "oms-0"]) == 0
    (tmp_path / "c" / "authority" / "key.pem").unlink()
    assert main([str(tmp_path / "c"), "oms-1"]) == 2
    assert "the authority's key is not here" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["x", "--days", "soon"]])
def test_wrong_arguments_are_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
