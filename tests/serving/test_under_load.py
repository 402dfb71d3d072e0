"""Over real sockets: a full queue says when to come again; versions change unseen."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from served import drawn_pixels, write_bundle
from serving.conftest import running
from visus.serving import Wanted
from visus.serving.sources import RepositoryFolder
from visus.serving.versions import Policy

INFER = "/v2/models/digits/infer"
ASKED = {
    "inputs": [
        {
            "name": "images",
            "shape": [1, 8, 8, 1],
            "datatype": "UINT8",
            "data": drawn_pixels(1).ravel().tolist(),
        }
    ]
}


def held(served):
    """Let a version wait before each run until the event is set."""
    gate, run = threading.Event(), served.batcher._run
    began = threading.Semaphore(0)

    def waiting(*asked):
        began.release()
        assert gate.wait(60)
        return run(*asked)

    served.batcher._run = waiting
    return gate, began


def test_a_full_queue_and_a_passed_deadline_over_http(models):
    engine = {"max_queue": 2, "workers": 1, "max_batch": 1}
    with running(RepositoryFolder(models, Policy()), engine=engine) as server:
        served = server.service.repository.find(Wanted("digits"))
        gate, began = held(served)
        with ThreadPoolExecutor(8) as clients:
            first = clients.submit(server.post, INFER, ASKED)
            assert began.acquire(timeout=60)
            waiting = [clients.submit(server.post, INFER, ASKED) for _ in range(2)]
            while served.batcher.waiting < 2:
                time.sleep(0.005)
            refused = server.post(INFER, ASKED)
            assert (refused.status, refused.headers["retry-after"]) == (503, "1")
            assert "2 pictures wait already" in refused.json["error"]
            plain = server.post("/v1/models/digits:predict", {"instances": [[0]]})
            assert plain.status == 400
            gate.set()
            assert {f.result().status for f in (first, *waiting)} == {200}
        gate.clear()
        late = {**ASKED, "parameters": {"timeout": 50_000}}
        assert server.post(INFER, late).status == 504
        gate.set()
        assert server.post(INFER, ASKED).status == 200


@pytest.mark.slow
def test_eight_clients_see_new_versions_and_no_error(tmp_path):
    def publish(version, content=None):
        aside = tmp_path / "digits" / f".{version}"
        write_bundle(aside / "model.visus", seed=version)
        if content is not None:
            (aside / "model.visus").write_bytes(content)
        aside.rename(tmp_path / "digits" / str(version))

    publish(1)
    stop = threading.Event()
    seen = [[] for _ in range(8)]
    with running(RepositoryFolder(tmp_path, Policy())) as server:
        server.service.keeper.watch(0.1)

        def loop(own):
            while not stop.is_set():
                answer = server.post(INFER, ASKED)
                own.append((answer.status, int(answer.json["model_version"])))

        def until(version):
            for _ in range(600):
                if all(own and own[-1][1] == version for own in seen):
                    return
                time.sleep(0.05)
            raise AssertionError(f"version {version} never came")

        with ThreadPoolExecutor(8) as clients:
            asking = [clients.submit(loop, own) for own in seen]
            try:
                until(1)
                publish(2)
                until(2)
                publish(3, b"no bundle")
                (tmp_path / "digits" / "4").mkdir()
                time.sleep(1)
                assert server.get("/v2/health/ready").status == 200
                told = server.get("/v1/models/digits").json["model_version_status"]
                assert (told[0]["version"], told[0]["state"]) == ("3", "END")
                assert "damaged" in told[0]["status"]["error_message"]
                until(2)
                publish(5)
                until(5)
            finally:
                stop.set()
            for future in asking:
                future.result()
    for own in seen:
        statuses, versions = zip(*own, strict=True)
        assert set(statuses) == {200}
        assert list(versions) == sorted(versions)
