"""The API over the real OMS: an order before the first price is refused by the gate, and on record."""

from actors.oms.service import OmsService
from actors.service import socket_path
from tests.actors.oms.fakes import FakeMarket, FakeVenue, until
from tests.serve_apps.api.harness import INSTRUMENTS, MARKET_ORDER, in_api

ORDER = {**MARKET_ORDER, "client_order_id": "a-1"}


def test_an_order_takes_the_whole_way_and_back(tmp_path):
    async def test(api):
        await api.oms.server.close()
        oms = OmsService("oms-0", api.directory, api.configuration, INSTRUMENTS, shard=0, shards=1, markets=())
        await oms.start()
        try:
            headers = api.token("write:trade", "read:portfolio")
            refused = await api.http.post("/trades", json=ORDER, headers=headers)
            problem = refused.json()
            assert refused.status_code == 422 and problem["code"] == problem["order"]["reject_code"]
            assert problem["code"] not in ("INPUT_INVALID", "ORDER_REJECTED")
            again = await api.http.post("/trades", json=ORDER, headers=headers)
            assert {**again.json(), "request_id": ""} == {**problem, "request_id": ""}
            other = await api.http.post("/trades", json={**ORDER, "qty": "11"}, headers=headers)
            assert (other.status_code, other.json()["code"]) == (409, "CLIENT_ORDER_ID_REUSED")
            assert (other.json()["field"], other.json()["value"]) == ("qty", "11")
            found = await api.http.get("/trades/a-1", headers=headers)
            assert found.json() == problem["order"]
            listed = await api.http.get("/trades", headers=headers)
            assert listed.json()["trades"] == [problem["order"]]
            assert (await api.http.get("/trades?open=true", headers=headers)).json()["trades"] == []
            closed = await api.http.delete("/trades/a-1", headers=headers)
            assert (closed.status_code, closed.json()["code"]) == (409, "ORDER_CLOSED")
            for method in ("GET", "DELETE"):
                absent = await api.http.request(method, "/trades/a-2", headers=headers)
                assert (absent.status_code, absent.json()["code"]) == (404, "ORDER_NOT_FOUND")
        finally:
            await oms.stop()

    in_api(tmp_path, test)


def test_what_the_gate_refuses_names_field_value_limit_and_what_would_be_accepted(tmp_path):
    async def test(api):
        await api.oms.server.close()
        oms = OmsService("oms-0", api.directory, api.configuration, INSTRUMENTS, shard=0, shards=1, markets=())
        await oms.start()
        try:
            headers = api.token("write:trade", "read:portfolio")
            refused = (await api.http.post("/trades", json=ORDER, headers=headers)).json()
            assert (refused["code"], refused["field"], refused["value"]) == ("PRICE_UNAVAILABLE", "symbol", "none")
            assert (refused["rule"], refused["remedy"]) == (
                "a market price",
                "after its first price; send it under a new client_order_id",
            )
            exits = {"take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "95"}}
            listed = {**ORDER, **exits, "client_order_id": "l-1", "order_class": "bracket"}
            problem = (await api.http.post("/trades", json=listed, headers=headers)).json()
            assert (problem["status"], problem["code"]) == (422, "PRICE_UNAVAILABLE")
            assert len(problem["order"]["legs"]) == 2
            assert (await api.http.delete("/trades", headers=headers)).json()["canceled"] == []
            change = await api.http.patch("/trades/a-1", json={"qty": "5"}, headers=headers)
            assert (change.status_code, change.json()["code"]) == (409, "ORDER_CLOSED")
        finally:
            await oms.stop()

    in_api(tmp_path, test)


def test_every_kind_of_order_is_taken_changed_and_canceled(tmp_path):
    async def test(api):
        await api.oms.server.close()
        venue, market = FakeVenue(), FakeMarket()
        await venue.listen(socket_path(api.directory, "venue"))
        await market.server.listen(socket_path(api.directory, "market-0"))
        options = {"shard": 0, "shards": 1, "markets": ("market-0",)}
        oms = OmsService("oms-0", api.directory, api.configuration, INSTRUMENTS, **options)
        await oms.start()
        try:
            await until(lambda: all(host.venue.is_open for host in oms.hosted.hosts.values()))
            market.publish({0: 10_000}, time=1_704_205_800_000_000_000)
            await until(lambda: oms.prices.price(0) == 10_000)
            headers = api.token("write:trade", "read:portfolio")

            async def post(**order):
                return await api.http.post("/trades", json={**MARKET_ORDER, **order}, headers=headers)

            stop = await post(type="stop", stop_price="101", client_order_id="s")
            assert (stop.status_code, stop.json()["status"], stop.json()["stage"]) == (201, "new", "watching")
            assert (stop.json()["emulated"], stop.json()["trigger_price"]) == (["stop"], "101.00")
            moved = await api.http.patch("/trades/s", json={"stop_price": "102"}, headers=headers)
            assert (moved.status_code, moved.json()["stop_price"]) == (200, "102.00")
            refused = await api.http.patch("/trades/s", json={"qty": "99999999"}, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (422, "ORDER_QUANTITY_LIMIT")
            assert (refused.json()["field"], refused.json()["order"]["qty"]) == ("qty", "10")
            entry = await post(
                type="limit",
                limit_price="99",
                order_class="bracket",
                take_profit={"limit_price": "110"},
                stop_loss={"stop_price": "95"},
            )
            assert [leg["stage"] for leg in entry.json()["legs"]] == ["held", "held"]
            wrong = await post(type="stop", stop_price="99")
            assert (wrong.status_code, wrong.json()["code"]) == (422, "STOP_PRICE_WRONG_SIDE")
            assert wrong.json()["field"] == "stop_price" and wrong.json()["rule"]
            canceled = await api.http.delete("/trades", params={"side": "buy"}, headers=headers)
            assert set(canceled.json()["canceled"]) == {stop.json()["id"], entry.json()["id"]}
        finally:
            await oms.stop()
            await venue.close()
            await market.server.close()

    in_api(tmp_path, test)
