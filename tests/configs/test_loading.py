from __future__ import annotations

import decimal
import pathlib
from collections.abc import Callable

import pytest
import yaml

from actors.errors import ConfigurationError
from configs import Configuration, load, render
from configs.loading import PROFILES

DSN = {"ALPHAMIND_JOURNAL_DSN": "postgresql://trader:geheim@database/journal"}
Write = Callable[[str], pathlib.Path]


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Write:
    def write_file(text: str) -> pathlib.Path:
        path = tmp_path / "own.yaml"
        path.write_text(text)
        return path

    return write_file


def refused(*files: pathlib.Path, profile: str = "local", overrides: tuple[str, ...] = ()) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load(profile, files, overrides, environment={})
    return caught.value


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_loads_and_says_which_it_is(profile: str) -> None:
    configuration = load(profile, environment=DSN)
    assert configuration.run.profile == profile
    assert [strategy.name for strategy in configuration.strategies] == ["volatility-target"]
    assert set(configuration.ray.placement) >= {
        "market",
        "venue",
        "oms",
        "strategy",
        "portfolio",
        "risk",
        "feed",
        "api",
    }


@pytest.mark.parametrize("profile", ["services", "cluster"])
def test_a_profile_with_servers_has_a_replicated_journal_and_refuses_to_go_without_its_address(profile: str) -> None:
    journal = load(profile, environment=DSN).journal
    assert (journal.medium, journal.durability) == ("postgres", "replicated")
    assert journal.dsn is not None and journal.dsn.get_secret_value() == DSN["ALPHAMIND_JOURNAL_DSN"]
    error = refused(profile=profile)
    assert error.field == "journal" and "ALPHAMIND_JOURNAL_DSN" in str(error.rule)


def test_the_cluster_profile_refuses_a_journal_that_dies_with_its_node() -> None:
    error = refused(profile="cluster", overrides=("journal.medium=segments", "journal.durability=disk"))
    assert "medium segments" in str(error.rule)


def test_the_cluster_profile_pins_the_engine_and_binds_every_interface_of_its_pod() -> None:
    configuration = load("cluster", environment=DSN)
    pinned = {role for role, placement in configuration.ray.placement.items() if "engine" in placement.resources}
    assert pinned == {"market", "venue", "oms", "strategy", "portfolio", "risk", "feed", "api"}
    assert (configuration.network.host, configuration.run.name) == ("0.0.0.0", "production")


def test_the_cluster_profile_speaks_tls_between_nodes_and_refuses_to_make_certificates() -> None:
    configuration = load("cluster", environment=DSN)
    assert configuration.network.tls.enabled and configuration.security.certificates is not None
    with pytest.raises(ConfigurationError) as caught:
        load("cluster", overrides=["security.certificates=null"], environment=DSN)
    assert "python -m cluster.certificates" in str(caught.value.rule)
    load("cluster", overrides=["security.certificates=null", "network.tls.enabled=false"], environment=DSN)


@pytest.mark.parametrize("profile", ["local", "services"])
def test_on_one_machine_there_is_no_port_for_other_nodes(profile: str) -> None:
    assert not load(profile, environment=DSN).network.tls.enabled


@pytest.mark.parametrize("profile", ["local", "services"])
def test_only_the_cluster_listens_beyond_loopback(profile: str) -> None:
    assert load(profile, environment=DSN).network.host == "127.0.0.1"


def test_a_file_is_laid_over_the_profile_key_by_key(write: Write) -> None:
    configuration = load(files=[write("feed: {speed: 2}\nray: {placement: {oms: {cpus: 3}}}")], environment={})
    assert configuration.feed.speed == 2
    assert configuration.feed.warmup_sessions == 60
    assert configuration.ray.placement["oms"].cpus == 3
    assert configuration.ray.placement["oms"].memory_mib == 128
    assert configuration.ray.placement["venue"].cpus == 0.2


def test_a_later_file_wins_over_an_earlier_one_and_an_override_over_both(tmp_path: pathlib.Path) -> None:
    paths = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    paths[0].write_text("network: {port: 1}\nfeed: {speed: 1}")
    paths[1].write_text("network: {port: 2}")
    assert load(files=paths, environment={}).network.port == 2
    overridden = load(files=paths, overrides=["network.port=3"], environment={})
    assert (overridden.network.port, overridden.feed.speed) == (3, 1)


def test_an_override_is_yaml() -> None:
    overrides = [
        "feed.symbols=[AAPL, MSFT]",
        "risk.limits.allow_short=true",
        "venue.taker_fee_bps=0.1",
        "feed.speed=max",
    ]
    configuration = load(overrides=overrides, environment={})
    assert configuration.feed.symbols == ("AAPL", "MSFT")
    assert configuration.risk.limits.allow_short is True
    assert configuration.venue.taker_fee_bps == decimal.Decimal("0.1")
    assert configuration.feed.speed == "max"


def test_the_environment_sets_home_and_journal_and_an_override_wins_over_it(tmp_path: pathlib.Path) -> None:
    environment = {"ALPHAMIND_HOME": str(tmp_path), **DSN, "UNRELATED": "1", "ALPHAMIND_EMPTY": ""}
    configuration = load("services", environment=environment)
    assert configuration.run.home == tmp_path
    other = load(overrides=["run.home=/elsewhere"], environment=environment)
    assert other.run.home == pathlib.Path("/elsewhere")


def test_the_process_environment_is_read_where_none_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("ALPHAMIND_HOME", str(tmp_path))
    assert load().run.home == tmp_path


def test_the_home_is_made_absolute() -> None:
    assert load(overrides=["run.home=~/x"], environment={}).run.home == pathlib.Path.home() / "x"
    assert load(overrides=["run.home=here"], environment={}).run.home == pathlib.Path.cwd() / "here"


UNKNOWN_KEYS = [
    ("nettwork: {}", "nettwork", "network"),
    ("feed: {spede: 1}", "feed.spede", "feed.speed"),
    ("feed: {simulated: {sead: 1}}", "feed.simulated.sead", "feed.simulated.seed"),
    ("market: {quality: {max_jump: 1}}", "market.quality.max_jump", "market.quality.maximum_jump"),
    ("accounts: [{id: main}, {id: two, csh: 5}]", "accounts.1.csh", "accounts.1.cash"),
    ("strategies: [{nam: x}]", "strategies.0.nam", "strategies.0.name"),
    ("ray: {placement: {market: {cpu: 1}}}", "ray.placement.market.cpu", "ray.placement.market.cpus"),
]


@pytest.mark.parametrize(("text", "key", "nearest"), UNKNOWN_KEYS, ids=[case[1] for case in UNKNOWN_KEYS])
def test_an_unknown_key_is_refused_with_its_file_and_the_nearest_valid_key(
    write: Write, text: str, key: str, nearest: str
) -> None:
    path = write(text)
    error = refused(path)
    assert error.message.startswith(f"{path}: unknown key {key}")
    assert error.field == key
    assert error.remedy == f"did you mean {nearest}?"
    assert nearest.rpartition(".")[2] in str(error.rule).removeprefix("one of ").split(", ")


def test_a_key_that_resembles_nothing_is_refused_with_what_there_is(write: Write) -> None:
    error = refused(write("feed: {qqqqqq: 1}"))
    assert error.remedy == "alphamind config show lists all keys"
    assert "batch_milliseconds" in str(error.rule)


WRONG_VALUES = [
    ("risk: {limits: {maximum_order_notional: 1000000000000}}", "risk.limits.maximum_order_notional", "92233720368"),
    ("accounts: [{id: main, cash: '0.000000001'}]", "accounts.0.cash", "8 decimal places"),
    ("network: {port: 70000}", "network.port", "less than or equal to 65535"),
    ("network: {port: x}", "network.port", "valid integer"),
    ("feed: {speed: fast}", "feed.speed", "to parse string as a number; or Input should be 'max'"),
    ("feed: {speed: -1}", "feed.speed", "greater than 0; or Input should be 'max'"),
    ("instruments: {price_increment: x}", "instruments.price_increment", "valid decimal; or Input should be 'auto'"),
    ("forecaster: {lags: [1, 2]}", "forecaster.lags.2", "Field required"),
    ("forecaster: {lags: [1, 2, x]}", "forecaster.lags.2", "valid integer"),
    ("forecaster: {quantiles: [0.1, 2]}", "forecaster.quantiles.1", "less than 1"),
    ("accounts: [{id: 'a b'}]", "accounts.0.id", "match pattern"),
    ("strategies: [{name: x, account: main}]", "strategies.0.implementation", "Field required"),
    ("risk: {stress: {crash: -2}}", "risk.stress.crash", "greater than -1"),
    ("ray: {placement: {oms: {cpus: 0}}}", "ray.placement.oms.cpus", "greater than 0"),
    ("ray: {placement: {omss: {cpus: 1}}}", "ray.placement", "did you mean oms?"),
    ("ray: {placement: {quartermaster: {cpus: 1}}}", "ray.placement", "there is no role 'quartermaster', only market"),
    ("ray: 5", "ray", "valid dictionary"),
    ("ray:", "ray", "valid dictionary"),
    ("journal: {durability: replicated}", "journal", "durability replicated needs medium postgres"),
    ("oms: {shards: 4, partitions: 2}", None, "oms: more shards than partitions"),
    ("accounts: [{id: a}, {id: a}]", None, "accounts: an id occurs twice"),
    ("strategies: [{name: x, implementation: 'a:B', account: nobody}]", None, "trades for account 'nobody'"),
    (
        "strategies: [{name: x, implementation: a:B, account: main}, {name: x, implementation: a:C, account: main}]",
        None,
        "strategies: a name occurs twice",
    ),
]


@pytest.mark.parametrize(("text", "key", "rule"), WRONG_VALUES, ids=[case[0][:40] for case in WRONG_VALUES])
def test_a_wrong_value_is_refused_with_its_key_and_the_rule(
    write: Write, text: str, key: str | None, rule: str
) -> None:
    error = refused(write(text))
    assert error.field == key
    assert rule in str(error.rule)


def test_an_error_names_the_layer_that_the_value_came_from(write: Write) -> None:
    path = write("network: {port: 5}")
    assert refused(path, overrides=("network.port=x",)).message.startswith("--set network.port: wrong value")
    assert refused(write("network: {port: x}"), overrides=("feed.speed=1",)).message.startswith(str(path))


def test_several_problems_are_counted_and_the_alternatives_of_one_key_are_one(write: Write) -> None:
    assert "(and 1 more)" in refused(write("feed: {speed: fast, bach_milliseconds: 1}")).message
    assert "more)" not in refused(write("feed: {speed: fast}")).message


@pytest.mark.parametrize(
    ("files", "overrides", "field"),
    [
        (["missing.yaml"], [], "--config"),
        (["."], [], "--config"),
        (["broken.yaml"], [], "--config"),
        (["binary.yaml"], [], "--config"),
        (["list.yaml"], [], "--config"),
        ([], ["feed.speed"], "--set"),
        ([], ["feed.speed={"], "--set"),
    ],
)
def test_what_can_not_be_read_is_refused(
    tmp_path: pathlib.Path, files: list[str], overrides: list[str], field: str
) -> None:
    (tmp_path / "broken.yaml").write_text("feed: {")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "list.yaml").write_text("- feed")
    assert refused(*(tmp_path / name for name in files), overrides=tuple(overrides)).field == field


def test_an_unknown_profile_is_refused() -> None:
    error = refused(profile="locale")
    assert (error.field, error.rule) == ("profile", "one of local, services, cluster")


def test_an_empty_file_changes_nothing(write: Write) -> None:
    assert load(files=[write("# nothing\n")], environment={}) == load(environment={})


def test_only_a_shipped_profile_extends_another(write: Write) -> None:
    assert refused(write("extends: local")).field == "extends"


def test_the_configuration_is_shown_whole_and_without_its_secrets() -> None:
    configuration = load("cluster", environment=DSN)
    text = render(configuration)
    shown = yaml.safe_load(text)
    assert "geheim" not in text and "geheim" not in repr(configuration)
    assert shown["journal"]["dsn"] == "**********"
    assert set(shown) == set(Configuration.model_fields)
    assert shown["ray"]["placement"]["oms"]["resources"] == {"engine": 0.01}


def test_what_is_shown_can_be_loaded_again(write: Write) -> None:
    configuration = load(overrides=["feed.symbols=[AAPL]", "feed.start=2024-01-02T10:00:00"], environment={})
    assert load(files=[write(render(configuration))], environment={}) == configuration


def test_a_secret_of_the_wrong_kind_is_not_shown_either(write: Write) -> None:
    error = refused(write("journal: {dsn: [geheim]}"))
    assert error.field == "journal.dsn" and "geheim" not in str(error)


def test_the_configuration_is_frozen() -> None:
    with pytest.raises(ValueError):
        load(environment={}).network.port = 1  # type: ignore[misc]


def test_an_explanation_accompanies_every_knob() -> None:
    def silent(model: type, path: str) -> list[str]:
        found = []
        for name, field in model.model_fields.items():  # type: ignore[attr-defined]
            section = hasattr(field.annotation, "model_fields")
            if section:
                found += silent(field.annotation, f"{path}{name}.")
            elif not field.description:
                found.append(f"{path}{name}")
        return found

    sections = {"accounts", "strategies"}
    assert set(silent(Configuration, "")) <= sections
