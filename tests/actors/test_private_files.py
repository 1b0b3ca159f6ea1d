import pathlib
import stat

import pytest

from actors.errors import ConfigurationError
from actors.private_files import check_private, locked_folder, permission_error, read_private, write_private


@pytest.mark.parametrize(
    ("bits", "owner", "user", "remedy"),
    [
        (0o600, 1000, 1000, None),
        (0o400, 1000, 1000, None),
        (0o440, 1000, 1000, "chmod 600 x"),
        (0o600, 0, 0, None),
        (0o440, 0, 0, "chmod 600 x"),
        (0o440, 0, 1000, None),
        (0o444, 0, 1000, "chmod 600 x"),
        (0o460, 0, 1000, "chmod 600 x"),
        (0o600, 1001, 1000, "chown 1000 x"),
    ],
)
def test_only_the_owner_may_read_and_the_group_what_root_has_mounted(bits, owner, user, remedy):
    error = permission_error(pathlib.Path("x"), bits, owner, user, 0o600)
    assert (error and error.remedy) == remedy


def test_a_private_file_is_written_whole_and_for_its_owner_alone(tmp_path):
    with locked_folder(tmp_path / "secrets", "security.secrets"):
        write_private(tmp_path / "secrets" / "key", b"first")
        write_private(tmp_path / "secrets" / "key", b"second")
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "secrets" / "key").stat().st_mode) == 0o600
    assert read_private(tmp_path / "secrets" / "key") == b"second"
    check_private(tmp_path / "secrets", 0o700)


def test_a_private_file_that_others_may_read_is_not_read(tmp_path):
    write_private(tmp_path / "key", b"secret")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="open to others"):
        read_private(tmp_path / "key")


def test_a_folder_that_can_not_be_made_is_named_with_the_key_that_chose_it(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError) as caught, locked_folder(tmp_path / "file" / "secrets", "security.secrets"):
        pass
    assert (caught.value.field, caught.value.value) == ("security.secrets", tmp_path / "file" / "secrets")
