from __future__ import annotations

import pathlib

from tests.training.simulated import rows
from training.observations import ObservationFile


def test_rows_are_read_back_in_order(tmp_path: pathlib.Path) -> None:
    file = ObservationFile(tmp_path / "deep" / "observations.bin")
    assert file.read() == []
    file.append([])
    assert not file.path.exists()
    file.append(rows(2, 3)[:4])
    file.append(rows(2, 3)[4:])
    assert file.read() == rows(2, 3)


def test_a_row_that_was_torn_by_a_crash_is_cut_off(tmp_path: pathlib.Path) -> None:
    file = ObservationFile(tmp_path / "observations.bin")
    file.append(rows(1, 3))
    with file.path.open("r+b") as raw:
        raw.truncate(3 * 32 - 5)
    assert file.read() == rows(1, 3)[:2]
    file.append(rows(1, 3)[2:])
    assert file.read() == rows(1, 3)


def test_rows_can_be_replaced(tmp_path: pathlib.Path) -> None:
    file = ObservationFile(tmp_path / "observations.bin")
    file.append(rows(1, 3))
    file.replace(rows(1, 3)[1:])
    assert file.read() == rows(1, 3)[1:]
