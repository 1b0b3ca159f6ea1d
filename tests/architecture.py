"""Reads the source as a syntax tree and names what breaks the rules of the house."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator
from typing import NamedTuple

FLOORS = ("configs", "actors", "env", "training", "serve_apps", "cluster")
"""Top-level packages from the ground up: a package imports from its own floor and from those below it."""

ROOF = "alphamind"
"""The module that hands names on: it stands above all floors, and nothing below imports it."""

SHARED_WORDS = {"actors.errors"}
"""Modules that every floor may import, the ground floor included; they import nothing of the house themselves."""

RAY_FOLDERS = ("serve_apps/", "cluster/")
RAY_FILES = ("actors/runtime.py",)
MAXIMUM_LINES = 400


class Import(NamedTuple):
    """One imported module and the line that imports it."""

    module: str
    line: int


def imports(source: str, path: str) -> Iterator[Import]:
    """Yield every module that a file imports, wherever in the file; relative imports are resolved."""
    package = path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(ast.parse(source, path)):
        if isinstance(node, ast.Import):
            yield from (Import(name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*parents, *([node.module] if node.module else [])])
            if node.level and not node.module:
                yield from (Import(f"{module}.{name.name}", node.lineno) for name in node.names)
            else:
                yield Import(module, node.lineno)
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__") and node.args:
            if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                yield Import(node.args[0].value, node.lineno)


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def upward_imports(source: str, path: str) -> list[str]:
    """Return the imports of a file that go up."""
    own = _height(path.split("/")[0].removesuffix(".py"))
    return [
        f"{path}:{line} imports {module}"
        for module, line in imports(source, path)
        if _height(module.split(".")[0]) > own and module not in SHARED_WORDS
    ]


def _height(name: str) -> int:
    if name == ROOF:
        return len(FLOORS)
    return FLOORS.index(name) if name in FLOORS else -1


def imports_of_the_house(source: str, path: str) -> list[str]:
    """Return every import of a package of the house."""
    return [
        f"{path}:{line} imports {module}"
        for module, line in imports(source, path)
        if _height(module.split(".")[0]) >= 0
    ]


def misplaced_ray(source: str, path: str) -> list[str]:
    """Return the imports of ray in a file that may not import it."""
    name = path.rsplit("/", 1)[-1]
    allowed = path in RAY_FILES or path.startswith(RAY_FOLDERS) or name == "actor.py" or name.endswith("_ray.py")
    found = [
        f"{path}:{line} imports {module}" for module, line in imports(source, path) if module.split(".")[0] == "ray"
    ]
    return [] if allowed else found


def missing_docstring(source: str, path: str) -> list[str]:
    """Return the file where it is public and has no docstring."""
    public = all(not part.startswith("_") or part == "__init__.py" for part in path.split("/"))
    return [f"{path} has no docstring"] if public and not ast.get_docstring(ast.parse(source, path)) else []


def too_long(source: str, path: str) -> list[str]:
    """Return the file where it has more than ``MAXIMUM_LINES`` lines."""
    lines = len(source.splitlines())
    return [f"{path} has {lines} lines"] if lines > MAXIMUM_LINES else []


def folders_without_init(paths: list[str]) -> list[str]:
    """Return the folders on a floor that hold modules and are no package."""
    folders = {str(pathlib.PurePosixPath(path).parent) for path in paths if path.split("/")[0] in FLOORS}
    return [f"{folder} has no __init__.py" for folder in sorted(folders) if f"{folder}/__init__.py" not in paths]
