"""What Ray reads from the environment. It has to be set before ``ray`` is imported, so nothing here imports it."""

from __future__ import annotations

import os
import pathlib
import sys

from actors.errors import ConfigurationError

LOOPBACK = "127.0.0.1"


def prepare_environment(token_path: pathlib.Path, loopback: bool) -> None:
    """Set Ray's environment for this process and all that it starts.

    Args:
        token_path: File with the cluster's token; authentication is always on.
        loopback: Whether to keep every server of Ray on the loopback interface. Ray means this for macOS and
            Windows, and heeds the variable on every system.

    Raises:
        ConfigurationError: ``ray`` has been imported already and would not heed the variables.
    """
    wanted = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token_path)}
    if loopback:
        wanted["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    late = [name for name, value in wanted.items() if os.environ.get(name) != value and name != "RAY_AUTH_TOKEN_PATH"]
    if late and "ray" in sys.modules:
        raise ConfigurationError(
            "ray was imported before its environment was set",
            field=late[0],
            value=os.environ.get(late[0]),
            rule=wanted[late[0]],
            remedy="start with the alphamind command, or call cluster.environment.prepare_environment first",
        )
    os.environ.update(wanted)
    defaults = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
