"""Reads configuration: a shipped profile, then files, then environment and overrides; the later wins, key by key."""

from __future__ import annotations

import difflib
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pydantic
import yaml
from pydantic_core import ErrorDetails

from actors.errors import ConfigurationError
from configs.keys import MASK, is_secret, keys_of, valid_keys
from configs.schema import Configuration

PROFILES = ("local", "services", "cluster")
_FOLDER = pathlib.Path(__file__).parent
_ENVIRONMENT = {"ALPHAMIND_HOME": ("run", "home"), "ALPHAMIND_JOURNAL_DSN": ("journal", "dsn")}


def load(
    profile: str = "local",
    files: Sequence[pathlib.Path] = (),
    overrides: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
    beneath: Iterable[str] = (),
) -> Configuration:
    """Return the validated configuration.

    Args:
        profile: ``local``, ``services`` or ``cluster``.
        files: YAML files that are laid over the profile, in order.
        overrides: ``section.key=value`` strings (the value is YAML), laid over everything else.
        environment: Environment variables; the process's own by default.
        beneath: Overrides of the profile alone: files, environment and ``overrides`` win over them.

    Raises:
        ConfigurationError: Naming the file, the key, the value, the rule and, for an unknown key, the nearest.
    """
    if profile not in PROFILES:
        raise ConfigurationError(
            "unknown profile", field="profile", value=profile, rule=f"one of {', '.join(PROFILES)}"
        )
    layers = [*_profile_layers(profile), *map(_override, beneath), *(_read(path) for path in files)]
    environment = os.environ if environment is None else environment
    for variable, path in _ENVIRONMENT.items():
        if environment.get(variable):
            layers.append((variable, _nested(path, environment[variable])))
    layers += map(_override, overrides)
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, layer in layers:
        _merge(merged, layer, origins, origin)
    try:
        configuration = Configuration.model_validate(merged)
    except pydantic.ValidationError as error:
        raise _explain(error, origins) from None
    return configuration.model_copy(
        update={"run": configuration.run.model_copy(update={"home": configuration.run.home.expanduser().absolute()})}
    )


def render(configuration: Configuration) -> str:
    """Return the configuration as YAML; secrets are masked."""
    return yaml.safe_dump(configuration.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _profile_layers(profile: str) -> list[tuple[str, dict[str, Any]]]:
    """Return a shipped profile after the one that it extends, if it does: a file says ``extends: local`` at its top."""
    origin, content = _read(_FOLDER / f"{profile}.yaml")
    base = content.pop("extends", None)
    return [*(_profile_layers(base) if base else ()), (origin, content)]


def _override(override: str) -> tuple[str, dict[str, Any]]:
    key, equals, text = override.partition("=")
    if not equals or not all(key.split(".")):
        raise ConfigurationError("unreadable override", field="--set", value=override, rule="section.key=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(
            f"unreadable override: {error}", field="--set", value=override, rule="section.key=value, the value in YAML"
        ) from None
    return f"--set {key}", _nested(key.split("."), value)


def _read(path: pathlib.Path) -> tuple[str, dict[str, Any]]:
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigurationError(f"can't read {path}: {error.strerror}", field="--config", value=path) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not YAML: {error}", field="--config", value=path) from None
    if not isinstance(content or {}, dict):
        raise ConfigurationError(
            f"{path} holds no sections", field="--config", value=path, rule="a mapping of sections"
        )
    return str(path), content or {}


def _nested(path: Sequence[str], value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    return dict(value)


def _merge(into: dict[str, Any], layer: dict[str, Any], origins: dict[str, str], origin: str, prefix: str = "") -> None:
    for key, value in layer.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value, origins, origin, f"{path}.")
        else:
            into[key] = value
            origins[path] = origin


def _explain(error: pydantic.ValidationError, origins: Mapping[str, str]) -> ConfigurationError:
    """Return one problem of a configuration in its own terms: an unknown key where there is one, else the first.

    A misspelt key also shows as a missing one, so it is named first; a key with several alternatives is one problem.
    """
    problems: dict[str, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        problems.setdefault(".".join(str(part) for part in keys_of(detail["loc"])), []).append(detail)
    path, details = min(problems.items(), key=lambda problem: problem[1][0]["type"] != "extra_forbidden")
    parts = path.split(".") if path else []
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    origin = next((origins[prefix] for prefix in prefixes if prefix in origins), "the configuration")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    first = details[0]
    if first["type"] == "extra_forbidden":
        valid = valid_keys(first["loc"][:-1])
        near = difflib.get_close_matches(parts[-1], valid, n=1, cutoff=0.5)
        return ConfigurationError(
            f"{origin}: unknown key {path}{more}",
            field=path,
            rule=f"one of {', '.join(valid)}",
            remedy=(
                f"did you mean {'.'.join([*parts[:-1], near[0]])}?" if near else "alphamind config show lists all keys"
            ),
        )
    silent = first["type"] == "missing" or isinstance(first["input"], dict)
    value = None if silent else MASK if is_secret(first["loc"]) else first["input"]
    return ConfigurationError(
        f"{origin}: wrong value for {path or 'the whole'}{more}",
        field=path or None,
        value=value,
        rule="; or ".join(detail["msg"].removeprefix("Value error, ") for detail in details),
        remedy="alphamind config show",
    )
