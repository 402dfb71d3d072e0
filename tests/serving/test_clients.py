"""Real clients, each in an environment of its own, against `visus serve`."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest

from clients import client_python, run, run_client
from published import messages_of_file, own_fields
from served import drawn_pixels, write_bundle
from visus.data.encode import encode_png
from visus.serving.grpc.messages import MESSAGES

pytestmark = pytest.mark.slow

SHAPE = (28, 28, 1)
CLASSES = ("upright", "across", "none of these")
READY_SECONDS = 60
TRITON = ("triton", "tritonclient[http,grpc]>=2.60", "numpy")
KSERVE = ("kserve", "kserve>=0.15", "numpy")
OVMS = ("ovms", "ovmsclient", "numpy")
SCHEMATHESIS = ("schemathesis", "schemathesis>=4.3")
CASES = 2000


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A bundle, pictures, and what it makes of them."""
    folder = tmp_path_factory.mktemp("clients")
    bundle = write_bundle(folder / "model.visus", shape=SHAPE, names=CLASSES)
    pixels = drawn_pixels(8, SHAPE)
    np.savez(folder / "expected.npz", pixels=pixels, scores=bundle.scores(pixels))
    (folder / "first.png").write_bytes(encode_png(pixels[0]))
    (folder / "classes.json").write_text(json.dumps(CLASSES))
    return folder


@pytest.fixture(scope="module")
def server(files):
    """Both ports of a server that ends with the last of these tests."""
    from benchmarks.servers import free_port

    ports = {"http": free_port(), "grpc": free_port()}
    command = [sys.executable, "-m", "visus.cli.app", "serve", files / "model.visus"]
    command += ["--name", "stripes", "--admin", "--log", files / "log.jsonl"]
    command += [word for kind in ports for word in (f"--{kind}", ports[kind])]
    process = subprocess.Popen([str(word) for word in command])
    try:
        _wait_until_ready(process, ports["http"])
        yield ports
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def _wait_until_ready(process, port):
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(
                f"http://127.0.0.1:{port}/v2/health/ready", timeout=5
            )
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server is not ready")


def ask(environment, script, server, files):
    ports = ("--http", server["http"], "--grpc", server["grpc"])
    run_client(client_python(*environment), script, *ports, "--files", files)


def test_tritonclient_over_http(server, files):
    ask(TRITON, "triton_http.py", server, files)


def test_tritonclient_over_grpc(server, files):
    ask(TRITON, "triton_grpc.py", server, files)


def test_kserve_client(server, files):
    ask(KSERVE, "kserve_client.py", server, files)


def test_ovmsclient(server, files):
    ask(OVMS, "ovms.py", server, files)


def test_curl(server, files):
    address = f"http://127.0.0.1:{server['http']}"
    picture = f"file=@{files / 'first.png'}"
    with np.load(files / "expected.npz") as arrays:
        pixels, scores = arrays["pixels"], arrays["scores"]
    said = json.loads(run(["curl", "-sS", "-F", picture, f"{address}/predict"]))
    assert CLASSES[scores[0].argmax()] in json.dumps(said)
    row = json.dumps({"signature_name": "prediction", "instances": pixels.tolist()})
    (files / "row.json").write_text(row)
    predict = f"{address}/v1/models/stripes/versions/1:predict"
    said = run(["curl", "-sS", "-d", f"@{files / 'row.json'}", predict])
    np.testing.assert_allclose(json.loads(said)["predictions"], scores, atol=1e-5)
    metrics = run(["curl", "-sS", f"{address}/metrics"])
    assert "visus_requests_total" in metrics


def test_schemathesis_finds_no_failure_of_the_server(server, files):
    python = client_python(*SCHEMATHESIS)
    address = f"http://127.0.0.1:{server['http']}"
    document = json.loads(urllib.request.urlopen(f"{address}/openapi.json").read())
    operations = sum(len(path) for path in document["paths"].values())
    said = run(
        [
            *(python.with_name("schemathesis"), "run", f"{address}/openapi.json"),
            *("--checks", "not_a_server_error", "--seed", 1),
            *("--max-examples", 2 * CASES // operations, "--phases", "fuzzing"),
        ],
        seconds=1800,
    )
    # Operations without parameters are asked once, so the others are asked more often.
    (generated,) = re.findall(r"([\d,]+) generated", said)
    assert int(generated.replace(",", "")) >= CASES


OVMS_FILES = "ovmsclient/tfs_compat/protos/tensorflow_serving/apis/*_pb2.py"
# TensorFlow's messages stand first in the table; both have messages of some names.
NAMES = list(MESSAGES)
OF_TENSORFLOW = NAMES[: NAMES.index("ServerLiveRequest")]
OF_INFERENCE = NAMES[len(OF_TENSORFLOW) :]


@pytest.mark.parametrize(
    ("environment", "files_of", "names"),
    [
        (TRITON, "tritonclient/grpc/*_pb2.py", OF_INFERENCE),
        (KSERVE, "kserve/protocol/grpc/grpc_predict_v2_pb2.py", OF_INFERENCE),
        (OVMS, OVMS_FILES, OF_TENSORFLOW),
    ],
    ids=["triton", "kserve", "ovms"],
)
def test_our_messages_are_those_of_the_clients(environment, files_of, names):
    packages = next(client_python(*environment).parents[1].glob("lib/*/site-packages"))
    compared = 0
    for path in packages.glob(files_of):
        for name, theirs in messages_of_file(path).items():
            # KServe's name of the model is in Triton's field of the repository.
            if name in names and not name.startswith("RepositoryModel"):
                ours = own_fields(name)
                both = ours.keys() & theirs.keys()
                assert {n: ours[n] for n in both} == {n: theirs[n] for n in both}, name
                compared += 1
    assert compared >= 15
