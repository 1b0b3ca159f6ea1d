"""Revaluation over Ray: the values of one process, in the book's order, and what failed is named."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.actors.risk.pricing import ray_revaluation

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("check", ray_revaluation.CHECKS)
def test_over_the_cluster(check: str) -> None:
    command = [sys.executable, "-m", ray_revaluation.__name__, check]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
