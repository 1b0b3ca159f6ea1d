"""Finds services through Ray: each actor publishes where its service listens, and is asked for by its name."""

from __future__ import annotations

import pathlib
from typing import Any

import ray

from actors.errors import Unavailable
from actors.peers import Beyond, Published
from actors.wire.certificates import ensure_identity
from configs.schema import Configuration

LOOK_UP_SECONDS = 1.0


def beyond_this_node(name: str, directory: pathlib.Path, configuration: Configuration) -> Beyond | None:
    """Return how this process takes part in what happens between nodes; ``None`` where ``network.tls`` is off.

    Args:
        name: The name in this process's certificate.
        directory: The run's directory.
        configuration: The whole configuration.

    Raises:
        ConfigurationError: There is no usable certificate.
    """
    tls = configuration.network.tls
    if not tls.enabled:
        return None
    folder = configuration.security.certificates or directory / "certificates"
    identity = ensure_identity(folder.expanduser(), name, make=configuration.run.profile != "cluster")
    host = tls.host or node_address()
    return Beyond(identity, node_id(), host, PublishedByActors(configuration.ray.namespace))


def node_id() -> str:
    """Return the id of this node."""
    found: str = ray.get_runtime_context().get_node_id()
    return found


def node_address() -> str:
    """Return the address by which Ray knows this node."""
    found: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    return found


class PublishedByActors:
    """Asks the named actors of a namespace where their services listen.

    Args:
        namespace: The namespace.
    """

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._handles: dict[str, Any] = {}

    def __call__(self, name: str) -> Published:
        """Return where the service ``name`` listens.

        Raises:
            Unavailable: There is no such actor, it does not answer, or does not listen beyond its node.
        """
        try:
            if name not in self._handles:  # finding an actor costs more than asking it
                self._handles[name] = ray.get_actor(name, self._namespace)
            published: Published | None = ray.get(self._handles[name].address.remote(), timeout=LOOK_UP_SECONDS)
        except (ValueError, TimeoutError, ray.exceptions.RayError) as error:
            if isinstance(error, ray.exceptions.ActorDiedError):
                self._handles.pop(name, None)  # one that Ray restarts keeps its handle
            raise Unavailable(
                f"{name} can't be found: {str(error).splitlines()[0]}", remedy="alphamind status"
            ) from None
        if published is None:
            raise Unavailable(f"{name} does not listen beyond its node, or not yet", field="network.tls.enabled")
        return published
