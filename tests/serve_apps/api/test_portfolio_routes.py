import pytest

from tests.serve_apps.api.harness import in_api


def test_positions_are_shown_in_decimals_as_of_one_moment(tmp_path):
    async def test(api):
        api.book("main", 10, 10_000)
        answer = await api.http.get("/portfolios/main/positions", headers=api.token("read:portfolio"))
        assert answer.status_code == 200
        shown = answer.json()
        (row,) = shown["positions"]
        assert (row["symbol"], row["quantity"], row["price"]) == ("SIM001", "10", "101.00")
        assert (row["market_value"], row["cost"], row["average_cost"]) == ("1010.00", "1000.00", "100")
        assert (row["unrealised"], row["fees"], row["price_time"]) == ("10.00", "0.50", "2024-01-02T14:30:00.123Z")
        assert (shown["portfolio"], shown["cash"], shown["equity"]) == ("main", "998999.50", "1000009.50")
        assert (shown["as_of"], shown["market_sequence"]) == ("2024-01-02T14:30:00.123Z", 7)
        assert shown["oms_sequences"] == {"0": 2}
        assert "account" not in shown and "instrument" not in row

    in_api(tmp_path, test)


def test_an_empty_portfolio_is_shown_before_the_first_price(tmp_path):
    async def test(api):
        shown = (await api.http.get("/portfolios/main/positions", headers=api.token("read:portfolio"))).json()
        assert (shown["positions"], shown["cash"], shown["as_of"]) == ([], "0.00", None)

    in_api(tmp_path, test)


def test_the_summary_says_how_a_portfolio_has_done(tmp_path):
    async def test(api):
        api.book("two", 10, 10_000)
        shown = (await api.http.get("/portfolios/two/summary", headers=api.token("read:portfolio"))).json()
        assert (shown["portfolio"], shown["profit"], shown["drawdown"]) == ("two", "9.50", 0.0)
        assert (shown["sampled_at"], shown["as_of"]) == (None, "2024-01-02T14:30:00.123Z")
        empty = (await api.http.get("/portfolios/one/summary", headers=api.token("read:portfolio"))).json()
        assert (empty["portfolio"], empty["profit"]) == ("one", "0.00")

    in_api(tmp_path, test, "one", "two")


@pytest.mark.parametrize("view", ["positions", "summary"])
@pytest.mark.parametrize("portfolio", ["two", "nowhere", "🙂", "%00", "x" * 128])
def test_another_clients_portfolio_does_not_exist(tmp_path, view, portfolio):
    async def test(api):
        headers = api.token("read:portfolio", portfolios=frozenset({"one"}))
        answer = await api.http.get(f"/portfolios/{portfolio}/{view}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "PORTFOLIO_NOT_FOUND")

    in_api(tmp_path, test, "one", "two")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/portfolios/main/positions?include_closed=x", "include_closed"),
        ("/portfolios/main/positions?closed=true", "closed"),
        ("/portfolios/main/summary?as_of=now", "as_of"),
        (f"/portfolios/{'x' * 200}/positions", "id"),
    ],
)
def test_a_wrong_question_is_refused(tmp_path, path, field):
    async def test(api):
        answer = await api.http.get(path, headers=api.token("read:portfolio"))
        assert (answer.status_code, answer.json()["field"]) == (422, field)

    in_api(tmp_path, test)
