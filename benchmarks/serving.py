"""Serving: how much of bare ONNX Runtime is left behind a server, and against peers.

32 clients on keep-alive connections ask for one picture a request, again and again,
from one thread beside the server (`benchmarks.load`). `small` is a network for 28 by 28
pixels, `photo` EfficientNet-Lite0 for 224 by 224. The floor is the same graph in one
process without a server, on batches of the size that the server formed
(`benchmarks.sides.serving_bare`). LitServe and MLServer run from environments of their
own, with the same graph, in the way that their documentation shows, batching on. Sides
take turns; every server is started anew for every turn.

    python -m benchmarks.serving [--quick]

ratio: requests a second of Visus over those of the quicker peer, each asked in JSON,
`small`. Before it: p99 latencies, the share of the floor that is left (by the clock and
by the server's processor seconds), one client's latency, and the cold start.
"""

import argparse
import json
import shutil
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.data import NO_DATA, own_home, scratch_folder, shared_archive, unpack
from benchmarks.environments import NotInstalled, environment_python, versions_in
from benchmarks.load import generate_load
from benchmarks.measure import (
    Measurement,
    Spread,
    describe_machine,
    last_line,
    machine_lines,
    run_side,
    table,
    tell_progress,
    values_of,
    write_results,
)
from benchmarks.servers import Running, free_port, running, visus_command
from benchmarks.serving_requests import write_all

CLIENTS = 32
SECONDS, QUICK_SECONDS = 8.0, 3.0
ROUNDS, QUICK_ROUNDS = 5, 2
MODELS = ("small", "photo")
BARE, VISUS, LITSERVE, MLSERVER = "bare", "Visus", "LitServe", "MLServer"
# Side, model, way of asking.
ASKED = (
    (VISUS, "small", "binary"),
    (VISUS, "small", "json"),
    (LITSERVE, "small", "litserve"),
    (MLSERVER, "small", "mlserver"),
    (VISUS, "photo", "binary"),
    (VISUS, "photo", "json"),
    (VISUS, "photo", "jpeg"),
    (LITSERVE, "photo", "litserve"),
    (MLSERVER, "photo", "mlserver"),
)
PEERS = {LITSERVE: "litserve", MLSERVER: "mlserver"}
REQUIREMENTS = {
    LITSERVE: ("litserve", "onnxruntime", "numpy"),
    MLSERVER: ("mlserver", "onnxruntime", "numpy"),
}
PEER_FILES = Path(__file__).parent / "sides" / "peers"


class Bench:
    """One run of the benchmark: its files, its peers, how long it takes.

    Args:
        folder: of everything that is made.
        quick: fewer and shorter rounds.
    """

    def __init__(self, folder: Path, quick: bool) -> None:
        self.folder = folder
        self.seconds = QUICK_SECONDS if quick else SECONDS
        self.rounds = QUICK_ROUNDS if quick else ROUNDS
        self.pythons = {
            peer: environment_python(PEERS[peer], REQUIREMENTS[peer]) for peer in PEERS
        }

    def versions(self) -> dict[str, dict[str, str]]:
        """What each peer runs on."""
        return {
            peer: versions_in(python, REQUIREMENTS[peer])
            for peer, python in self.pythons.items()
        }

    def make_files(self) -> None:
        """Bundles, graphs, pictures and requests."""
        train, photos = self.folder / "train", self.folder / "photos"
        unpack(shared_archive("cats_dogs_180.zip"), train, 10)
        unpack(shared_archive("imagenet_samples_200.zip"), photos)
        run_side(
            "serving_files",
            *("--folder", self.folder, "--train", _classes_of(train)),
            *("--photos", photos),
        )
        jpegs = [path.read_bytes() for path in sorted(self.folder.glob("photo-*.jpg"))]
        for model in MODELS:
            pixels = np.load(self.folder / f"{model}.npy")
            write_all(self.folder, model, pixels, jpegs if model == "photo" else ())

    def measure(self) -> list[Measurement]:
        """All sides in turn, again and again."""
        measured = []
        for turn in range(self.rounds):
            for side, model, way in ASKED:
                found = self._loaded(side, model, way)
                measured.append({"run": turn, **found})
                tell_progress(_told(measured[-1]))
                if side == VISUS and way != "json":
                    measured += self._bare(model, way, found, turn)
            measured.append({"run": turn, **self._latency()})
            measured.append({"run": turn, **self._cold_start()})
        return measured

    def _loaded(self, side: str, model: str, way: str) -> Measurement:
        with self._server(side, model) as server:
            found = self._load(server, f"{model}-{way}", CLIENTS)
            batch = _mean_batch(server.port, model) if side == VISUS else None
        return {
            "side": side,
            "model": model,
            "way": way,
            "kind": "load",
            "mean_batch": batch,
            "cpu_ms": 1e3 * found["server_cpu_seconds"] / found["requests"],
            **found,
        }

    def _load(self, server: Running, requests: str, clients: int) -> Measurement:
        found = generate_load(
            server.port,
            self.folder / f"{requests}.requests",
            server_pid=server.pid,
            connections=clients,
            seconds=self.seconds,
        )
        assert not found["refused"], found["refusals"]
        return found

    def _bare(
        self, model: str, way: str, served: Measurement, turn: int
    ) -> list[Measurement]:
        """The floor of that measurement, by one caller and by two."""
        batch = max(1, round(served["mean_batch"]))
        words = ("--graph", self.folder / f"{model}.onnx", "--batch", batch)
        if way == "jpeg":
            bundle = self.folder / f"{model}.visus"
            words += ("--bundle", bundle, "--pictures", self.folder)
        else:
            words += ("--pixels", self.folder / f"{model}.npy")
        told = {"side": BARE, "model": model, "way": way, "kind": "bare", "run": turn}
        return [
            told
            | run_side(
                "serving_bare", *words, "--callers", callers, "--seconds", self.seconds
            )
            for callers in (1, 2)
        ]

    def _latency(self) -> Measurement:
        """One client of the small network, and the same in process."""
        words = ("--graph", self.folder / "small.onnx", "--batch", 1, "--callers", 1)
        pixels = ("--pixels", self.folder / "small.npy", "--seconds", self.seconds)
        bare = run_side("serving_bare", *words, *pixels)
        with self._server(VISUS, "small") as server:
            found = self._load(server, "small-binary", 1)
        over = found["p50_ms"] - bare["p50_ms"]
        tell_progress(f"one client: {over:.3f} ms over {bare['p50_ms']:.3f}")
        return {"kind": "latency", "over_ms": over, "bare_ms": bare["p50_ms"], **found}

    def _cold_start(self) -> Measurement:
        with self._server(VISUS, "photo") as server:
            size = (self.folder / "photo.visus").stat().st_size
            tell_progress(f"ready after {server.ready_seconds:.2f} s")
            return {"kind": "start", "bytes": size, "seconds": server.ready_seconds}

    def _server(self, side: str, model: str):
        port, log = free_port(), self.folder / f"{side}.log"
        graph = self.folder / f"{model}.onnx"
        if side == VISUS:
            bundle = self.folder / f"{model}.visus"
            command = visus_command(bundle, model, port, self.folder / "requests.log")
            return running(command, port, "/v2/health/ready", log)
        if side == LITSERVE:
            script = PEER_FILES / "litserve_server.py"
            command = [self.pythons[side], script, graph, port, 1]
            return running(command, port, "/health", log)
        settings = _mlserver_folder(self.folder, model, graph, port)
        command = [self.pythons[side].with_name("mlserver"), "start", settings]
        return running(command, port, f"/v2/models/{model}/ready", log)


def main() -> None:
    """Measure, print, keep."""
    quick = _arguments().quick
    machine = describe_machine()
    with scratch_folder() as folder, own_home(folder):
        bench = _bench(folder, quick)
        machine["peers"] = bench.versions()
        bench.make_files()
        measurements = bench.measure()
    ratios = _ratios(measurements)
    print(_table(measurements))
    print()
    print(machine_lines(machine))
    print(_peer_line(machine["peers"]))
    for label, ratio in ratios.items():
        print(f"{label}: {ratio:.2f}")
    write_results(
        "serving",
        quick=quick,
        machine=machine,
        ratios=ratios,
        measurements=measurements,
    )
    quicker = min(ratios[_against(peer, "small")] for peer in PEERS)
    print(last_line("serving", quicker))


def _bench(folder: Path, quick: bool) -> Bench:
    try:
        return Bench(folder, quick)
    except NotInstalled as reason:
        print(f"{reason}. The peers are needed: install from a package index.")
        raise SystemExit(NO_DATA) from reason


def _classes_of(folder: Path) -> Path:
    """The folder whose subfolders hold the pictures, wherever the archive has it."""
    return next(iter(sorted(folder.rglob("*.jpg")))).parents[1]


def _mlserver_folder(folder: Path, model: str, graph: Path, port: int) -> Path:
    made = folder / f"mlserver-{model}"
    made.mkdir(exist_ok=True)
    shutil.copyfile(PEER_FILES / "mlserver_runtime.py", made / "mlserver_runtime.py")
    settings = {
        "http_port": port,
        "grpc_port": free_port(),
        "metrics_port": free_port(),
        "host": "127.0.0.1",
        "debug": False,
        # Its worker processes do not start with the event loop that pip gives it today;
        # without them a request is not copied to another process and back.
        "parallel_workers": 0,
    }
    model_settings = {
        "name": model,
        "implementation": "mlserver_runtime.Scores",
        "parameters": {"uri": str(graph)},
        "max_batch_size": 32,
        "max_batch_time": 0.005,
    }
    (made / "settings.json").write_text(json.dumps(settings))
    (made / "model-settings.json").write_text(json.dumps(model_settings))
    return made


def _mean_batch(port: int, model: str) -> float:
    url = f"http://127.0.0.1:{port}/v2/models/{model}/stats"
    with urllib.request.urlopen(url) as answer:
        (stats,) = json.loads(answer.read())["model_stats"]
    return float(stats["inference_count"] / stats["execution_count"])


def _ratios(measurements: Sequence[Measurement]) -> dict[str, float]:
    ratios = {}
    for model, way in _own_ways():
        wall, processor = _shares(measurements, model, way)
        ratios[f"share of bare, {model} {way}, wall"] = wall
        ratios[f"share of bare, {model} {way}, server's CPU"] = processor
    for model in MODELS:
        for peer, theirs in PEERS.items():
            ours = {"side": VISUS, "model": model, "way": "json"}
            other = {"side": peer, "model": model, "way": theirs}
            rate, late, used = (
                [_median(measurements, field, wanted) for wanted in (ours, other)]
                for field in ("requests_per_second", "p99_ms", "cpu_ms")
            )
            ratios[_against(peer, model)] = rate[0] / rate[1]
            ratios[f"p99 of {peer} / Visus, {model}"] = late[1] / late[0]
            ratios[f"server's CPU of {peer} / Visus, {model}"] = used[1] / used[0]
    latency = values_of(measurements, "over_ms", kind="latency")
    ratios["one client, ms over in process"] = median(latency)
    ratios["cold start, seconds"] = median(
        values_of(measurements, "seconds", kind="start")
    )
    return ratios


def _against(peer: str, model: str) -> str:
    return f"Visus / {peer}, requests a second, {model}"


def _own_ways() -> list[tuple[str, str]]:
    return [(model, way) for side, model, way in ASKED if side == VISUS]


def _shares(
    measurements: Sequence[Measurement], model: str, way: str
) -> tuple[float, float]:
    """What is left of the quicker floor, by the clock and by processor seconds."""
    # JSON tensors are held against the floor of binary ones: the same pictures.
    floor = {"side": BARE, "model": model, "way": "binary" if way == "json" else way}
    ours = {"side": VISUS, "model": model, "way": way}
    callers = [{**floor, "callers": count} for count in (1, 2)]
    bare_rate = max(_median(measurements, "pictures_per_second", c) for c in callers)
    bare_cpu = min(_median(measurements, "cpu_ms", c) for c in callers)
    rate = _median(measurements, "requests_per_second", ours)
    return rate / bare_rate, bare_cpu / _median(measurements, "cpu_ms", ours)


def _median(
    measurements: Sequence[Measurement], field: str, wanted: Mapping[str, object]
) -> float:
    return median(values_of(measurements, field, **wanted))


def _table(measurements: Sequence[Measurement]) -> str:
    rows = []
    for side, model, way in ASKED:
        wanted = {"side": side, "model": model, "way": way}
        fields = ("requests_per_second", "p50_ms", "p99_ms", "cpu_ms")
        shown = (_range(measurements, field, wanted) for field in fields)
        rows.append([model, way, side, *shown])
    for model, way in _own_ways():
        for callers in (1, 2) if way != "json" else ():
            wanted = {"side": BARE, "model": model, "way": way, "callers": callers}
            rate = _range(measurements, "pictures_per_second", wanted)
            used = _range(measurements, "cpu_ms", wanted)
            rows.append([model, way, f"bare, {callers} calling", rate, "", "", used])
    columns = ("model", "asked in", "side", "a second: min/median/max", "p50 ms")
    return table((*columns, "p99 ms", "server's CPU ms"), rows)


def _range(
    measurements: Sequence[Measurement], field: str, wanted: Mapping[str, object]
) -> str:
    """Smallest, median and largest."""
    spread = Spread.of(values_of(measurements, field, **wanted))
    digits = {"p50_ms": 1, "p99_ms": 1, "cpu_ms": 3}.get(field, 0)
    values = (spread.low, spread.median, spread.high)
    return " / ".join(f"{value:,.{digits}f}" for value in values)


def _told(found: Measurement) -> str:
    batch = f", runs of {found['mean_batch']:.1f}" if found["mean_batch"] else ""
    return (
        f"{found['side']}, {found['model']} {found['way']}: "
        f"{found['requests_per_second']:,.0f}/s, p50 {found['p50_ms']:.1f}, "
        f"p99 {found['p99_ms']:.1f} ms, {found['cpu_ms']:.2f} ms of its CPU{batch}; "
        f"generator {found['generator_cpu_seconds'] / found['wall_seconds']:.0%}"
    )


def _peer_line(versions: Mapping[str, Mapping[str, str]]) -> str:
    told = (
        ", ".join(f"{name} {version}" for name, version in packages.items())
        for packages in versions.values()
    )
    return "peers: " + "; ".join(told)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serving: Visus against its peers.")
    parser.add_argument(
        "--quick", action="store_true", help="2 rounds of 3 seconds instead of 5 of 8"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
