"""What travels between pytest's machine and nodes of a Ray cluster that share no disk with it.

    python benchmarks/cluster_traffic.py --select "architecture=faster_rcnn,method=tracing"

Starts a cluster on 127.0.0.1 of as many nodes as asked for, of a core each, runs the cells there
with empty caches, and prints what was sent and what came back beside what all of it makes: the
entries of the cache that is left. Needs the extra `ray`.
"""

# ruff: noqa: T201 - a script: it prints what it finds

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Read at the import of Ray: a cluster on 127.0.0.1 stays there.
os.environ.update(RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0", RAY_USAGE_STATS_ENABLED="0")

from ray.cluster_utils import Cluster

NOTE = re.compile(r"([\d.]+) MiB sent to the cluster, ([\d.]+) MiB came back")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--project", type=Path, default=Path(__file__).resolve().parents[1], help="its root")
    add("--select", action="append", required=True, metavar="EXPR", help="repeatable")
    add("--nodes", type=int, default=2)
    arguments = parser.parse_args()
    head = {"num_cpus": 0, "include_dashboard": False, "node_ip_address": "127.0.0.1"}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    with tempfile.TemporaryDirectory(prefix="cluster-traffic-") as scratch:
        try:
            for number in range(arguments.nodes):
                cache = {"EXPORT_MATRIX_NODE_CACHE": f"{scratch}/node-{number}"}
                address = f"127.0.0.{number + 2}"
                cluster.add_node(num_cpus=1, env_vars=cache, node_ip_address=address)
            return measure(arguments, f"ray:{cluster.address}", Path(scratch))
        finally:
            cluster.shutdown()


def measure(arguments: argparse.Namespace, executor: str, scratch: Path) -> int:
    words = [sys.executable, "-m", "pytest", "--export-matrix", "--tb=no", "-q"]
    words += ["-p", "no:cacheprovider", f"--export-matrix-executor={executor}"]
    words += [f"--export-matrix-cache={scratch}/driver", f"--export-matrix-reports={scratch}"]
    for text in arguments.select:
        words += ["--export-matrix-select", text]
    done = subprocess.run(words, cwd=arguments.project, capture_output=True, text=True)
    found = NOTE.search(done.stdout)
    if not found:
        print(done.stdout[-3000:], done.stderr[-3000:], file=sys.stderr)
        return 1
    results = json.loads((scratch / "results.json").read_text(encoding="utf-8"))
    print(f"{results['planned']} cells on {arguments.nodes} nodes, {results['seconds']:.0f} s")
    print(", ".join(f"{count} {name}" for name, count in results["counts"].items() if count))
    print(f"sent {found[1]} MiB, came back {found[2]} MiB")
    kinds = sorted(path for path in (scratch / "driver").glob("v*/*") if path.is_dir())
    for kind in kinds:
        sizes = [path.stat().st_size for path in kind.rglob("*") if path.is_file()]
        megabytes = sum(sizes) / 2**20
        if megabytes >= 0.1:
            print(f"  {kind.name}: {len(list(kind.iterdir()))} entries, {megabytes:.1f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
