"""The shape of the configuration: frozen, validated, every key explained; an unknown key is an error.

Money, prices and quantities are decimals written as strings or numbers in YAML; durations are seconds unless the name
says otherwise.
"""

from __future__ import annotations

import datetime
import difflib
import pathlib
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from configs.base import Change, Decimal, Exact, Name, Positive, Section
from configs.breach_rules import LiveRiskSection, check_owners, check_rules
from configs.limits import LimitsSection, Scopes
from configs.option_market import OptionMarketSection

ROLES = ("market", "venue", "oms", "strategy", "portfolio", "risk", "feed", "api", "models")
"""What is placed in the cluster: the kinds of actors, and the two Serve deployments."""


class RunSection(Section):
    """What is run and where its files go."""

    profile: Literal["local", "services", "cluster"] = "local"
    """Which of the three shipped profiles this configuration descends from."""
    name: Name | None = None
    """Name of the run; a run of that name that exists is continued from its journal. Empty: a new run each time."""
    home: pathlib.Path = pathlib.Path("~/.alphamind")
    """Where runs, secrets and the state of running clusters are kept; ``ALPHAMIND_HOME`` overrides it."""


class Placement(Section):
    """What one actor asks of Ray; never zero, so that a full cluster says so instead of overcommitting."""

    cpus: Annotated[float, Field(gt=0)] = 0.1
    """Logical CPUs."""
    memory_mib: Annotated[int, Field(gt=0)] = 128
    """Memory in MiB."""
    resources: dict[str, Annotated[float, Field(gt=0)]] = {}
    """Custom Ray resources, for instance ``{engine: 0.01}`` to pin the actor to the engine's node."""


class RaySection(Section):
    """The Ray cluster."""

    address: str | None = None
    """Address of a running cluster to join; empty: start one on this machine."""
    namespace: Name = "alphamind"
    """Namespace of all named actors."""
    cpus: Annotated[int, Field(ge=2)] = 8
    """Logical CPUs of a cluster started here; they are Ray's accounting, not cores."""
    dashboard: bool = True
    """Whether to start the dashboard (needed for ``alphamind submit``)."""
    dashboard_port: Annotated[int, Field(ge=0, le=65535)] = 8265
    """Port of the dashboard; 0: any free one."""
    object_store_mib: Annotated[int, Field(ge=80)] = 256
    """Size of Ray's shared-memory object store."""
    minimum_free_memory_mib: Annotated[int, Field(gt=0)] = 3072
    """Free memory below which a cluster is not started."""
    placement: dict[str, Placement] = {}
    """Placement by role: market, venue, oms, strategy, portfolio, risk, feed, api, models."""

    @pydantic.field_validator("placement")
    @classmethod
    def _roles_exist(cls, placement: dict[str, Placement]) -> dict[str, Placement]:
        for role in placement:
            if role not in ROLES:
                near = difflib.get_close_matches(role, ROLES, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ValueError(f"there is no role {role!r}, only {', '.join(ROLES)}{hint}")
        return placement


class TlsSection(Section):
    """The data plane between nodes: TCP with mutual TLS, beside the Unix sockets of a node. There is no plain TCP."""

    enabled: bool = False
    """Whether actors listen for other nodes and look for peers there."""
    host: str | None = None
    """Address that actors bind, on any free port; empty: that by which Ray knows their node."""


class NetworkSection(Section):
    """Where edges and actors listen."""

    host: str = "127.0.0.1"
    """Address that HTTP binds; anything but loopback has to be asked for."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """Port of the HTTP API; 0: any free one."""
    tls: TlsSection = TlsSection()
    """The data plane between nodes."""


class JournalSection(Section):
    """The append-only record of every actor."""

    medium: Literal["segments", "postgres"] = "segments"
    """``segments``: files on this node; ``postgres``: a database that outlives the node."""
    durability: Literal["process", "disk", "replicated"] = "process"
    """What an acknowledged order survives: the process, power loss, the node."""
    segment_mib: Annotated[int, Field(gt=0, le=1024)] = 64
    """Size at which a new segment file is begun."""
    snapshot_records: Annotated[int, Field(ge=1)] | None = 100_000
    """Records after which an owner saves its state and archives what recovery needs no more; null: never."""
    retention_days: Annotated[float, Field(ge=0)] | None = None
    """Days after which archived records are deleted; empty: they are kept for ever."""
    accept_loss: bool = False
    """Whether to start without acknowledged records that are missing at a journal's end; it is put on record for ever.
    For one start alone: who leaves it on is not asked the next time."""
    dsn: pydantic.SecretStr | None = None
    """Connection string of PostgreSQL (medium ``postgres``); ``ALPHAMIND_JOURNAL_DSN`` sets it without a file."""

    @pydantic.model_validator(mode="after")
    def _medium_keeps_the_promise(self) -> JournalSection:
        if self.medium == "postgres" and self.dsn is None:
            raise ValueError("medium postgres needs dsn (or ALPHAMIND_JOURNAL_DSN)")
        if self.durability == "replicated" and self.medium != "postgres":
            raise ValueError("durability replicated needs medium postgres")
        return self


class SimulatedMarket(Section):
    """The market that is generated where no data are given: correlated Brownian motion with changing volatility."""

    seed: int = 7
    """Seed of everything random."""
    instruments: Annotated[int, Field(ge=1, le=5000)] = 8
    """Number of instruments, named SIM001 and so on."""
    bar_minutes: Annotated[int, Field(ge=1, le=390)] = 5
    """Length of a bar in minutes."""
    start: datetime.date = datetime.date(2024, 1, 2)
    """First session."""
    sessions: Annotated[int, Field(ge=1)] = 2520
    """Number of sessions after which the data end."""
    annual_volatility: Annotated[float, Field(gt=0, lt=5)] = 0.25
    """Long-run volatility of each instrument, per square root of a year."""
    correlation: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Correlation of returns between any two instruments."""


class FeedSection(Section):
    """Where market data come from and how fast they run."""

    data: pathlib.Path | None = None
    """File or folder; empty: a simulated market."""
    format: Literal["auto", "csv", "parquet", "lean", "lobster"] = "auto"
    """Format of ``data``; ``auto`` recognises it."""
    columns: dict[str, str] = {}
    """Own column names by ours: time, symbol, open, high, low, close, volume."""
    timezone: str = "UTC"
    """Zone of time stamps that name none; daily dates are taken as sessions of the exchange."""
    symbols: tuple[str, ...] = ()
    """Only these symbols; empty: all."""
    start: datetime.datetime | None = None
    """First time to read."""
    end: datetime.datetime | None = None
    """Time before which to stop."""
    speed: Annotated[float, Field(gt=0)] | Literal["max"] = "max"
    """1: as it happened, N: N times as fast, ``max``: as fast as it is processed."""
    warmup_sessions: Annotated[int, Field(ge=0)] = 0
    """Sessions at the start that run at full speed before pacing begins."""
    skip_closed_hours: bool = True
    """Whether pacing leaves out the hours in which no data come."""
    batch_milliseconds: Annotated[float, Field(ge=0, le=1000)] = 5
    """Quotes, trades and book messages that arrive within this time travel together; bars of one time always do."""
    simulated: SimulatedMarket = SimulatedMarket()
    """The market that is generated where ``data`` is empty."""


class InstrumentsSection(Section):
    """The instrument master."""

    file: pathlib.Path | None = None
    """YAML or CSV file of instruments; empty: built from the data."""
    exchange: str = "XNYS"
    """Exchange of instruments built from data (ISO 10383)."""
    calendar: str = "XNYS"
    """Their trading calendar, or ``24/7``."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3,5}$")] = "USD"
    """Their currency."""
    price_increment: Positive | Literal["auto"] = "auto"
    """Their price step; ``auto``: the coarsest power of ten from .01 to .000001 that 99% of prices are multiples of."""
    quantity_increment: Positive = Decimal(1)
    """Their lot."""


class QualitySection(Section):
    """When a row of market data is quarantined."""

    maximum_jump: Annotated[float, Field(gt=0)] = 0.4
    """Largest believed change against the last good price, as a fraction."""
    jump_confirmations: Annotated[int, Field(ge=1)] = 3
    """Rows in a row near a new level after which a jump is believed."""
    maximum_future_seconds: Annotated[float, Field(ge=0)] = 1.0
    """How far a time stamp may lie after the trading clock."""
    round_to_increment: bool = True
    """Whether a price off the increment is rounded half-even (and counted) instead of quarantined."""


class MarketSection(Section):
    """The market shards."""

    shards: Annotated[int, Field(ge=1, le=64)] = 1
    """Number of shards; an instrument belongs to shard ``id % shards``."""
    bars_kept: Annotated[int, Field(ge=1)] = 512
    """Bars kept in memory for each instrument."""
    quality: QualitySection = QualitySection()
    """When a row is quarantined."""


class OmsSection(Section):
    """The order management system."""

    shards: Annotated[int, Field(ge=1, le=16)] = 1
    """Actors over which the partitions are spread."""
    partitions: Annotated[int, Field(ge=1, le=1024)] = 16
    """Partitions over which accounts are hashed; fixed for the life of a run."""
    venue_timeout: Annotated[float, Field(gt=0)] = 5.0
    """Seconds after which an order that the venue has not confirmed is asked for again."""
    left_out: tuple[Annotated[str, Field(pattern=r"^p\d{2,}:\d+$")], ...] = ()
    """Records that a replay leaves out, as ``p04:123``: the way out where one can't be applied. An alarm tells it."""


class VenueSection(Section):
    """The paper exchange."""

    taker_fee_bps: Annotated[Decimal, Field(ge=-100, le=1000)] = Decimal("0.5")
    """Fee for taking liquidity, in basis points of notional."""
    maker_fee_bps: Annotated[Decimal, Field(ge=-100, le=1000)] = Decimal("0.1")
    """Fee for resting liquidity, in basis points of notional; negative: a rebate."""
    participation: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Largest share of a bar's or trade's volume that our orders together may take."""


class AccountSection(Section):
    """One account (also a portfolio) and its opening cash."""

    id: Name
    """Its key."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3,5}$")] = "USD"
    """Its currency."""
    cash: Annotated[Decimal, Field(ge=0), Exact] = Decimal(1_000_000)
    """Opening cash."""
    lots: Literal["average", "fifo", "lifo", "specific"] = "average"
    """Which lots a sale closes: all alike at average cost, the oldest, the newest, or those that are named."""


class StrategySection(Section):
    """One strategy that runs."""

    name: Name
    """Its key; orders carry it."""
    implementation: Annotated[str, Field(pattern=r"^([\w.]+|.+\.py):\w+$")]
    """``package.module:Class`` or ``path/to/file.py:Class``."""
    account: Name
    """The account that it trades for."""
    instruments: tuple[str, ...] = ()
    """Symbols it sees; empty: all."""
    parameters: dict[str, Any] = {}
    """Its parameters, checked against the class's fields."""


class ForecasterSection(Section):
    """The volatility forecaster: a heterogeneous autoregression of log realised variance (Corsi 2009)."""

    id: Name = "har-rv"
    """Model id under ``/models/{id}/predict``."""
    period_minutes: Annotated[int, Field(ge=0)] = 0
    """Length of a period; 0: the longest of 30, 5 and 1 that the data suffice for. A longer bar is one by itself."""
    lags: tuple[int, int, int] = (1, 5, 22)
    """Averages that the regression sees, in periods."""
    horizons: tuple[Annotated[int, Field(ge=1)], ...] = (1, 5)
    """Steps ahead, in periods."""
    quantiles: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.1, 0.5, 0.9)
    """Quantile levels."""
    minimum_observations: Annotated[int, Field(ge=30)] = 120
    """Pooled training rows before the first fit."""
    refit_periods: Annotated[int, Field(ge=1)] = 20
    """Periods between fits."""
    maximum_periods: Annotated[int, Field(ge=30)] = 1000
    """Newest periods that a fit sees."""


class RiskSection(LiveRiskSection):
    """Risk measures, and what happens by itself where they are over a level."""

    limits: LimitsSection = LimitsSection()
    """What the gate allows the firm when a run begins; changed at run time through the risk actor."""
    options: OptionMarketSection = OptionMarketSection()
    """What the market says of listed options."""
    scopes: Scopes = {}
    """The same for accounts, strategies and instruments, which may only be allowed less than the firm."""
    confidence: tuple[Annotated[float, Field(gt=0.5, lt=1)], ...] = (0.95, 0.99)
    """Levels of value at risk and expected shortfall."""
    window: Annotated[int, Field(ge=30)] = 500
    """Returns that historical simulation sees."""
    minimum_window: Annotated[int, Field(ge=10)] = 30
    """Returns below which no measure is given."""
    stress: dict[str, Change] = {
        "equity -10%": -0.10,
        "equity -20%": -0.20,
        "equity +10%": 0.10,
    }
    """Scenarios by name: the change of every price as a fraction, or changes by symbol and ``otherwise`` (else 0)."""

    @pydantic.model_validator(mode="after")
    def _rules_are_about_what_is_there(self) -> RiskSection:
        check_rules(self.rules, self.confidence, self.stress)
        return self


class SecuritySection(Section):
    """Tokens and clients of the API, certificates of the actors."""

    issuer: str = "alphamind"
    """``iss`` of the tokens."""
    audience: str = "alphamind-api"
    """``aud`` of the tokens."""
    token_seconds: Annotated[int, Field(ge=60, le=86_400)] = 3600
    """Life of an access token."""
    secrets: pathlib.Path | None = None
    """Folder with ``signing-key.pem`` and ``clients.yaml``; empty: ``secrets`` in the home (made in ``local``)."""
    certificates: pathlib.Path | None = None
    """Folder with ``authority.pem`` and the actors' certificates, ``oms-0.pem`` and so on, for ``network.tls``; empty:
    ``certificates`` in the run's directory. What is missing there is made, but never in profile ``cluster``."""


class LoggingSection(Section):
    """Logs."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is written."""


class Configuration(Section):
    """The whole configuration of one AlphaMind."""

    run: RunSection = RunSection()
    ray: RaySection = RaySection()
    network: NetworkSection = NetworkSection()
    journal: JournalSection = JournalSection()
    feed: FeedSection = FeedSection()
    instruments: InstrumentsSection = InstrumentsSection()
    market: MarketSection = MarketSection()
    oms: OmsSection = OmsSection()
    venue: VenueSection = VenueSection()
    accounts: tuple[AccountSection, ...] = (AccountSection(id="main"),)
    strategies: tuple[StrategySection, ...] = ()
    forecaster: ForecasterSection = ForecasterSection()
    risk: RiskSection = RiskSection()
    security: SecuritySection = SecuritySection()
    logging: LoggingSection = LoggingSection()

    @pydantic.model_validator(mode="after")
    def _hangs_together(self) -> Configuration:
        accounts = [account.id for account in self.accounts]
        if len(set(accounts)) != len(accounts):
            raise ValueError("accounts: an id occurs twice")
        names = [strategy.name for strategy in self.strategies]
        if len(set(names)) != len(names):
            raise ValueError("strategies: a name occurs twice")
        for strategy in self.strategies:
            if strategy.account not in accounts:
                raise ValueError(
                    f"strategies: {strategy.name} trades for account {strategy.account!r}, which accounts does not list"
                )
        currencies = sorted({account.currency for account in self.accounts})
        firm = self.risk.limits
        if len(currencies) > 1 and (firm.maximum_gross_exposure or firm.maximum_net_exposure):
            raise ValueError(
                f"risk: the firm's exposure can't be limited while its accounts are in {' and '.join(currencies)};"
                " limit each account under risk.scopes"
            )
        check_owners(self.risk.rules, {account.id: account.currency for account in self.accounts})
        if self.oms.shards > self.oms.partitions:
            raise ValueError("oms: more shards than partitions")
        if self.run.profile == "cluster" and self.journal.medium != "postgres":
            raise ValueError(
                "journal: profile cluster refuses medium segments, which would die with its node; set medium: postgres"
            )
        if self.run.profile == "cluster" and self.network.tls.enabled and self.security.certificates is None:
            raise ValueError(
                "security: profile cluster makes no certificates; set certificates to the folder that has them "
                "(python -m cluster.certificates makes one)"
            )
        return self
