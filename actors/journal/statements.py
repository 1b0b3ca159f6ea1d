"""The SQL of the journal in PostgreSQL."""

from __future__ import annotations

CREATE_TABLES = (
    "SELECT pg_advisory_lock(7041776)",  # two first openings at once would trip over each other's CREATE
    """
    CREATE TABLE IF NOT EXISTS journal_leases (
        journal text PRIMARY KEY,
        epoch bigint NOT NULL,
        sequence bigint NOT NULL,
        owner text NOT NULL,
        taken timestamptz NOT NULL DEFAULT now()
    ) WITH (fillfactor = 10)
    """,
    """
    CREATE TABLE IF NOT EXISTS journal_records (
        journal text NOT NULL,
        sequence bigint NOT NULL,
        epoch bigint NOT NULL,
        time bigint NOT NULL,
        kind integer NOT NULL,
        version integer NOT NULL,
        previous_hash bytea NOT NULL,
        hash bytea NOT NULL,
        payload bytea NOT NULL,
        PRIMARY KEY (journal, sequence)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS journal_archive (
        LIKE journal_records,
        archived timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (journal, sequence)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS journal_snapshots (
        journal text NOT NULL,
        sequence bigint NOT NULL,
        content bytea NOT NULL,
        PRIMARY KEY (journal, sequence)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS journal_retention (
        journal text PRIMARY KEY,
        sequence bigint NOT NULL,
        hash bytea NOT NULL
    )
    """,
    "SELECT pg_advisory_unlock(7041776)",
)
"""Run one by one. The lease row changes with every record: the free part of its page lets it do so in place."""

TABLES_EXIST = "SELECT to_regclass('journal_leases') IS NOT NULL, to_regclass('journal_retention') IS NOT NULL"
"""Whether the first of the tables is there, and whether all are."""

TAKE_LEASE = """
    INSERT INTO journal_leases AS lease (journal, epoch, sequence, owner) VALUES (%s, 1, 0, %s)
    ON CONFLICT (journal) DO UPDATE SET epoch = lease.epoch + 1, owner = EXCLUDED.owner, taken = now()
    RETURNING epoch, sequence
"""

APPEND = """
    WITH held AS (
        UPDATE journal_leases SET sequence = %s WHERE journal = %s AND epoch = %s AND sequence = %s
        RETURNING journal, epoch
    )
    INSERT INTO journal_records (journal, sequence, epoch, time, kind, version, previous_hash, hash, payload)
    SELECT held.journal, sequence, held.epoch, time, kind, version, previous_hash, hash, payload
    FROM held, unnest(
        %s::bigint[], %s::bigint[], %s::integer[], %s::integer[], %s::bytea[], %s::bytea[], %s::bytea[]
    ) AS batch (sequence, time, kind, version, previous_hash, hash, payload)
"""
"""Changes no row where the lease is another's or stands elsewhere than before the batch."""

LEASE = "SELECT epoch, sequence, owner FROM journal_leases WHERE journal = %s"

NEWEST = "SELECT sequence, hash FROM journal_records WHERE journal = %s ORDER BY sequence DESC LIMIT 1"

ALL_RECORDS = """(
    SELECT journal, sequence, time, kind, version, previous_hash, hash, payload FROM journal_archive
    UNION ALL SELECT journal, sequence, time, kind, version, previous_hash, hash, payload FROM journal_records
) AS records"""

HASH = f"SELECT hash FROM {ALL_RECORDS} WHERE journal = %s AND sequence = %s"

PAGE = f"""
    SELECT sequence, time, kind, version, previous_hash, hash, payload FROM {ALL_RECORDS}
    WHERE journal = %s AND sequence > %s AND sequence <= %s ORDER BY sequence
"""
"""A range and no limit: also a server that knows nothing of its tables yet reads no other rows for it."""

BEYOND = """
    SELECT min(journal_records.sequence) FROM journal_records JOIN journal_leases USING (journal)
    WHERE journal = %s AND journal_records.sequence > journal_leases.sequence
"""

JOURNALS = "SELECT journal FROM journal_leases WHERE starts_with(journal, %s) ORDER BY journal"

ORIGIN = "SELECT sequence, hash FROM journal_retention WHERE journal = %s"

SAVE_SNAPSHOT = """
    INSERT INTO journal_snapshots (journal, sequence, content)
    SELECT journal, sequence, %s::bytea FROM journal_leases
    WHERE journal = %s AND epoch = %s AND sequence = %s FOR UPDATE
    ON CONFLICT (journal, sequence) DO UPDATE SET content = EXCLUDED.content
"""

DROP_SNAPSHOTS = """
    DELETE FROM journal_snapshots WHERE journal = %s AND sequence NOT IN (
        SELECT sequence FROM journal_snapshots WHERE journal = %s ORDER BY sequence DESC LIMIT %s
    )
"""

SNAPSHOTS = "SELECT sequence FROM journal_snapshots WHERE journal = %s ORDER BY sequence DESC"

SNAPSHOT = "SELECT content FROM journal_snapshots WHERE journal = %s AND sequence = %s"

ARCHIVE = """
    WITH held AS (SELECT journal FROM journal_leases WHERE journal = %s AND epoch = %s FOR SHARE),
    moved AS (
        DELETE FROM journal_records USING held WHERE journal_records.journal = held.journal AND sequence <= (
            SELECT least(min(sequence) + %s::bigint, %s::bigint) FROM journal_records WHERE journal = %s
        )
        RETURNING journal_records.*
    )
    INSERT INTO journal_archive SELECT * FROM moved
"""
"""Moves the oldest records, up to so many at a time."""

FORGET = """
    WITH first_kept AS (
        SELECT min(sequence) AS sequence FROM (
            SELECT sequence FROM journal_archive WHERE journal = %s AND archived >= now() - make_interval(secs => %s)
            UNION ALL SELECT min(sequence) FROM journal_records WHERE journal = %s
        ) AS kept
    ),
    held AS (SELECT journal FROM journal_leases WHERE journal = %s AND epoch = %s FOR SHARE)
    INSERT INTO journal_retention (journal, sequence, hash)
    SELECT journal, sequence, hash FROM journal_archive JOIN held USING (journal)
    WHERE sequence = (SELECT sequence - 1 FROM first_kept)
    ON CONFLICT (journal) DO UPDATE SET sequence = EXCLUDED.sequence, hash = EXCLUDED.hash
"""
"""Says which record is the last that will be deleted; changes nothing where there is none."""

DELETE = """
    DELETE FROM journal_archive USING journal_retention AS origin
    WHERE journal_archive.journal = %s AND origin.journal = %s AND journal_archive.sequence <= origin.sequence
"""
