"""Every command and file that the README names is there."""

import pathlib
import re

from typer.main import get_command

from cluster.cli import app

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", README))
    assert named and named <= targets


def test_every_alphamind_command_and_option_exists():
    commands = get_command(app).commands
    named = re.findall(r"(?:^|`|/)alphamind ([a-z]+)((?: [^`\n#|]*)?)", README, re.MULTILINE)
    assert {name for name, _ in named} >= {"up", "status", "down", "submit", "config"}
    for name, rest in named:
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest.split(" -- ")[0])) <= options, (name, rest)


def test_every_named_module_is_there():
    for module in re.findall(r"python -m ([\w.]+)", README):
        assert (ROOT / (module.replace(".", "/") + ".py")).exists(), module


def test_every_named_file_and_folder_is_there():
    named = re.findall(r"`((?:actors|cluster|configs|env|serve_apps|training|tests)/[\w/.]*|[\w-]+\.yaml)`", README)
    assert named
    for path in named:
        assert (ROOT / path).exists(), path


def test_the_strategy_of_the_readme_runs(tmp_path):
    from actors.strategy.loading import build, load_class

    code = re.search(r"# reversion.py\n(.*?)```", README, re.DOTALL)[1]
    (tmp_path / "reversion.py").write_text(code)
    assert build(load_class(f"{tmp_path}/reversion.py:Reversion"), {"length": 5}).length == 5


def test_no_placeholder_is_left():
    assert not re.search(r"\b(TODO|TBD|MEASURED|XXX)\b", README)
