"""Where the market data of a run come from: files through ``actors.ingest``, or the simulated market of ``env``."""

from __future__ import annotations

from actors.ingest.source import Source, open_source
from configs.schema import Configuration
from env.markets.simulated import SimulatedSource


def build_source(configuration: Configuration) -> Source:
    """Open the configured source; called where the feed runs, and once before to build the instrument master."""
    return open_source(configuration.feed, configuration.instruments, simulated=SimulatedSource)
