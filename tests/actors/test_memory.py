"""State that stays is built without collections, and is not looked through later."""

from __future__ import annotations

import gc

import pytest

from actors.memory import building_state


def test_what_is_built_is_frozen_and_collection_goes_on_afterwards() -> None:
    try:
        with building_state():
            assert not gc.isenabled()
            built = [[] for _ in range(1_000)]  # type: ignore[var-annotated]
        assert gc.isenabled() and gc.get_freeze_count() > len(built)
    finally:
        gc.unfreeze()


def test_collection_stays_off_where_it_was_and_goes_on_after_an_error() -> None:
    try:
        with pytest.raises(ValueError), building_state():
            raise ValueError
        assert gc.isenabled()
        gc.disable()
        with building_state():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
