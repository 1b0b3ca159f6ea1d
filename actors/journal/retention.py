"""What retention has deleted of a segment journal: the record before the first that is kept, and its hash.

``archive/retention.json`` is written before anything is deleted. It can't hide that more is gone than it says, for the
segment that comes first has to bear the same hash.
"""

from __future__ import annotations

import json
import pathlib

from actors.errors import JournalCorrupt
from actors.journal.archives import archive_folder
from actors.journal.records import Head, genesis
from actors.journal.segment_files import write_whole

_FILE = "retention.json"


def read_origin(folder: pathlib.Path, name: str) -> Head:
    """Return the record before the first that is kept of the journal ``name`` in ``folder``.

    Raises:
        JournalCorrupt: The file is not what was written.
    """
    path = archive_folder(folder) / _FILE
    try:
        content = json.loads(path.read_text())
        return Head(int(content["last_deleted_record"]), bytes.fromhex(content["hash"]))
    except FileNotFoundError:
        return Head(0, genesis(name))
    except (ValueError, KeyError, TypeError):
        raise JournalCorrupt(
            f"what retention deleted of journal {name} can't be read",
            field=f"{path.parent.name}/{_FILE}",
            rule="last_deleted_record and hash",
            remedy="restore the file from a copy",
        ) from None


def write_origin(folder: pathlib.Path, origin: Head) -> None:
    """Put on disk which record is the last that will be deleted.

    Raises:
        OSError: The disk is full or failed.
    """
    content = json.dumps({"last_deleted_record": origin.sequence, "hash": origin.hash.hex()})
    write_whole(archive_folder(folder) / _FILE, (content.encode(),), sync=True)
