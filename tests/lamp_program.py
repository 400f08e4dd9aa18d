"""A program that orders lamps with a tool of its own, or fails to in the way that its first argument names."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

HOW = sys.argv[1] if len(sys.argv) > 1 else "does"
PROMPT = os.environ["PERTURB_PROMPT"]
STOCK = {"lamp": 3}
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
TOOL = {
    "name": "order_items",
    "description": "Order items from the supplier.",
    "parameters": {"type": "object", "properties": {"item": TEXT, "number": NUMBER}, "required": ["item", "number"]},
}


def post(url: str, body: object) -> dict:
    headers = {"content-type": "application/json", "authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)) as response:
        return json.load(response)


def work() -> None:
    messages = [{"role": "system", "content": "You keep a shelf."}, {"role": "user", "content": PROMPT}]
    tools = [{"type": "function", "function": TOOL}]
    while True:
        asked = {"model": "adaptive", "messages": messages, "tools": tools}
        message = post(os.environ["OPENAI_BASE_URL"] + "/chat/completions", asked)["choices"][0]["message"]
        messages.append(message)
        if not message.get("tool_calls"):
            return
        for call in message["tool_calls"]:
            given = json.loads(call["function"]["arguments"])
            STOCK[given["item"]] += given["number"]
            told = json.dumps({"now": STOCK[given["item"]]})
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": told})


if HOW == "never asks":
    sys.exit("no such module: my_agent")
if HOW == "hangs":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(sys.argv[2], "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    time.sleep(600)
if HOW == "tells its environment":
    with open(sys.argv[2], "w") as file:
        json.dump({name: value for name, value in os.environ.items() if name.startswith(("PERTURB_", "OPENAI_"))}, file)
work()
if HOW == "is killed":
    os.kill(os.getpid(), signal.SIGKILL)
if HOW == "says so by a call":
    post(os.environ["PERTURB_OUTCOME_URL"], {"passed": True})
    sys.exit(1)
if HOW in ("says so in a file", "says nothing in a file"):
    with open(os.environ["PERTURB_OUTCOME_FILE"], "w") as file:
        file.write('{"passed": true}' if HOW == "says so in a file" else "yes")
    sys.exit(1)
wanted = 3 + next(int(word) for word in PROMPT.split() if word.isdecimal())
sys.exit(0 if STOCK["lamp"] == wanted and HOW != "gives up" else 1)
