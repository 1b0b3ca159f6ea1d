"""Make certificates for the data plane between nodes: ``python -m cluster.certificates FOLDER``.

FOLDER then holds what a Kubernetes secret is made of:
``kubectl create secret generic alphamind-wire --from-file=FOLDER`` leaves the authority's key out, which is in a folder
of its own. Calling it again makes new certificates by the same authority.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Sequence

from actors.errors import AlphaMindError
from actors.wire.certificates import DAYS, make_certificate
from cluster.plan import certificate_names
from configs import load


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the certificates and say which; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cluster.certificates", description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="folder of certificates; made, with an authority, if missing")
    parser.add_argument("names", nargs="*", metavar="NAME", help="whom for; every actor and the API by default")
    parser.add_argument("--days", type=int, default=DAYS, help=f"days for which they are valid; {DAYS} by default")
    parser.add_argument("--config", "-c", type=pathlib.Path, action="append", help="as of alphamind up; repeat it")
    options = parser.parse_args(arguments)
    try:
        names = options.names or certificate_names(load("local", options.config or ()))
        for name in names:
            make_certificate(options.folder, name, options.days)
    except AlphaMindError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"made in {options.folder}, valid for {options.days} days: {', '.join(names)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
