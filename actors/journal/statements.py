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
    "SELECT pg_advisory_unlock(7041776)",
)
"""Run one by one. The lease row changes with every record: the free part of its page lets it do so in place."""

TABLES_EXIST = "SELECT to_regclass('journal_records') IS NOT NULL AND to_regclass('journal_leases') IS NOT NULL"

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

HASH = "SELECT hash FROM journal_records WHERE journal = %s AND sequence = %s"

PAGE = """
    SELECT sequence, time, kind, version, previous_hash, hash, payload FROM journal_records
    WHERE journal = %s AND sequence > %s AND sequence <= %s ORDER BY sequence LIMIT %s
"""

BEYOND = "SELECT sequence FROM journal_records WHERE journal = %s AND sequence > %s ORDER BY sequence LIMIT 1"
