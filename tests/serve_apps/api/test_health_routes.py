from tests.serve_apps.api.harness import in_api


def test_it_is_ready_when_all_services_are_reachable(tmp_path):
    async def test(api):
        assert (await api.http.get("/healthz")).json() == {"status": "live"}
        answer = await api.http.get("/readyz")
        services = {"oms-0": True, "portfolio": True, "risk": True}
        assert (answer.status_code, answer.json()) == (200, {"status": "ready", "services": services})

    in_api(tmp_path, test)


def test_it_is_alive_but_not_ready_without_them(tmp_path):
    async def test(api):
        assert (await api.http.get("/healthz")).status_code == 200
        await api.oms.server.close()
        answer = await api.http.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "NOT_READY")
        assert answer.json()["services"] == {"oms-0": False, "portfolio": True, "risk": True}
        assert answer.headers["retry-after"]

    in_api(tmp_path, test)
