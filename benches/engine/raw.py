#!/usr/bin/env python3
"""The least that a deployment of the six-service chain can cost on this engine: its calls, and nothing else.

    db <- api1, api2, worker <- gateway <- web

Each service is made, started and asked for its health at once, again after growing pauses, as soon as all it requires is
ready; what the graph allows runs side by side. No plan, no lock, no journal, no check of anything: a floor to compare with.
Uses the engine's API over its unix socket and the standard library. Run alone, it prints the seconds of each run.
"""

import argparse
import http.client
import io
import json
import os
import pathlib
import socket
import tarfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGE = "omni-bench-web:1"
# What each service requires, in an order in which they can be made.
CHAIN = {
    "db": [],
    "api1": ["db"],
    "api2": ["db"],
    "worker": ["db"],
    "gateway": ["api1", "api2", "worker"],
    "web": ["gateway"],
}
HEALTH_INTERVAL = 5
MEMORY = 64 * 2**20
DEADLINE = 60
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.5


class EngineError(Exception):
    """The engine said no."""


class Engine:
    """The engine's API. Every call has a connection of its own, so threads can share it."""

    def __init__(self, path):
        self.path = path

    def call(self, method, path, body=None, kind="application/json", ok=(200, 201, 204, 304)):
        connection = http.client.HTTPConnection("engine", timeout=DEADLINE)
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(DEADLINE)
        connection.sock.connect(self.path)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, data, {"Content-Type": kind})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status not in ok:
            raise EngineError(f"{method} {path}: {answer.status} {text.decode(errors='replace').strip()}")
        return json.loads(text) if text.startswith((b"{", b"[")) and b"\n{" not in text else text

    def build(self):
        """Builds the example's image; nothing is pulled."""
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as tar:
            for name in ("Dockerfile", "web"):
                tar.add(ROOT / "examples/hello/build" / name, arcname=name)
        out = self.call("POST", f"/build?t={IMAGE}&rm=1", context.getvalue(), "application/x-tar")
        if b'"error"' in (out if isinstance(out, bytes) else json.dumps(out).encode()):
            raise EngineError(f"the image was not built: {out}")

    def remove_image(self):
        """Removes the image that `build` made, unless a container still needs it."""
        self.call("DELETE", f"/images/{IMAGE}", ok=(200, 404, 409))

    def labelled(self, what, label):
        filters = urllib.parse.quote(json.dumps({"label": [label]}))
        return self.call("GET", f"/{what}?all=1&filters={filters}")

    def remove_labelled(self, label):
        """Removes every container, network and image that carries this label."""
        for container in self.labelled("containers/json", label):
            self.call("DELETE", f"/containers/{container['Id']}?force=1&v=1", ok=(204, 404))
        for network in self.labelled("networks", label):
            self.call("DELETE", f"/networks/{network['Id']}", ok=(204, 404))
        for image in self.labelled("images/json", label):
            self.call("DELETE", f"/images/{image['Id']}", ok=(200, 404))


def start_service(engine, project, network, name):
    """Makes and starts one container, and returns once its health command ends with 0."""
    upstream = CHAIN[name][:1]
    environment = ["PORT=8080", f"VERSION={name}"] + [f"BACKEND={other}:8080" for other in upstream]
    container = engine.call(
        "POST",
        f"/containers/create?name={project}-{name}",
        {
            "Image": IMAGE,
            "Env": environment,
            "Labels": {"omni.bench": project},
            "Healthcheck": {"Test": ["CMD", "/web", "health"], "Interval": HEALTH_INTERVAL * 10**9},
            "HostConfig": {"Init": True, "Memory": MEMORY, "NetworkMode": network},
            "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": [name]}}},
        },
    )["Id"]
    engine.call("POST", f"/containers/{container}/start")
    pause, deadline = FIRST_PAUSE, time.monotonic() + DEADLINE
    while not is_healthy(engine, container):
        if time.monotonic() > deadline:
            raise EngineError(f"{name} did not get well within {DEADLINE} s")
        time.sleep(pause)
        pause = min(pause * 1.6, LONGEST_PAUSE)


def is_healthy(engine, container):
    run = engine.call("POST", f"/containers/{container}/exec", {"Cmd": ["/web", "health"], "AttachStdout": True})["Id"]
    # The answer's body ends when the command ends.
    engine.call("POST", f"/exec/{run}/start", {"Detach": False})
    return engine.call("GET", f"/exec/{run}/json")["ExitCode"] == 0


def deploy(engine, project):
    """Deploys the chain and returns the seconds it took."""
    ready = {name: threading.Event() for name in CHAIN}
    faults = []
    begun = time.monotonic()
    network = f"{project}-chain"
    engine.call("POST", "/networks/create", {"Name": network, "Labels": {"omni.bench": project}})

    def run(name):
        try:
            if all(ready[other].wait(DEADLINE) for other in CHAIN[name]) and not faults:
                start_service(engine, project, network, name)
        except (EngineError, OSError) as fault:
            faults.append(fault)
        finally:
            ready[name].set()

    threads = [threading.Thread(target=run, args=(name,)) for name in CHAIN]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return time.monotonic() - begun


def socket_path():
    """The socket that `DOCKER_HOST` names, or the usual one."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not host.startswith("unix://"):
        raise SystemExit(f"raw.py: DOCKER_HOST is {host}; only unix sockets are known here")
    return host.removeprefix("unix://")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    engine = Engine(socket_path())
    engine.build()
    try:
        for run in range(runs):
            project = f"omni-bench-raw-{os.getpid()}-{run}"
            try:
                print(f"{deploy(engine, project):.2f}", flush=True)
            finally:
                engine.remove_labelled(f"omni.bench={project}")
    finally:
        engine.remove_image()


if __name__ == "__main__":
    main()
