# A client of flows, as the document's readers write one: httpx, no more. Prints one JSON object.
import json
import sys
import time
import uuid

import httpx

base = sys.argv[1]
api = httpx.Client(base_url=base, timeout=30)


def check(execution_id):
    while True:
        response = api.get(f"/api/v1/poem-flow/execution/{execution_id}")
        response.raise_for_status()
        execution = response.json()
        if execution["status"] in ("completed", "failed"):
            return execution
        assert execution["result"] is None and execution["error"] is None
        time.sleep(0.2)


health = api.get("/health").json()
root = api.get("/").json()

response = api.post("/api/v1/poem-flow/execute", json={"sentence_count": 3})
response.raise_for_status()
started = response.json()
execution = check(started["execution_id"])

everything = api.get("/api/v1/executions").json()
completed = api.get(
    "/api/v1/executions",
    params={"flow_name": "poem_flow", "status": "completed", "limit": 10},
).json()

wrong = [
    api.post("/api/v1/poem-flow/execute", json=body).status_code
    for body in ({"sentence_count": 0}, {"sentence_count": "3"}, {"sentence_count": True}, [])
]
missing = api.get(f"/api/v1/poem-flow/execution/{uuid.uuid4()}")

# Each poem of its own: nothing is mixed up when they are executed side by side.
ids = [
    api.post("/api/v1/poem-flow/execute", json={"sentence_count": count}).json()["execution_id"]
    for count in range(1, 6)
]
side_by_side = [check(execution_id)["result"]["sentence_count"] for execution_id in ids]

print(
    json.dumps(
        {
            "health": health,
            "endpoints": "/api/v1/poem-flow/execute" in json.dumps(root),
            "started": started,
            "execution": execution,
            "listed": [
                [one for one in found if one["execution_id"] == started["execution_id"]]
                for found in (everything, completed)
            ],
            "wrong": wrong,
            "missing": [missing.status_code, missing.json()["detail"].split(" ")[0]],
            "side_by_side": side_by_side,
            "bad_status": api.get("/api/v1/executions", params={"status": "done"}).status_code,
            "unknown_flow": api.get("/api/v1/executions", params={"flow_name": "no_flow"}).json(),
        }
    )
)
