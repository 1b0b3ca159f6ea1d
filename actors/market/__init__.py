"""Market state, sharded by instrument: the owner of quotes, bars and books, and of what counts as good data."""
