"""What a RayCluster has to satisfy beyond its shape: the operator's own rules, and the schema's CEL rules.

The rules are those that the KubeRay operator (1.7) enforces when it reconciles a cluster; each is one function of the
manifest that names what breaks it.
"""

from __future__ import annotations

import copy
import json
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import celpy
import celpy.celtypes
import pytest

Manifest = dict[str, Any]
SCHEMAS = pathlib.Path(
    os.environ.get("ALPHAMIND_KUBERAY_CRDS", pathlib.Path(__file__).parent.parent.parent / "shared" / "kuberay-crds")
)
RESOURCE_PARAMETERS = {"num-cpus", "num-gpus", "memory", "resources"}


def schema_of(kind: str) -> Manifest:
    """Return the OpenAPI schema of a v1 resource, or skip the test that asked."""
    path = SCHEMAS / f"{kind.lower()}.v1.json"
    if not path.exists():
        pytest.skip(
            f"no schema {path.name}; set ALPHAMIND_KUBERAY_CRDS to the folder that holds KubeRay's CRDs as JSON"
        )
    definition: Manifest = json.loads(path.read_text())
    (version,) = (version for version in definition["spec"]["versions"] if version["name"] == "v1")
    found: Manifest = version["schema"]["openAPIV3Schema"]
    return found


def strict(schema: Any) -> Any:
    """Return the schema with unknown fields forbidden, which Kubernetes would drop without a word."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        closed.setdefault("additionalProperties", False)
    return closed


def cel_rules(schema: Manifest, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield every ``x-kubernetes-validations`` rule as (path of properties, rule, message)."""
    for rule in schema.get("x-kubernetes-validations", ()):
        yield path, rule["rule"], rule["message"]
    for name, part in schema.get("properties", {}).items():
        yield from cel_rules(part, (*path, name))


def cel_faults(schema: Manifest, manifest: Manifest, before: Manifest | None = None) -> list[str]:
    """Return the messages of the CEL rules that a manifest breaks; ``before`` is what it replaces, if anything."""
    faults = []
    environment = celpy.Environment()
    for path, rule, message in cel_rules(schema):
        value, old = _at(manifest, path), _at(before or {}, path)
        if value is None or ("oldSelf" in rule and old is None):
            continue
        program = environment.program(environment.compile(rule))
        names = {"self": celpy.json_to_cel(value)} | ({} if old is None else {"oldSelf": celpy.json_to_cel(old)})
        if not program.evaluate(names):
            faults.append(message)
    return faults


def _at(manifest: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = manifest
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def groups(manifest: Manifest) -> list[Manifest]:
    """Return the head group and the worker groups."""
    return [manifest["spec"]["headGroupSpec"], *manifest["spec"].get("workerGroupSpecs", [])]


def _containers(manifest: Manifest) -> Iterator[Manifest]:
    for group in groups(manifest):
        pod = group["template"]["spec"]
        yield from (*pod.get("initContainers", ()), *pod["containers"])


def _replicas(manifest: Manifest) -> Iterator[str]:
    for group in manifest["spec"].get("workerGroupSpecs", []):
        low, high = group.get("minReplicas", 0), group.get("maxReplicas", 2**31 - 1)
        if not 0 <= low <= high:
            yield f"{group['groupName']}: minReplicas {low} exceeds maxReplicas {high}"
        elif not low <= group.get("replicas", low) <= high:
            yield f"{group['groupName']}: replicas {group['replicas']} not from {low} to {high}"


def _group_names(manifest: Manifest) -> Iterator[str]:
    names = [group["groupName"] for group in manifest["spec"].get("workerGroupSpecs", [])]
    yield from (f"group {name} occurs twice" for name in sorted({name for name in names if names.count(name) > 1}))


def _restart_policy(manifest: Manifest) -> Iterator[str]:
    if manifest["spec"].get("autoscalerOptions", {}).get("version") == "v2":
        for group in groups(manifest):
            policy = group["template"]["spec"].get("restartPolicy", "Never")
            if policy != "Never":
                yield f"{group.get('groupName', 'head')}: restartPolicy {policy} under autoscaler v2"


def _resources_once(manifest: Manifest) -> Iterator[str]:
    for group in groups(manifest):
        twice = RESOURCE_PARAMETERS & set(group.get("rayStartParams", {}))
        if group.get("resources") and twice:
            yield f"{group.get('groupName', 'head')}: resources both as a field and as {', '.join(sorted(twice))}"


def _redis_address(manifest: Manifest) -> Iterator[str]:
    for container in _containers(manifest):
        if any(variable["name"] == "RAY_REDIS_ADDRESS" for variable in container.get("env", ())):
            yield f"{container['name']}: RAY_REDIS_ADDRESS in env; gcsFaultToleranceOptions says it"


def _redis_options(manifest: Manifest) -> Iterator[str]:
    annotated = manifest["metadata"].get("annotations", {}).get("ray.io/ft-enabled")
    options = manifest["spec"].get("gcsFaultToleranceOptions")
    if options and annotated == "false":
        yield "gcsFaultToleranceOptions and the annotation ray.io/ft-enabled contradict each other"
    if options and "redis-password" in manifest["spec"]["headGroupSpec"].get("rayStartParams", {}):
        yield "redis-password in rayStartParams; gcsFaultToleranceOptions says it"


def _autoscaler(manifest: Manifest) -> Iterator[str]:
    if manifest["spec"].get("autoscalerOptions") and not manifest["spec"].get("enableInTreeAutoscaling"):
        yield "autoscalerOptions without enableInTreeAutoscaling"


def _containers_present(manifest: Manifest) -> Iterator[str]:
    for group in groups(manifest):
        if not group["template"]["spec"].get("containers"):
            yield f"{group.get('groupName', 'head')}: no container"


OPERATOR_RULES: tuple[Callable[[Manifest], Iterator[str]], ...] = (
    _containers_present,
    _replicas,
    _group_names,
    _restart_policy,
    _resources_once,
    _redis_address,
    _redis_options,
    _autoscaler,
)


def operator_faults(manifest: Manifest) -> list[str]:
    """Return what the operator would refuse."""
    return [fault for rule in OPERATOR_RULES for fault in rule(manifest)]


def changed(manifest: Manifest, path: str, value: Any) -> Manifest:
    """Return a copy with the value at a path such as ``spec.workerGroupSpecs.0.replicas`` replaced."""
    copied = copy.deepcopy(manifest)
    place: Any = copied
    *steps, last = path.split(".")
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return copied


def mebibytes(quantity: str) -> float:
    """Return a Kubernetes quantity of memory in MiB."""
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "": 1}
    suffix = quantity.lstrip("0123456789.")
    return float(quantity.removesuffix(suffix)) * units[suffix] / 2**20


def cores(quantity: str) -> float:
    """Return a Kubernetes quantity of CPU in cores."""
    return float(quantity.removesuffix("m")) / (1000 if quantity.endswith("m") else 1)
