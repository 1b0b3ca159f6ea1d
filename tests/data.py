"""Where the tests find real market data; a test that needs some is skipped, saying so, where there is none."""

from __future__ import annotations

import os
import pathlib

import pytest

ROOT = pathlib.Path(os.environ.get("ALPHAMIND_DATA", pathlib.Path(__file__).parent.parent.parent / "shared" / "data"))


def real_data(*parts: str) -> pathlib.Path:
    """Return the path of real data, or skip the test that asked."""
    path = ROOT.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no real data at {'/'.join(parts)}; set ALPHAMIND_DATA to the folder that holds it")
    return path
