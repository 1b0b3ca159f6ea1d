"""Reads configuration: a shipped profile, then files, then environment and overrides; the later wins, key by key."""

from __future__ import annotations

import difflib
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import pydantic
import yaml

from actors.errors import ConfigurationError
from configs.schema import Configuration

PROFILES = ("local", "services", "cluster")
_FOLDER = pathlib.Path(__file__).parent
_ENVIRONMENT = {"ALPHAMIND_HOME": ("run", "home"), "ALPHAMIND_JOURNAL_DSN": ("journal", "dsn")}


def load(
    profile: str = "local",
    files: Sequence[pathlib.Path] = (),
    overrides: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """Return the validated configuration.

    Args:
        profile: ``local``, ``services`` or ``cluster``.
        files: YAML files that are laid over the profile, in order.
        overrides: ``section.key=value`` strings (the value is YAML), laid over everything else.
        environment: Environment variables; the process's own by default.

    Raises:
        ConfigurationError: Naming the file, the key, the value, the rule and, for an unknown key, the nearest valid one.
    """
    if profile not in PROFILES:
        raise ConfigurationError("unknown profile", field="profile", value=profile, rule=f"one of {', '.join(PROFILES)}")
    layers = [_read(_FOLDER / f"{profile}.yaml"), *(_read(path) for path in files)]
    environment = os.environ if environment is None else environment
    for variable, path in _ENVIRONMENT.items():
        if environment.get(variable):
            layers.append((variable, _nested(path, environment[variable])))
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals:
            raise ConfigurationError("unreadable override", field="--set", value=override, rule="section.key=value")
        layers.append((f"--set {key}", _nested(tuple(key.split(".")), yaml.safe_load(text))))
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


def _read(path: pathlib.Path) -> tuple[str, dict[str, Any]]:
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigurationError(f"can't read {path}: {error.strerror}", field="--config", value=path) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not YAML: {error}", field="--config", value=path) from None
    if not isinstance(content or {}, dict):
        raise ConfigurationError(f"{path} holds no sections", field="--config", value=path, rule="a mapping of sections")
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


def _explain(error: pydantic.ValidationError, origins: dict[str, str]) -> ConfigurationError:
    first = error.errors(include_url=False)[0]
    location = [str(part) for part in first["loc"]]
    path = ".".join(location)
    origin = next((origins[".".join(location[:n])] for n in range(len(location), 0, -1) if ".".join(location[:n]) in origins),
                  "the configuration")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        valid = _keys(location[:-1])
        near = difflib.get_close_matches(location[-1], valid, n=1, cutoff=0.5)
        return ConfigurationError(
            f"{origin}: unknown key {path}{more}",
            field=path,
            rule=f"one of {', '.join(valid)}",
            remedy=f"did you mean {'.'.join([*location[:-1], near[0]])}?" if near else "alphamind config show lists all keys",
        )
    value = "" if first["type"] == "missing" or isinstance(first["input"], dict) else first["input"]
    return ConfigurationError(f"{origin}: wrong value for {path or 'the whole'}{more}", field=path or None, value=value,
                              rule=first["msg"].removeprefix("Value error, "), remedy="alphamind config show")


def _keys(location: Sequence[str]) -> list[str]:
    model: Any = Configuration
    for part in location:
        if isinstance(model, type) and issubclass(model, pydantic.BaseModel):
            model = model.model_fields[part].annotation if part in model.model_fields else None
        else:
            arguments = [argument for argument in get_args(model) if isinstance(argument, type)]
            model = arguments[-1] if arguments else None
        nested = [argument for argument in get_args(model) if isinstance(argument, type) and issubclass(argument, pydantic.BaseModel)]
        model = nested[0] if nested else model
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, pydantic.BaseModel) else []
