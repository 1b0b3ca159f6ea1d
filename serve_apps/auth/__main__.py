"""Make a folder of secrets, or add a client to one: ``python -m serve_apps.auth FOLDER CLIENT_ID``."""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Sequence

from actors.errors import AlphaMindError
from serve_apps.auth import scopes
from serve_apps.auth.secrets import add_client


def main(arguments: Sequence[str] | None = None) -> int:
    """Add a client and print its secret once; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m serve_apps.auth", description=__doc__)
    parser.add_argument(
        "folder", type=pathlib.Path, help="folder of secrets; it and the signing key are made if missing"
    )
    parser.add_argument("client_id", help="id of the new client")
    parser.add_argument(
        "--scope", action="append", choices=list(scopes.SCOPES), help="repeat it; all scopes by default"
    )
    parser.add_argument("--portfolio", action="append", help="repeat it; bounds the client to these portfolios")
    options = parser.parse_args(arguments)
    try:
        secret = add_client(options.folder, options.client_id, options.scope or scopes.SCOPES, options.portfolio)
    except AlphaMindError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"client_id: {options.client_id}\nclient_secret: {secret}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
