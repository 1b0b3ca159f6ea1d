"""What may be submitted as a job."""

import pytest

from actors.errors import Conflict, InputError, NotFound
from cluster.submit import check_script, submit_job
from configs import load


def test_a_script_in_a_folder_of_its_own_passes(tmp_path):
    script = tmp_path / "job.py"
    script.write_text("")
    (tmp_path / "environment").mkdir()
    assert check_script(script) == script


@pytest.mark.parametrize("module", ["__init__.py", "pyvenv.cfg"])
@pytest.mark.parametrize("name", ["actors", "env", "training", "cluster"])
def test_a_folder_that_would_hide_one_of_our_packages_is_refused_by_name(tmp_path, name, module):
    script = tmp_path / "job.py"
    script.write_text("")
    (tmp_path / name).mkdir()
    (tmp_path / name / module).write_text("")
    with pytest.raises(Conflict) as refused:
        check_script(script)
    assert refused.value.code == "PACKAGE_HIDDEN"
    assert str(refused.value.value).endswith(name)
    assert "rename" in refused.value.remedy


def test_a_module_that_would_hide_one_of_ours_is_refused_too(tmp_path):
    script = tmp_path / "job.py"
    script.write_text("")
    (tmp_path / "alphamind.py").write_text("")
    with pytest.raises(Conflict, match="alphamind.py"):
        check_script(script)


@pytest.mark.parametrize("name", ["missing.py", "folder", "notes.txt"])
def test_what_is_not_a_python_file_is_refused(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(InputError, match="no such script"):
        check_script(tmp_path / name)


def test_submitting_while_nothing_is_up_says_so(tmp_path):
    script = tmp_path / "job.py"
    script.write_text("")
    with pytest.raises(NotFound, match="nothing is up"):
        submit_job(load(overrides=[f"run.home={tmp_path}"]), script, [], None)
