import asyncio

import pytest

from actors.errors import Conflict, ProtocolError
from actors.service import socket_path
from tests.serve_apps.api.harness import MARKET_ORDER, in_api

BOTH = ("write:trade", "read:portfolio")


def break_once(api, method):
    """Take the request, then lose the connection before the answer."""

    def misbehave(request):
        if request.method != method or api.oms.asked.count(method) > 1:
            return False
        request.connection.close()
        return True

    api.oms.misbehave = misbehave


def test_an_order_whose_answer_was_lost_is_asked_for_again_and_is_one_order(tmp_path):
    async def test(api):
        break_once(api, "submit")
        answer = await api.http.post("/trades", json=MARKET_ORDER, headers=api.token(*BOTH))
        assert answer.status_code == 201
        assert api.oms.asked == ["submit", "submit"] and len(api.oms.orders) == 1
        assert api.backends._metrics.counters["requests_repeated_total"] == 1

    in_api(tmp_path, test)


def test_a_service_that_is_lost_twice_may_or_may_not_have_taken_the_order(tmp_path):
    async def test(api):
        api.oms.misbehave = lambda request: request.connection.close() or True
        order = {**MARKET_ORDER, "client_order_id": "a-1"}
        api.oms.orders.clear()
        answer = await api.http.post("/trades", json={**MARKET_ORDER}, headers=api.token(*BOTH))
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (503, "PEER_LOST")
        assert answer.headers["retry-after"] == "1"
        assert "client_order_id" in problem["remedy"]
        key = problem["client_order_id"]
        api.oms.misbehave = lambda request: False
        again = await api.http.post("/trades", json={**MARKET_ORDER, "client_order_id": key}, headers=api.token(*BOTH))
        assert again.status_code == 200 and len(api.oms.orders) == 1
        assert (await api.http.post("/trades", json=order, headers=api.token(*BOTH))).status_code == 201

    in_api(tmp_path, test)


def test_a_service_that_goes_away_for_good_after_the_order_is_a_lost_peer_not_an_absent_one(tmp_path):
    async def test(api):
        api.backends._connect_seconds = 0.3

        def misbehave(request):
            asyncio.get_running_loop().create_task(api.oms.server.close())
            return True

        api.oms.misbehave = misbehave
        answer = await api.http.post("/trades", json=MARKET_ORDER, headers=api.token(*BOTH))
        assert (answer.status_code, answer.json()["code"]) == (503, "PEER_LOST")

    in_api(tmp_path, test)


def test_a_service_that_is_slow_is_not_asked_twice(tmp_path):
    async def test(api):
        api.backends._answer_seconds = 0.1
        api.oms.misbehave = lambda request: True
        answer = await api.http.post("/trades", json=MARKET_ORDER, headers=api.token(*BOTH))
        assert (answer.status_code, answer.json()["code"]) == (503, "ANSWER_TIMEOUT")
        assert "client_order_id" in answer.json()["remedy"]
        assert api.oms.asked == ["submit"]

    in_api(tmp_path, test)


def test_a_service_that_is_away_is_waited_for(tmp_path):
    async def test(api):
        await api.oms.server.close()

        async def come_back():
            await asyncio.sleep(0.3)
            await api.oms.server.listen(socket_path(api.directory, "oms-0"))

        _, answer = await asyncio.gather(come_back(), api.http.get("/trades", headers=api.token(*BOTH)))
        assert answer.status_code == 200

    in_api(tmp_path, test)


def test_a_service_that_never_comes_is_unavailable_and_nothing_was_changed(tmp_path):
    async def test(api):
        api.backends._connect_seconds = 0.1
        order = {**MARKET_ORDER, "client_order_id": "a"}
        for answer in (
            await api.http.post("/trades", json=order, headers=api.token(*BOTH)),
            await api.http.get("/portfolios/main/positions", headers=api.token(*BOTH)),
            await api.http.get("/risk/metrics", headers=api.token("read:risk")),
        ):
            assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")

    async def run():
        from tests.serve_apps.api.harness import running

        async with running(tmp_path, start=False) as api:
            await test(api)

    asyncio.run(run())


@pytest.mark.parametrize("fault", ["method", "protocol"])
def test_a_service_of_another_version_is_a_defect_not_a_missing_order(tmp_path, fault):
    async def test(api):
        def misbehave(request):
            raise ProtocolError("another version")

        api.oms.misbehave = misbehave
        if fault == "method":
            del api.oms.server.handlers["order"]
        answer = await api.http.get("/trades/a", headers=api.token(*BOTH))
        assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")

    in_api(tmp_path, test)


def test_another_conflict_of_the_oms_is_told_as_it_is(tmp_path):
    async def test(api):
        def misbehave(request):
            raise Conflict("no", code="SOMETHING_ELSE")

        api.oms.misbehave = misbehave
        answer = await api.http.post("/trades", json=MARKET_ORDER, headers=api.token(*BOTH))
        assert (answer.status_code, answer.json()["code"]) == (409, "SOMETHING_ELSE")

    in_api(tmp_path, test)
