# A client of research tasks: the tests of the system's document, in their own words, and what its readers write beside them.
# httpx and websockets, no more. Prints one JSON object.
import asyncio
import json
import sys
import time

import httpx
import websockets

base = sys.argv[1]
client = httpx.Client(base_url=base, timeout=60)


def test_create_task(client):
    response = client.post("/api/tasks/research", json={
        "company": "Test Corp",
        "focus_areas": ["products"]
    })

    assert response.status_code == 200
    assert "agent_id" in response.json()


def test_get_status_not_found(client):
    response = client.get("/api/tasks/nonexistent/status")
    assert response.status_code == 404


def create(company, **more):
    response = client.post("/api/tasks/research", json={"company": company, **more})
    response.raise_for_status()
    return response.json()["agent_id"]


def poll(agent_id):
    seen = []
    while True:
        status = client.get(f"/api/tasks/{agent_id}/status").json()
        if status["status"] not in seen:
            seen.append(status["status"])
        if status["status"] in ("COMPLETE", "ERROR", "CANCELED"):
            return seen, status
        time.sleep(0.05)


async def watch(agent_id):
    messages = []
    async with websockets.connect(f"{base.replace('http', 'ws')}/api/ws/tasks/{agent_id}") as socket:
        async for message in socket:
            messages.append(json.loads(message))
    return messages, socket.close_code


async def watch_all(agent_id, count):
    return await asyncio.gather(*(watch(agent_id) for _ in range(count)))


test_create_task(client)
test_get_status_not_found(client)

polled = create("Polled", focus_areas=["news", "price"], priority="high")
seen, status = poll(polled)
result = client.get(f"/api/tasks/{polled}/result", params={"timeout": 5}).json()
detail = client.get(f"/api/activities/{polled}").json()

# The server pings, and the client checks that it is answered: it does so every 20 s on its own account.
watched = create("Watched")
many = asyncio.run(watch_all(watched, 50))
unknown = asyncio.run(watch("nonexistent"))

slow = create("Slow")
late = client.get(f"/api/tasks/{slow}/result", params={"timeout": 1})

# Newest first; others have runs here, too, and make more meanwhile.
mine = [slow, watched, polled]
listed = []
page = pages = 1
while page <= pages and len(listed) < len(mine):
    answer = client.get("/api/activities", params={"page": page, "page_size": 100}).json()
    ids = [item["agent_id"] for item in answer["items"]]
    listed += [one for one in ids if one in mine and one not in listed]
    pages = answer["pages"]
    page += 1

codes = [client.post("/api/tasks/research", json={"company": "Quick"}).status_code for _ in range(7)]
refused = client.post("/api/tasks/research", json={"company": "Refused"})

print(json.dumps({
    "polled": polled,
    "seen": seen,
    "status": status,
    "result": result,
    "logs": [[log["message"], log["status"], log["progress"]] for log in detail["logs"]],
    "sockets": len(many),
    "same": len({json.dumps([m for i, m in enumerate(ms) if i == 0 or m != ms[i - 1]]) for ms, _ in many}),
    "first": many[0][0][0],
    "last": [ms[-1] for ms, _ in many][0],
    "codes": sorted({code for _, code in many}),
    "unknown": unknown,
    "late": [late.status_code, late.json()["detail"]],
    "listed": listed == mine,
    "started": codes,
    "refused": [refused.status_code, refused.json()["error"], int(refused.headers["retry-after"]) > 0],
}))
