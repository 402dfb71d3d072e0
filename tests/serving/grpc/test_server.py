"""The gRPC server as a whole: health, limits, keys, counting, draining."""

import asyncio
import json
import socket
import subprocess
import sys

import grpc
import pytest

from grpc_asker import (
    INFERENCE,
    INVALID,
    NOT_FOUND,
    TENSORFLOW,
    Asker,
    infer_request,
    predict_request,
    served_models,
)
from served import write_bundle
from visus.core.errors import MachineError
from visus.serving.config import HttpConfig
from visus.serving.grpc import GrpcListener
from visus.serving.grpc.messages import message_class


def test_health_is_told_as_orchestrators_ask(asker):
    def ask(service):
        request = message_class("HealthCheckRequest")(service=service)
        return asker.ask("grpc.health.v1.Health/Check", request, "HealthCheckResponse")

    assert ask("").status == ask("PredictionService").status == 1
    assert ask(INFERENCE).status == 1
    request = message_class("HealthCheckRequest")(service="other")
    code, _ = asker.refused(
        "grpc.health.v1.Health/Check", request, "HealthCheckResponse"
    )
    assert code == NOT_FOUND


def test_bytes_that_are_no_message_harm_nobody(asker):
    call = asker.channel.unary_unary(f"/{INFERENCE}/ModelInfer")
    with pytest.raises(grpc.RpcError) as error:
        call(b"\xff" * 100, timeout=30)
    assert error.value.code() == INVALID
    with pytest.raises(grpc.RpcError) as error:
        asker.channel.unary_unary("/other.Service/Method")(b"", timeout=30)
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert asker.infer(infer_request()).outputs


def test_tensorflow_is_not_imported_for_its_messages():
    code = "import sys, visus.serving.grpc; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "onnx"} & set(done.stdout.split())


def test_limits_keys_and_draining(tmp_path):
    write_bundle(tmp_path / "digits.visus")
    secret = "0123456789abcdef"
    limits = {"admin": False, "keys": [secret], "max_body_bytes": 10_000}
    with served_models(tmp_path, ["digits"], **limits) as (port, _, stop):
        asker = Asker(port)
        method, key = f"{INFERENCE}/ModelInfer", (("x-api-key", secret),)
        code, said = asker.refused(method, infer_request(), "ModelInferResponse")
        assert code == grpc.StatusCode.UNAUTHENTICATED and "No API key" in said
        for what in ("ServerLive", "ServerReady"):
            request = message_class(f"{what}Request")()
            assert asker.ask(f"{INFERENCE}/{what}", request, f"{what}Response")
        assert asker.ask(method, infer_request(), "ModelInferResponse", key).outputs
        bearer = (("authorization", f"Bearer {secret}"),)
        assert asker.ask(method, infer_request(), "ModelInferResponse", bearer).outputs
        large = infer_request(b"\0" * 20_000)
        code, _ = asker.refused(method, large, "ModelInferResponse", metadata=key)
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
        code, said = asker.refused(
            f"{INFERENCE}/RepositoryModelUnload",
            message_class("RepositoryModelUnloadRequest")(model_name="digits"),
            "RepositoryModelUnloadResponse",
            metadata=key,
        )
        assert code == grpc.StatusCode.PERMISSION_DENIED and "--admin" in said
        stop()
        code, _ = asker.refused(
            method, infer_request(), "ModelInferResponse", metadata=key, timeout=5
        )
        assert code in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
        )


def test_one_file_may_hold_certificate_and_key(tmp_path, certificate):
    write_bundle(tmp_path / "digits.visus")
    cert, key = certificate
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + cert.read_bytes())
    with served_models(tmp_path, ["digits"], tls_cert=str(both)) as (port, _, _):
        trusting = grpc.ssl_channel_credentials(cert.read_bytes())
        named = (("grpc.ssl_target_name_override", "localhost"),)
        place = f"127.0.0.1:{port}"
        with grpc.secure_channel(place, trusting, named) as channel:
            assert Asker(port, channel).infer(infer_request()).outputs
        code, _ = Asker(port).refused(
            f"{INFERENCE}/ModelInfer", infer_request(), "ModelInferResponse", timeout=20
        )
        assert code == grpc.StatusCode.UNAVAILABLE


def test_who_never_shakes_hands_is_not_waited_for(tmp_path):
    write_bundle(tmp_path / "digits.visus")
    with served_models(tmp_path, ["digits"], header_seconds=0.3) as (port, _, _):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as silent:
            # What the server says of itself first, and then the end.
            while silent.recv(100):
                pass
        assert Asker(port).infer(infer_request()).outputs


def test_an_address_of_the_new_kind_stands_in_brackets(tmp_path):
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("this machine has no ::1")
    write_bundle(tmp_path / "digits.visus")
    with served_models(tmp_path, ["digits"], host="::1") as (port, _, _):
        with grpc.insecure_channel(f"[::1]:{port}") as channel:
            assert Asker(port, channel).infer(infer_request()).outputs


def test_who_watches_hears_of_the_end_and_does_not_delay_it(tmp_path):
    write_bundle(tmp_path / "digits.visus")
    with served_models(tmp_path, ["digits"]) as (port, _, stop):
        watch = Asker(port).channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_class("HealthCheckResponse").FromString,
        )
        told = watch(message_class("HealthCheckRequest")(), timeout=60)
        assert next(told).status == 1
        # It gives five seconds to those who are there, and cuts off who stays longer.
        stop()
        assert [answer.status for answer in told] == [2]


def test_requests_are_counted_by_protocol_and_model(models):
    asker, service = models
    asker.infer(infer_request())
    asker.predict(predict_request())
    request = predict_request(name="invented by a client")
    asker.refused(f"{TENSORFLOW}/Predict", request, "PredictResponse")
    text = service.metrics.text().decode()
    labels = 'method="infer",model="digits",protocol="open_inference_grpc"'
    assert f'visus_requests_total{{code="OK",{labels}}}' in text
    labels = 'method="predict",model="",protocol="tensorflow_grpc"'
    assert f'visus_requests_total{{code="NOT_FOUND",{labels}}}' in text
    assert "invented" not in text


def test_a_request_is_logged_by_the_id_that_its_answer_names(models):
    asker, service = models
    call = asker.channel.unary_unary(f"/{INFERENCE}/ModelInfer")
    _, told = call.with_call(
        infer_request().SerializeToString(), metadata=(("x-request-id", "my-own"),)
    )
    assert ("x-request-id", "my-own") in told.trailing_metadata()
    service.log.flush()
    lines = service.log._stream.getvalue().splitlines()
    (line,) = [line for line in map(json.loads, lines) if line.get("id") == "my-own"]
    assert (line["method"], line["model"], line["code"]) == ("infer", "digits", "OK")


def test_a_port_in_use_is_one_message(tmp_path):
    write_bundle(tmp_path / "digits.visus")
    with served_models(tmp_path, ["digits"]) as (port, service, _):
        second = GrpcListener(service, HttpConfig(), port)
        with pytest.raises(MachineError, match=f"cannot listen on .*:{port}"):
            asyncio.run(second.start())
