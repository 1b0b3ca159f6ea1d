"""The embedded model registry: one file a version, each with the digest of its content.

``<root>/<model id>/<version>.json`` holds a version, ``<root>/<model id>/latest`` the alias. Versions are 1, 2, 3 and
so on.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
from typing import Any, NamedTuple

from actors.errors import AlphaMindError, InputError, NotFound
from training.models.har import HarModel
from training.models.model import VolatilityModel

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,47}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_KINDS = {"har": HarModel.from_description}


class ModelTampered(AlphaMindError):
    """A version's file is not what was saved: restore it from a copy, or remove it and fit again."""

    default_code = "MODEL_TAMPERED"


class ModelVersion(NamedTuple):
    """A model as it stands in the registry.

    Attributes:
        id: Model id.
        version: Its version.
        digest: SHA-256 of its canonical description, in hexadecimal.
        model: The model.
    """

    id: str
    version: str
    digest: str
    model: VolatilityModel


def digest(description: dict[str, Any]) -> str:
    """Return the SHA-256 of a model's description: the same for the same model, whatever its version."""
    text = json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class ModelRegistry:
    """Versions of models in a folder that has one writer.

    Args:
        root: The folder; made at the first save.
    """

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root

    def save(self, model_id: str, model: VolatilityModel) -> ModelVersion:
        """Keep a model as the newest version and point ``latest`` at it; the newest version itself is not kept twice.

        A crash leaves either all of the new version or nothing of it.

        Raises:
            InputError: The id can't name a folder.
        """
        description = model.describe()
        present = self.versions(model_id)
        if present:
            newest = self._read(model_id, present[-1])
            if newest["digest"] == digest(description):
                _replace(self._folder(model_id) / "latest", present[-1])
                return ModelVersion(model_id, present[-1], newest["digest"], model)
        version = str(int(present[-1]) + 1 if present else 1)
        content: dict[str, Any] = {
            "id": model_id,
            "version": version,
            "digest": digest(description),
            "model": description,
        }
        self._folder(model_id).mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(self._folder(model_id) / f"{version}.json", json.dumps(content, indent=1, allow_nan=False))
        _replace(self._folder(model_id) / "latest", version)
        return ModelVersion(model_id, version, content["digest"], model)

    def load(self, model_id: str, version: str = "latest") -> ModelVersion:
        """Return a version.

        Raises:
            NotFound: No such model or version; names those that there are.
            ModelTampered: Its content does not have its digest.
        """
        present = self.versions(model_id)
        if not present:
            raise NotFound(
                "no such model", field="model_id", value=model_id, rule=f"one of {', '.join(self.models()) or '(none)'}"
            )
        if version == "latest":
            alias = self._folder(model_id) / "latest"
            version = alias.read_text().strip() if alias.exists() else present[-1]
        if version not in present:
            raise NotFound(
                f"model {model_id} has no such version",
                field="version",
                value=version,
                rule=f"1 to {present[-1]} or latest",
            )
        content = self._read(model_id, version)
        model = _KINDS[content["model"]["kind"]](content["model"])
        return ModelVersion(model_id, version, content["digest"], model)

    def versions(self, model_id: str) -> list[str]:
        """Return the versions of a model, oldest first."""
        numbers = [path.stem for path in self._folder(model_id).glob("*.json") if _VERSION.fullmatch(path.stem)]
        return sorted(numbers, key=int)

    def models(self) -> list[str]:
        """Return the ids of all models that have a version, in alphabetical order."""
        folders = self.root.iterdir() if self.root.exists() else ()
        return sorted(folder.name for folder in folders if _ID.fullmatch(folder.name) and self.versions(folder.name))

    def _folder(self, model_id: str) -> pathlib.Path:
        if not _ID.fullmatch(model_id):
            raise InputError(
                "unusable model id",
                field="model_id",
                value=model_id,
                rule="letters, digits, _ . - and at most 48 of them",
            )
        return self.root / model_id

    def _read(self, model_id: str, version: str) -> dict[str, Any]:
        path = self._folder(model_id) / f"{version}.json"
        try:
            content: dict[str, Any] = json.loads(path.read_text())
            named = (content["id"], content["version"])
            whole = named == (model_id, version) and digest(content["model"]) == content["digest"]
            known = content["model"]["kind"] in _KINDS
        except (ValueError, KeyError, TypeError, OSError):
            whole = known = False
        if not (whole and known):
            raise ModelTampered(
                f"version {version} of model {model_id} is not what was saved",
                field="file",
                value=path,
                rule="the content that its digest was made of",
                remedy="restore the file from a copy, or remove it and fit again",
            )
        return content


def _replace(path: pathlib.Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
