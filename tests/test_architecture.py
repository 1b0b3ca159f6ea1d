"""The house stands: imports go down, ray stays in its shells, packages are whole, files are short."""

from __future__ import annotations

import functools
import pathlib
import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.architecture import (
    FLOORS,
    ROOF,
    SHARED_WORDS,
    folders_without_init,
    imports,
    imports_of_the_house,
    misplaced_ray,
    missing_docstring,
    too_long,
    upward_imports,
)

ROOT = pathlib.Path(__file__).parent.parent
Check = Callable[[str, str], list[str]]

LONG_WITH_REASON: dict[str, str] = {}


@functools.cache
def sources() -> dict[str, str]:
    """Every module of the house by its path from the root."""
    paths = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")]
    return {str(path.relative_to(ROOT)): path.read_text() for path in sorted([*paths, ROOT / f"{ROOF}.py"])}


def test_the_house_has_all_its_floors() -> None:
    assert {path.split("/")[0] for path in sources()} == {*FLOORS, f"{ROOF}.py"}


CHECKS: list[tuple[str, Check]] = [
    ("imports run downwards", upward_imports),
    ("ray is imported only by its shells, the edges and the cluster", misplaced_ray),
    ("every public module says what it is", missing_docstring),
]


@pytest.mark.parametrize("check", [check for _, check in CHECKS], ids=[name for name, _ in CHECKS])
def test_every_module_keeps_the_rule(check: Check) -> None:
    assert [fault for path, source in sources().items() for fault in check(source, path)] == []


def test_no_file_is_longer_than_400_lines_unless_it_has_earned_it() -> None:
    long = {path for path, source in sources().items() if too_long(source, path)}
    assert long - LONG_WITH_REASON.keys() == set()
    assert LONG_WITH_REASON.keys() <= long, "a file that is short again needs no reason"


@pytest.mark.parametrize("word", sorted(SHARED_WORDS))
def test_what_every_floor_may_import_imports_nothing_of_the_house(word: str) -> None:
    path = f"{word.replace('.', '/')}.py"
    assert imports_of_the_house(sources()[path], path) == []


def test_every_folder_with_modules_is_a_package() -> None:
    assert folders_without_init(list(sources())) == []


def test_no_module_is_kept_out_of_the_repository() -> None:
    """Common ignore templates drop ``env/``."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
    )
    assert set(sources()) - set(listed.stdout.splitlines()) == set()


UPWARD = [
    ("import cluster.up", "actors/oms/gate.py", ["actors/oms/gate.py:1 imports cluster.up"]),
    ("from env.exchange import paper", "actors/market/shard.py", ["actors/market/shard.py:1 imports env.exchange"]),
    ("def f():\n    from training import har", "env/x.py", ["env/x.py:2 imports training"]),
    ("if TYPE_CHECKING:\n    import serve_apps", "training/x.py", ["training/x.py:2 imports serve_apps"]),
    ("import importlib\nimportlib.import_module('cluster.up')", "actors/x.py", ["actors/x.py:2 imports cluster.up"]),
    ("import alphamind", "cluster/x.py", ["cluster/x.py:1 imports alphamind"]),
    ("import actors.wire", "configs/x.py", ["configs/x.py:1 imports actors.wire"]),
    ("from actors.errors import InputError", "configs/x.py", []),
    ("import cluster.up, serve_apps.api", "alphamind.py", []),
    ("from actors.wire import WireClient\nimport configs", "env/x.py", []),
    ("from .gate import Gate", "actors/oms/service.py", []),
    ("from ..market import ticks", "actors/oms/service.py", []),
    ("import numpy, actorsless", "configs/x.py", []),
]


@pytest.mark.parametrize(("source", "path", "faults"), UPWARD, ids=[case[0][:40] for case in UPWARD])
def test_an_import_that_goes_up_is_found(source: str, path: str, faults: list[str]) -> None:
    assert upward_imports(source, path) == faults


RAY = [
    ("import ray", "actors/oms/service.py", False),
    ("from ray import serve", "actors/oms/service.py", False),
    ("def f():\n    import ray.util.metrics", "env/exchange/paper.py", False),
    ("__import__('ray')", "training/x.py", False),
    ("import ray", "actors/oms/actor.py", True),
    ("import ray", "actors/runtime.py", True),
    ("import ray", "training/tune_ray.py", True),
    ("from ray import serve", "serve_apps/api/deployment.py", True),
    ("import ray", "cluster/up.py", True),
    ("import rayon", "actors/oms/service.py", True),
]


@pytest.mark.parametrize(("source", "path", "fine"), RAY, ids=[f"{case[1]}: {case[0][:24]}" for case in RAY])
def test_ray_is_found_where_it_should_not_be(source: str, path: str, fine: bool) -> None:
    assert (misplaced_ray(source, path) == []) is fine


def test_relative_imports_are_resolved() -> None:
    found = [module for module, _ in imports("from . import a\nfrom .b import c\nfrom ..d import e", "actors/oms/x.py")]
    assert found == ["actors.oms.a", "actors.oms.b", "actors.d"]


@pytest.mark.parametrize(
    ("source", "path", "fine"),
    [
        ("x = 1", "actors/x.py", False),
        ("", "actors/oms/__init__.py", False),
        ('"""Says it."""', "actors/x.py", True),
        ("x = 1", "actors/_x.py", True),
        ("x = 1", "actors/_hidden/x.py", True),
    ],
)
def test_a_public_module_without_a_docstring_is_found(source: str, path: str, fine: bool) -> None:
    assert (missing_docstring(source, path) == []) is fine


def test_a_file_of_401_lines_is_found() -> None:
    assert too_long("x\n" * 400, "actors/x.py") == []
    assert too_long("x\n" * 401, "actors/x.py") == ["actors/x.py has 401 lines"]


def test_a_folder_that_is_no_package_is_found() -> None:
    paths = ["env/__init__.py", "env/exchange/paper.py", "alphamind.py"]
    assert folders_without_init(paths) == ["env/exchange has no __init__.py"]
    assert folders_without_init([*paths, "env/exchange/__init__.py"]) == []
