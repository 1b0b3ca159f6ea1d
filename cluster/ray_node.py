"""Starts a Ray cluster on this machine, or joins one: authentication on, nothing beyond loopback."""

from __future__ import annotations

import contextlib
import logging
import os
import pathlib
import shutil
import socket
import tempfile
from dataclasses import dataclass
from typing import Any

import psutil
import ray
import structlog

from actors.errors import Unavailable
from cluster.environment import LOOPBACK, prepare_environment
from cluster.preflight import MIB, check_joined, free_port
from cluster.run_directory import private_token
from cluster.signals import kept_handlers
from configs.schema import Configuration

log = structlog.get_logger()


@dataclass(frozen=True)
class RayNode:
    """A connection to the Ray cluster.

    Attributes:
        address: Address of the control plane (GCS).
        dashboard: URL of the dashboard and the job server, ``None`` where there is none.
        joined: Whether the cluster had been running before.
        token_path: File with the token that every connection needs.
        temporary: Ray's own files, removed when a cluster that was started here stops.
    """

    address: str
    dashboard: str | None
    joined: bool
    token_path: pathlib.Path
    temporary: pathlib.Path | None


def token_file(configuration: Configuration) -> pathlib.Path:
    """Return where the token of clusters that are started here is kept."""
    return configuration.run.home / "secrets" / "ray.token"


def start_node(configuration: Configuration) -> RayNode:
    """Start a cluster of one node on loopback, in this process's care: it ends with this process."""
    token_path = private_token(token_file(configuration))
    prepare_environment(token_path, loopback=True)
    _log_what_ray_prints()
    temporary = _temporary(configuration.run.home)
    settings = configuration.ray
    with kept_handlers():
        context: Any = ray.init(
            address="local",
            namespace=settings.namespace,
            num_cpus=settings.cpus,
            object_store_memory=settings.object_store_mib * MIB,
            include_dashboard=settings.dashboard,
            dashboard_host=LOOPBACK,
            dashboard_port=settings.dashboard_port or free_port(LOOPBACK),
            log_to_driver=False,
            logging_level=logging.ERROR,
            _temp_dir=str(temporary),
        )
    dashboard = f"http://{context.dashboard_url}" if context.dashboard_url else None
    return RayNode(context.address_info["address"], dashboard, False, token_path, temporary)


def _temporary(home: pathlib.Path) -> pathlib.Path:
    """Return a new folder for Ray's own files; first remove that of a cluster whose ``alphamind up`` was killed.

    Its path stands in the home, which the caller has to itself. Ray's sockets need a short path, hence not the home.
    """
    note = home / "ray.directory"
    if note.exists():
        shutil.rmtree(note.read_text(), ignore_errors=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="alphamind-ray-"))
    note.write_text(str(folder))
    return folder


def join_cluster(configuration: Configuration) -> RayNode:
    """Connect to the cluster at ``ray.address``.

    Raises:
        Unavailable: It does not answer, or refuses the token.
        ResourcesShort: It has too little room.
    """
    token_path = pathlib.Path(os.environ.get("RAY_AUTH_TOKEN_PATH", token_file(configuration)))
    prepare_environment(token_path, loopback=str(configuration.ray.address).startswith(LOOPBACK))
    _log_what_ray_prints()
    _knock(str(configuration.ray.address))
    try:
        with kept_handlers():
            context: Any = ray.init(
                address=configuration.ray.address,
                namespace=configuration.ray.namespace,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    except Exception as error:
        raise Unavailable(
            f"can't join the Ray cluster at {configuration.ray.address}: {str(error).splitlines()[0]}",
            field="ray.address",
            value=configuration.ray.address,
            remedy="check the address, and that RAY_AUTH_TOKEN_PATH names the cluster's token",
        ) from None
    check_joined(configuration, ray.available_resources())  # type: ignore[no-untyped-call]
    dashboard = f"http://{context.dashboard_url}" if context.dashboard_url else None
    return RayNode(context.address_info["address"], dashboard, True, token_path, None)


def _knock(address: str) -> None:
    """Look whether anything listens at ``host:port``, because Ray itself takes minutes to say that nothing does."""
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isdigit()):
        return  # "auto" and the like: Ray knows where to look
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, OverflowError) as error:
        raise Unavailable(
            f"nothing answers at {address}: {error}",
            field="ray.address",
            value=address,
            rule="the address of a running cluster's control plane (GCS), host:port",
            remedy="start the cluster, or leave --address out to start one here",
        ) from None


def stop_node(node: RayNode) -> None:
    """Disconnect; a cluster that was started here ends, and no process of it stays."""
    children = [] if node.joined else psutil.Process().children(recursive=True)
    ray.shutdown()
    _, alive = psutil.wait_procs(children, timeout=5)
    for process in alive:
        log.warning("process of the cluster had to be killed", pid=process.pid, name=_name(process))
        with contextlib.suppress(psutil.NoSuchProcess):  # it may end by itself at any moment
            process.kill()
    psutil.wait_procs(alive, timeout=2)
    if node.temporary is not None:
        shutil.rmtree(node.temporary, ignore_errors=True)


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def _log_what_ray_prints() -> None:
    # Ray prints to standard output when a worker dies; there the summary goes, and the log is where people look.
    def to_log(data: dict[str, Any], ignore_prefix: bool) -> None:
        log.warning("ray", lines=data.get("lines"), pid=data.get("pid"))

    worker: Any = ray._private.worker
    worker.print_to_stdstream = to_log
