"""``alphamind submit``: runs a script as a Ray job on the running cluster and follows its log."""

from __future__ import annotations

import asyncio
import logging
import os
import pathlib
import shlex
import sys

from rich.console import Console

from actors.errors import Conflict, InputError, Unavailable
from cluster.environment import LOOPBACK, prepare_environment
from cluster.run_directory import read_state
from configs import Configuration

PACKAGES = ("actors", "alphamind", "cluster", "configs", "env", "serve_apps", "training")


def check_script(script: pathlib.Path) -> pathlib.Path:
    """Return the script's absolute path after checking that it can run as a job.

    Raises:
        InputError: There is no such Python file.
        Conflict: Its folder has a package or module that would hide one of ours.
    """
    path = script.expanduser().absolute()
    if not path.is_file() or path.suffix != ".py":
        raise InputError("no such script", field="SCRIPT", value=script, rule="an existing .py file")
    for name in PACKAGES:
        for found in (path.parent / name, path.parent / f"{name}.py"):
            # A folder without __init__.py counts too: as a namespace package it wins over an editable installation.
            if found.is_dir() or found.is_file():
                raise Conflict(
                    f"{found.name} beside the script would hide AlphaMind's own {name}",
                    field="SCRIPT",
                    value=found,
                    rule=f"a job's folder has none of {', '.join(PACKAGES)}",
                    remedy=f"rename {found.name}, or move the script to a folder of its own",
                    code="PACKAGE_HIDDEN",
                )
    return path


def submit_job(configuration: Configuration, script: pathlib.Path, arguments: list[str], console: Console) -> int:
    """Run the script on the cluster that is up, print its log as it comes, and return its exit code.

    Raises:
        NotFound: Nothing is up.
        Unavailable: The cluster has no job server.
    """
    path = check_script(script)
    state = read_state(configuration.run.home)
    if state.dashboard is None:
        raise Unavailable(
            "the cluster has no job server",
            field="ray.dashboard",
            value=False,
            remedy="alphamind up with ray.dashboard=true",
        )
    prepare_environment(pathlib.Path(state.token_path), loopback=state.address.startswith(LOOPBACK))
    from ray.job_submission import JobStatus, JobSubmissionClient

    logging.getLogger("ray").setLevel(logging.WARNING)  # else it tells of packages and connections between the lines

    try:
        client = JobSubmissionClient(state.dashboard)
    except (ConnectionError, RuntimeError) as error:
        raise Unavailable(
            f"the job server at {state.dashboard} does not answer: {str(error).splitlines()[0]}",
            remedy="alphamind status",
        ) from None
    interpreter = "python" if state.joined else sys.executable
    job = client.submit_job(
        entrypoint=" ".join(shlex.quote(part) for part in (interpreter, "-u", path.name, *arguments)),
        runtime_env={
            "working_dir": str(path.parent),
            "env_vars": {"ALPHAMIND_RUN": state.directory, "ALPHAMIND_HOME": str(configuration.run.home)},
        },
        metadata={"alphamind_run": state.run, "user": os.environ.get("USER", "")},
    )
    console.print(f"job {job}")

    async def follow() -> None:
        async for lines in client.tail_job_logs(job):
            sys.stdout.write(lines)
            sys.stdout.flush()

    try:
        asyncio.run(follow())
    except KeyboardInterrupt:
        console.print(f"job {job} goes on; its log and its end are in the dashboard at {state.dashboard}")
        raise
    info = client.get_job_info(job)
    if info.status != JobStatus.SUCCEEDED:
        console.print(f"job {job} {info.status.lower()}: {info.message or 'no message'}")
    return info.driver_exit_code if info.driver_exit_code is not None else int(info.status != JobStatus.SUCCEEDED)
