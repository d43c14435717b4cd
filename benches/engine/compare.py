#!/usr/bin/env python3
"""Compares omni with the engine's own calls on one graph, and prints a table.

The graph is that of raw.py. Every run is a project of its own, so nothing is there before it: one run is a first `omni
apply`, an `omni plan` with nothing to do, an update of one service, and an update that fails its health check and is
undone. Raw runs and omni's take turns, so that a busy machine slows both. What a run made is removed after it.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import raw

CHANGED = "worker"
ROWS = ["raw calls", "first apply", "plan, no changes", "update of one service", "failing update, undone"]


def spec(project):
    """The chain as a deploy.toml; `NOTE` changes one service and `HEALTHY` breaks it."""
    lines = ["[project]", f'name = "{project}"', 'version = "1"', "", "[networks.chain]"]
    for name, requires in raw.CHAIN.items():
        environment = {"PORT": "8080", "VERSION": name}
        if requires:
            environment["BACKEND"] = f"{requires[0]}:8080"
        if name == CHANGED:
            environment |= {"NOTE": "${NOTE:-first}", "HEALTHY": "${HEALTHY:-true}"}
        pairs = ", ".join(f"{key} = {json.dumps(value)}" for key, value in environment.items())
        health = f'interval = "{raw.HEALTH_INTERVAL}s", timeout = "3s", retries = 3, start_period = "1s"'
        lines += [
            "",
            f"[services.{name}]",
            f'image = "{raw.IMAGE}"',
            'pull_policy = "never"',
            f"environment = {{ {pairs} }}",
            'networks = ["chain"]',
            "init = true",
            f'resources.limits = {{ memory = "{raw.MEMORY // 2**20}MiB" }}',
            f'healthcheck = {{ test = ["/web", "health"], {health} }}',
            'update = { progress_deadline = "10s" }',
        ]
        if requires:
            lines.append("depends_on = { " + ", ".join(f'{other} = "healthy"' for other in requires) + " }")
    return "\n".join(lines) + "\n"


def omni(program, folder, *words, ok=0, **environment):
    """Runs omni and returns the seconds it took; another exit code than `ok` ends the comparison."""
    begun = time.monotonic()
    run = subprocess.run(
        [program, *words, "--no-input"],
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    took = time.monotonic() - begun
    if run.returncode != ok:
        sys.exit(f"compare.py: omni {' '.join(words)} ended with {run.returncode}, not {ok}\n{run.stdout}{run.stderr}")
    return took


def omni_run(engine, program, project, times):
    """One project from its first apply to an undone one."""
    with tempfile.TemporaryDirectory(prefix="omni-bench-") as folder:
        pathlib.Path(folder, "deploy.toml").write_text(spec(project), encoding="utf-8")
        try:
            times["first apply"].append(omni(program, folder, "apply", "--yes"))
            times["plan, no changes"].append(omni(program, folder, "plan", "--exit-code"))
            times["update of one service"].append(omni(program, folder, "apply", "--yes", NOTE="second"))
            failing = {"NOTE": "third", "HEALTHY": "false"}
            times["failing update, undone"].append(omni(program, folder, "apply", "--yes", ok=1, **failing))
            omni(program, folder, "plan", "--exit-code", NOTE="second")
        finally:
            engine.remove_labelled(f"omni.project={project}")


def measure(engine, program, project, times):
    """One run of each, the raw one first."""
    try:
        times["raw calls"].append(raw.deploy(engine, f"{project}-raw"))
    finally:
        engine.remove_labelled(f"omni.bench={project}-raw")
    if program:
        omni_run(engine, program, project, times)


def table(times):
    lines = ["| what | n | min | median | max |", "|---|--:|--:|--:|--:|"]
    for name, seconds in times.items():
        if seconds:
            figures = [min(seconds), statistics.median(seconds), max(seconds)]
            lines.append(f"| {name} | {len(seconds)} | " + " | ".join(f"{figure:.2f} s" for figure in figures) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--omni", help="the program; without it only the raw calls are measured")
    parser.add_argument("--runs", type=int, default=7)
    words = parser.parse_args()
    program = words.omni and str(pathlib.Path(words.omni).resolve())
    engine = raw.Engine(raw.socket_path())
    engine.build()
    times = {name: [] for name in ROWS}
    try:
        for run in range(words.runs):
            measure(engine, program, f"omni-bench-{os.getpid()}-{run}", times)
    finally:
        engine.remove_image()

    version = engine.call("GET", "/version")
    print(f"\nSix services, health interval {raw.HEALTH_INTERVAL} s, Docker {version['Version']}, {os.cpu_count()} processors,")
    print(f"{platform.platform()}, load {os.getloadavg()[0]:.1f} at the end\n")
    print(table(times))
    if program:
        ratio = statistics.median(times["first apply"]) / statistics.median(times["raw calls"])
        print(f"\nfirst apply / raw calls: {ratio:.2f} (medians)")


if __name__ == "__main__":
    main()
