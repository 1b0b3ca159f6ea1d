"""Looks whether the machine can carry what is asked for before anything is started; what is short is named."""

from __future__ import annotations

import socket

import psutil

from actors.errors import AlphaMindError, ResourcesShort
from cluster.plan import needed
from cluster.signals import kept_handlers
from configs.schema import Configuration

MIB = 2**20


def check_machine(configuration: Configuration) -> None:
    """Check memory, logical CPUs and ports for a cluster that is started here.

    Raises:
        ResourcesShort: Naming what is short, how much is there and how much is needed.
    """
    available = psutil.virtual_memory().available // MIB
    minimum = configuration.ray.minimum_free_memory_mib
    if available < minimum:
        raise ResourcesShort(
            "too little free memory to start the cluster",
            field="memory",
            value=f"{available} MiB free",
            rule=f"at least {minimum} MiB (ray.minimum_free_memory_mib)",
            remedy="close other programs, or join a cluster with --address",
        )
    needs = needed(configuration)
    custom = sorted(needs.keys() - {"cpus", "memory_mib"})
    if custom:
        raise ResourcesShort(
            "a cluster that is started here has no custom resources",
            field="ray.placement.*.resources",
            value=", ".join(custom),
            rule="CPUs and memory only",
            remedy="join a cluster that has them with --address, or use profile local",
        )
    if needs["cpus"] > configuration.ray.cpus:
        raise ResourcesShort(
            "the actors ask for more logical CPUs than the cluster will have",
            field="ray.cpus",
            value=configuration.ray.cpus,
            rule=f"at least {needs['cpus']:g}, the sum of ray.placement",
            remedy="raise ray.cpus (it is Ray's accounting, not cores) or lower ray.placement.*.cpus",
        )
    if needs["memory_mib"] > available:
        raise ResourcesShort(
            "the actors ask for more memory than is free",
            field="ray.placement.*.memory_mib",
            value=f"{needs['memory_mib']:g} MiB",
            rule=f"at most {available} MiB",
            remedy="lower ray.placement.*.memory_mib or free memory",
        )
    check_port(configuration.network.host, configuration.network.port, "network.port", "--port")
    if configuration.ray.dashboard:
        check_port("127.0.0.1", configuration.ray.dashboard_port, "ray.dashboard_port", "--set ray.dashboard_port=0")


def check_port(host: str, port: int, field: str, remedy: str) -> None:
    """Check that nothing listens on a port; port 0 always passes."""
    if port == 0:
        return
    with socket.socket(socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ResourcesShort(
                f"port {port} of {host} can't be used: {error.strerror}",
                field=field,
                value=port,
                rule="a free port",
                remedy=f"end what listens there, or choose another with {remedy} (0: any free one)",
                code="PORT_TAKEN",
            ) from None


def check_joined(configuration: Configuration, available: dict[str, float]) -> None:
    """Check that a running cluster has room for the actors.

    Args:
        configuration: The configuration.
        available: What the cluster has free, as Ray names it (``CPU``, ``memory`` in bytes, custom resources).

    Raises:
        ResourcesShort: Naming every resource that is short.
    """
    needs = needed(configuration)
    short = []
    if available.get("CPU", 0.0) < needs["cpus"]:
        short.append(f"CPU: {available.get('CPU', 0.0):g} free, {needs['cpus']:g} needed")
    if available.get("memory", 0.0) < needs["memory_mib"] * MIB:
        short.append(f"memory: {available.get('memory', 0.0) / MIB:.0f} MiB free, {needs['memory_mib']:g} MiB needed")
    short += [
        f"{name}: {available.get(name, 0.0):g} free, {amount:g} needed"
        for name, amount in needs.items()
        if name not in ("cpus", "memory_mib") and available.get(name, 0.0) < amount
    ]
    if short:
        raise ResourcesShort(
            "the cluster has too little room for the actors",
            field="ray.address",
            value=configuration.ray.address,
            rule="; ".join(short),
            remedy="add nodes, or end what runs there",
        )


def free_port(host: str) -> int:
    """Return a port of ``host`` that is free now.

    Raises:
        ResourcesShort: This machine does not have the address.
    """
    with socket.socket(socket.AF_INET) as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise ResourcesShort(
                f"nothing can listen on {host}: {error.strerror}",
                field="network.host",
                value=host,
                rule="an IPv4 address or name of this machine",
                remedy="127.0.0.1, or 0.0.0.0 for all interfaces",
                code="ADDRESS_UNUSABLE",
            ) from None
        port: int = probe.getsockname()[1]
        return port


def fix_library() -> str | None:
    """Return why FIX is off on this machine, or ``None`` where its library is installed."""
    try:
        with kept_handlers():
            import quickfix  # noqa: F401
    except ImportError as error:
        remedy = "install g++ and Python's headers (python3-dev), then: rm .venv/.ready && make setup"
        return f"FIX is off: the quickfix library is not installed ({error}); {remedy}"
    except Exception as error:
        raise AlphaMindError(f"the quickfix library does not load: {error}") from error
    return None
