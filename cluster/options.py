"""Options that several commands have."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

Profile = Annotated[
    str, typer.Option("--profile", help="local (embedded), services (real servers) or cluster (KubeRay).")
]
Files = Annotated[
    list[pathlib.Path] | None,
    typer.Option("--config", "-c", help="YAML file laid over the profile; may be repeated, the later wins."),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="section.key=value, laid over everything else; may be repeated."),
]
Run = Annotated[
    str | None, typer.Option(help="Name or directory of a run; by default the one that is up or came up last.")
]
