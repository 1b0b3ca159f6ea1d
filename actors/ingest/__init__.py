"""The feed: market data of every format, read, put in order of when it became known, and sent in lock-step."""
