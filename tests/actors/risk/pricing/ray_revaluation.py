"""Revaluation over Ray, in a process of its own: Ray reads its token once in the life of a process."""

from __future__ import annotations

import pathlib
import shutil
import sys
import tempfile

import numpy as np
import pytest

from actors.errors import InputError, Unavailable
from actors.risk.pricing.american import american_values
from cluster.environment import prepare_environment
from cluster.run_directory import private_token
from tests.actors.risk.pricing.random_books import random_book


def main(check: str) -> None:
    """Run one of the checks on a Ray cluster of two processors."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="am-"))
    prepare_environment(private_token(folder / "ray.token"), loopback=True)
    import ray  # it reads its environment when it is imported

    ray.init(
        address="local",
        num_cpus=2,
        object_store_memory=100 << 20,
        include_dashboard=False,
        log_to_driver=False,
        _temp_dir=str(folder / "ray"),
    )
    try:
        CHECKS[check]()
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def values_are_those_of_one_process_in_the_order_of_the_book() -> None:
    from actors.risk.pricing.revaluation_ray import revalue_american

    book, scenarios = random_book(60, 10, 9)
    found = revalue_american(book, scenarios, chunk=8)
    assert found.failed == () and np.array_equal(found.values, american_values(book, scenarios))
    assert found.totals(book.quantity).shape == (10,)


def a_chunk_that_fails_is_named_and_what_is_left_is_no_total() -> None:
    from actors.risk.pricing.revaluation_ray import revalue_american

    book, scenarios = random_book(60, 10, 9)
    whole = american_values(book, scenarios)
    book.strike[17] = np.nan
    found = revalue_american(book, scenarios, chunk=8, tasks=1)
    (chunk,) = found.failed
    assert 17 in chunk.options and isinstance(chunk.error, InputError) and chunk.error.field == "strike[17]"
    assert found.missing == len(chunk.options) / 60
    known = [option for option in range(60) if option not in chunk.options]
    assert np.array_equal(found.values[:, known], whole[:, known])
    with pytest.raises(Unavailable, match="option 17 has no strike"):
        found.totals(book.quantity)


def what_is_not_done_in_time_is_missing() -> None:
    from actors.risk.pricing.revaluation_ray import revalue_american

    book, scenarios = random_book(60, 10, 9)
    found = revalue_american(book, scenarios, chunk=8, seconds=0.0)
    assert found.missing > 0 and all("not revalued within 0 seconds" in chunk.error.message for chunk in found.failed)


CHECKS = {
    check.__name__: check
    for check in (
        values_are_those_of_one_process_in_the_order_of_the_book,
        a_chunk_that_fails_is_named_and_what_is_left_is_no_total,
        what_is_not_done_in_time_is_missing,
    )
}

if __name__ == "__main__":
    main(sys.argv[1])
