"""``ray-cluster.yaml`` is what Kubernetes and the KubeRay operator accept, and it carries the profile ``cluster``."""

from __future__ import annotations

import collections
import pathlib
import re
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from configs import load
from configs.schema import Configuration
from tests.kuberay import (
    Manifest,
    cel_faults,
    cel_rules,
    changed,
    cores,
    groups,
    mebibytes,
    operator_faults,
    schema_of,
    strict,
)

PATH = pathlib.Path(__file__).parent.parent / "ray-cluster.yaml"
MANIFEST: Manifest = yaml.safe_load(PATH.read_text())
SPEC = MANIFEST["spec"]
GROUPS = {group.get("groupName", "head"): group for group in groups(MANIFEST)}
PODS = {name: group["template"]["spec"] for name, group in GROUPS.items()}


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return load("cluster", environment={"ALPHAMIND_JOURNAL_DSN": "postgresql://database/journal"})


def ray_container(group: str) -> dict[str, Any]:
    container: dict[str, Any] = PODS[group]["containers"][0]
    return container


def test_it_is_one_ray_cluster_of_the_stable_version() -> None:
    (document,) = yaml.safe_load_all(PATH.read_text())
    assert (document["apiVersion"], document["kind"]) == ("ray.io/v1", "RayCluster")


def test_it_fits_the_operators_schema_without_an_unknown_field() -> None:
    schema = schema_of("RayCluster")
    jsonschema.Draft202012Validator(strict(schema)).validate(MANIFEST)
    assert cel_faults(schema, MANIFEST) == cel_faults(schema, MANIFEST, before=MANIFEST) == []


MISSHAPEN = [
    ("spec.headGroupSpce", {}),
    ("spec.workerGroupSpecs.0.minReplicas", "one"),
    ("spec.authOptions.mode", "password"),
    ("spec.upgradeStrategy.type", "Rolling"),
    ("spec.workerGroupSpecs.0.template.spec.containers.0.limits", {}),
]


@pytest.mark.parametrize(("path", "value"), MISSHAPEN, ids=[path for path, _ in MISSHAPEN])
def test_the_schema_finds_what_is_misshapen(path: str, value: object) -> None:
    validator = jsonschema.Draft202012Validator(strict(schema_of("RayCluster")))
    assert list(validator.iter_errors(changed(MANIFEST, path, value)))


def test_the_cel_rules_find_what_they_forbid() -> None:
    schema = schema_of("RayCluster")
    assert list(cel_rules(schema))
    assert cel_faults(schema, changed(MANIFEST, "spec.managedBy", "ray.io/kuberay-operator")) == []
    (fault,) = cel_faults(schema, changed(MANIFEST, "spec.managedBy", "somebody"))
    assert "managedBy" in fault
    redis, rocks = (changed(MANIFEST, "spec.gcsFaultToleranceOptions.backend", kind) for kind in ("redis", "rocksdb"))
    assert cel_faults(schema, rocks, before=rocks) == []
    assert cel_faults(schema, rocks, before=redis) == ["gcsFaultToleranceOptions.backend is immutable"]


def test_cel_rules_are_found_and_evaluated_wherever_they_stand() -> None:
    rule = {"rule": "self.size() < 3", "message": "too long"}
    schema = {"properties": {"spec": {"properties": {"name": {"type": "string", "x-kubernetes-validations": [rule]}}}}}
    assert cel_faults(schema, {"spec": {"name": "abc"}}) == ["too long"]
    assert cel_faults(schema, {"spec": {"name": "ab"}}) == cel_faults(schema, {"spec": {}}) == []


def test_the_operator_accepts_it() -> None:
    assert operator_faults(MANIFEST) == []


REFUSED = [
    ("spec.workerGroupSpecs.1.minReplicas", 9, "minReplicas 9 exceeds maxReplicas 8"),
    ("spec.workerGroupSpecs.1.minReplicas", -1, "exceeds"),
    ("spec.workerGroupSpecs.1.replicas", 9, "replicas 9 not from 1 to 8"),
    ("spec.workerGroupSpecs.1.groupName", "engine", "group engine occurs twice"),
    ("spec.headGroupSpec.template.spec.restartPolicy", "Always", "restartPolicy Always"),
    ("spec.workerGroupSpecs.0.template.spec.restartPolicy", "OnFailure", "restartPolicy OnFailure"),
    ("spec.headGroupSpec.resources", {"CPU": "0"}, "resources both as a field and as num-cpus"),
    ("spec.workerGroupSpecs.0.rayStartParams", {"num-cpus": "8"}, "resources both as a field and as num-cpus"),
    (
        "spec.headGroupSpec.template.spec.containers.0.env",
        [{"name": "RAY_REDIS_ADDRESS", "value": "redis:6379"}],
        "RAY_REDIS_ADDRESS",
    ),
    ("spec.headGroupSpec.rayStartParams.redis-password", "x", "redis-password"),
    ("metadata.annotations", {"ray.io/ft-enabled": "false"}, "contradict"),
    ("spec.enableInTreeAutoscaling", False, "autoscalerOptions without enableInTreeAutoscaling"),
    ("spec.workerGroupSpecs.2.template.spec.containers", [], "gpu: no container"),
]


@pytest.mark.parametrize(("path", "value", "fault"), REFUSED, ids=[f"{case[0]}={case[1]}"[:60] for case in REFUSED])
def test_the_operators_rules_find_what_it_refuses(path: str, value: object, fault: str) -> None:
    assert any(fault in found for found in operator_faults(changed(MANIFEST, path, value)))


@pytest.mark.parametrize("policy", [None, "Never"])
def test_the_restart_policies_that_autoscaler_v2_allows_are_let_through(policy: str | None) -> None:
    if policy is not None:
        assert operator_faults(changed(MANIFEST, "spec.headGroupSpec.template.spec.restartPolicy", policy)) == []
    assert all("restartPolicy" not in pod for pod in PODS.values())


@pytest.mark.parametrize("group", PODS)
def test_every_pod_is_one_that_kubernetes_accepts(group: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": PODS[group]}
    version = kubernetes_validate.latest_version()
    kubernetes_validate.validate(pod, version, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(changed(pod, "spec.containers.0.imagePullPolice", "Always"), version, strict=True)


def test_it_is_upgraded_by_hand_scaled_by_autoscaler_v2_and_asks_for_a_token() -> None:
    assert SPEC["upgradeStrategy"] == {"type": "None"}
    assert SPEC["enableInTreeAutoscaling"] is True
    assert SPEC["autoscalerOptions"]["version"] == "v2"
    assert SPEC["authOptions"] == {"mode": "token"}
    assert SPEC["rayVersion"] == "2.60.0"


def test_rays_control_state_outlives_the_head() -> None:
    options = SPEC["gcsFaultToleranceOptions"]
    assert options["redisAddress"].startswith("redis://")
    assert set(options["redisPassword"]["valueFrom"]["secretKeyRef"]) == {"name", "key"}


def test_the_groups_are_a_head_without_work_one_engine_cpus_and_gpus_from_zero() -> None:
    assert list(GROUPS) == ["head", "engine", "cpu", "gpu"]
    assert GROUPS["head"]["rayStartParams"]["num-cpus"] == "0"
    engine, cpu, gpu = (GROUPS[name] for name in ("engine", "cpu", "gpu"))
    assert engine["minReplicas"] == engine["replicas"] == engine["maxReplicas"] == 1
    assert float(engine["resources"]["engine"]) == 1
    assert 1 <= cpu["minReplicas"] < cpu["maxReplicas"]
    assert gpu["minReplicas"] == gpu["replicas"] == 0 < gpu["maxReplicas"]
    assert ray_container("gpu")["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert any(toleration["key"] == "nvidia.com/gpu" for toleration in PODS["gpu"]["tolerations"])


@pytest.mark.parametrize("group", PODS)
def test_every_container_is_confined_probed_and_limited(group: str) -> None:
    pod = PODS[group]
    assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        assert container["image"] == "alphamind/engine:0.1.0"
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        requests, limits = container["resources"]["requests"], container["resources"]["limits"]
        assert {"cpu", "memory"} <= set(requests) <= set(limits) | set(requests)
        assert requests["memory"] == limits["memory"]
    named = {port["name"] for port in ray_container(group)["ports"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert ray_container(group)[probe]["httpGet"]["port"] in named


def test_no_secret_stands_in_the_manifest() -> None:
    for pod in PODS.values():
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            for variable in container.get("env", ()):
                if re.search(r"DSN|PASSWORD|TOKEN|SECRET|KEY", variable["name"]):
                    assert "value" not in variable and "secretKeyRef" in variable["valueFrom"]
    assert not re.search(r"://[^\s/]*:[^\s/]*@", PATH.read_text())


def test_every_volume_that_is_mounted_exists_and_every_one_that_exists_is_mounted() -> None:
    for pod in PODS.values():
        containers = (*pod.get("initContainers", ()), *pod["containers"])
        mounted = {mount["name"] for container in containers for mount in container.get("volumeMounts", ())}
        assert mounted == {volume["name"] for volume in pod.get("volumes", ())}


def test_the_engine_has_what_the_profile_expects_of_it(configuration: Configuration) -> None:
    environment = {variable["name"]: variable for variable in ray_container("engine")["env"]}
    mounts = [mount["mountPath"] for mount in ray_container("engine")["volumeMounts"]]
    assert "secretKeyRef" in environment["ALPHAMIND_JOURNAL_DSN"]["valueFrom"]
    assert environment["ALPHAMIND_HOME"]["value"] in mounts
    secrets = configuration.security.secrets
    assert secrets is not None and str(secrets.parent) in mounts
    (prepare,) = PODS["engine"]["initContainers"]
    assert f"install -d -m 0700 {secrets}\n" in prepare["args"][0]
    certificates = configuration.security.certificates
    assert certificates is not None and str(certificates.parent) in mounts
    assert f"install -d -m 0700 {certificates}\n" in prepare["args"][0]
    ports = [port["containerPort"] for port in ray_container("engine")["ports"]]
    assert configuration.network.port in ports


def demand(configuration: Configuration, pinned: bool) -> collections.Counter[str]:
    """What the roles that are pinned to the engine (or those that are not) ask for together."""
    counts = {"market": configuration.market.shards, "oms": configuration.oms.shards}
    asked: collections.Counter[str] = collections.Counter()
    for role, placement in configuration.ray.placement.items():
        if ("engine" in placement.resources) is pinned:
            count = counts.get(role, 1)
            asked.update(cpus=placement.cpus * count, memory=placement.memory_mib * count)  # type: ignore[arg-type]
            asked.update({name: amount * count for name, amount in placement.resources.items()})  # type: ignore[misc]
    return asked


def test_what_the_engines_actors_ask_for_fits_its_group(configuration: Configuration) -> None:
    asked = demand(configuration, pinned=True)
    limits = ray_container("engine")["resources"]["limits"]
    assert 0 < asked["cpus"] <= float(GROUPS["engine"]["resources"]["CPU"]) <= cores(limits["cpu"])
    # Ray keeps 30% of a node's memory for its object store.
    assert 0 < asked["memory"] <= 0.7 * mebibytes(limits["memory"])
    assert 0 < asked["engine"] <= float(GROUPS["engine"]["resources"]["engine"])


def test_what_is_not_pinned_fits_the_smallest_group_of_cpus(configuration: Configuration) -> None:
    asked = demand(configuration, pinned=False)
    limits = ray_container("cpu")["resources"]["limits"]
    assert 0 < asked["cpus"] <= cores(limits["cpu"]) * GROUPS["cpu"]["minReplicas"]
    assert 0 < asked["memory"] <= 0.7 * mebibytes(limits["memory"]) * GROUPS["cpu"]["minReplicas"]


def test_nothing_asks_for_a_resource_that_no_group_has(configuration: Configuration) -> None:
    offered = {name for group in GROUPS.values() for name in group.get("resources", {})}
    wanted = {name for placement in configuration.ray.placement.values() for name in placement.resources}
    assert wanted <= offered


@pytest.mark.parametrize(
    ("quantity", "expected"), [("512Mi", 512), ("2Gi", 2048), ("1048576", 1), ("1.5Gi", 1536), ("1048576k", 1000)]
)
def test_quantities_of_memory_are_read_as_kubernetes_reads_them(quantity: str, expected: float) -> None:
    assert mebibytes(quantity) == expected


@pytest.mark.parametrize(("quantity", "expected"), [("500m", 0.5), ("8", 8), ("0.1", 0.1)])
def test_quantities_of_cpu_are_read_as_kubernetes_reads_them(quantity: str, expected: float) -> None:
    assert cores(quantity) == expected
