"""Keeps the servers that Ray Serve opens inside a replica on loopback where the node itself is on loopback.

A replica opens a gRPC server for calls between deployments and binds it to all interfaces, whatever the HTTP options
say. On a node that is known by a loopback address nobody else can have a use for it, so it is bound there.
"""

from __future__ import annotations

from typing import Any

import ray
from ray.serve._private import replica as _replica

LOOPBACK = "127.0.0.1"
# Neither module is typed for callers outside Ray.
replica: Any = _replica
node_address: Any = ray.util.get_node_ip_address


def keep_replica_on_loopback() -> None:
    """Bind this process's replica server to loopback where the node is; call it when a deployment is loaded."""
    if not ray.is_initialized() or node_address() != LOOPBACK:
        return
    original = replica.add_port_to_grpc_server
    if getattr(original, "on_loopback", False):
        return

    def bind(server: Any, address: str) -> Any:
        return original(server, address.replace("[::]", LOOPBACK))

    bind.on_loopback = True  # type: ignore[attr-defined]
    replica.add_port_to_grpc_server = bind
