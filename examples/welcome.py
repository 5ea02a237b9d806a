"""One call, three ways: ring a phone, play a greeting, wait for a digit, and connect it with another phone.

    export XSWITCH_URL=http://127.0.0.1:8081 XSWITCH_KEY=xs_...
    python examples/welcome.py rest 1001 1002      # or rpc, or flow

Needs httpx, a sound called "welcome" on the switch, and for the third way `flows/welcome.py`. Prints the call's id.
"""

import os
import sys
from typing import Any

import httpx

__all__ = ["by_flow", "by_rest", "by_rpc"]

Json = dict[str, Any]


def by_rest(api: httpx.Client, phone: str, other: str) -> str:
    """Say it step by step, with REST."""
    call = post(api, "/calls", {"from": phone, "wait": True})["id"]
    post(api, f"/calls/{call}/play", {"source": "file:welcome", "wait": True})
    if post(api, f"/calls/{call}/gather", {"most": 1, "timeout": 20})["digits"]:
        post(api, f"/calls/{call}/bridge", {"to": other, "wait": True})
    else:
        api.delete(f"/api/v1/calls/{call}").raise_for_status()
    return str(call)


def by_rpc(api: httpx.Client, phone: str, other: str) -> str:
    """Say the same with JSON-RPC, in the words of XCC."""
    uuid = ask(api, "XNode.Dial", destination=user(phone))["uuid"]
    ask(api, "XNode.Play", uuid=uuid, media={"type": "FILE", "data": "welcome"})
    if ask(api, "XNode.ReadDTMF", uuid=uuid, max_digits=1, timeout=20_000)["dtmf"]:
        ask(api, "XNode.Bridge", uuid=uuid, destination=user(other), flow_control="ANY")
    else:
        ask(api, "XNode.Hangup", uuid=uuid)
    return str(ask(api, "XNode.GetChannelData", uuid=uuid)["data"]["Channel-Call-UUID"])


def by_flow(api: httpx.Client, phone: str, other: str) -> str:
    """Leave it to a flow: `flows/welcome.py` is what happens to who dials 8000."""
    body = {"from": phone, "to": "8000", "variables": {"other": other}, "wait": True}
    return str(post(api, "/calls", body)["id"])


def post(api: httpx.Client, path: str, body: Json) -> Json:
    """Ask for something by REST; a refusal ends the program."""
    answer = api.post(f"/api/v1{path}", json=body)
    if answer.is_error:
        raise SystemExit(f"{path}: {answer.text}")
    return dict(answer.json())


def ask(api: httpx.Client, method: str, **params: Any) -> Json:
    """Ask for something by JSON-RPC; a refusal ends the program."""
    answer = api.post("/rpc", json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).json()
    result = answer.get("result", {})
    if result.get("code") != httpx.codes.OK:
        raise SystemExit(f"{method}: {answer}")
    return dict(result)


def user(number: str) -> Json:
    """Name somebody to ring, in the words of XCC."""
    return {"call_params": [{"dial_string": f"user/{number}"}]}


def main(way: str, phone: str, other: str) -> None:
    """Do it one way."""
    key = {"Authorization": f"Bearer {os.environ['XSWITCH_KEY']}"}
    url = os.environ.get("XSWITCH_URL", "http://127.0.0.1:8081")
    with httpx.Client(base_url=url, headers=key, timeout=90) as api:
        sys.stdout.write(f"{WAYS[way](api, phone, other)}\n")


WAYS = {"rest": by_rest, "rpc": by_rpc, "flow": by_flow}

if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in WAYS:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
