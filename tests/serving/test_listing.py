"""The repository's index and statistics, the same at both doors."""

import asyncio

import pytest

from served import DIGITS
from visus.serving import Refusal, State, VersionStatus, Wanted
from visus.serving.grpc.calls import Sent
from visus.serving.grpc.messages import message_class
from visus.serving.grpc.open_inference import InferenceCalls
from visus.serving.listing import counted, index


def numbers(versions):
    return [(one.name, one.version) for one in versions]


def test_statistics_without_a_version_are_of_all_versions(server):
    repository = server.service.repository
    assert numbers(counted(repository, DIGITS)) == [("digits", 1), ("digits", 2)]
    assert numbers(counted(repository, Wanted("digits", 1))) == [("digits", 1)]
    everything = numbers(counted(repository, None))
    assert everything == [("digits", 1), ("digits", 2), ("prices", 7), ("tags", 1)]
    with pytest.raises(Refusal, match="none"):
        counted(repository, Wanted("none"))


def test_both_doors_count_the_same_versions(server):
    calls = InferenceCalls(server.service.engine, None)
    request = message_class("ModelStatisticsRequest")(name="digits")
    told = asyncio.run(calls.statistics(request, Sent(None, 0))).model_stats
    over_http = server.get("/v2/models/digits/stats").json["model_stats"]
    assert [one.version for one in told] == ["1", "2"]
    assert [one["version"] for one in over_http] == ["1", "2"]


def test_both_doors_say_that_a_version_is_being_loaded(server):
    repository = server.service.repository
    repository.note("digits", VersionStatus(3, State.LOADING))
    repository.note("digits", VersionStatus(4, State.END, message="damaged"))
    states = {one.version: one.state for one in index(repository, ready_only=False)}
    assert (states["3"], states["4"]) == ("LOADING", "UNAVAILABLE")
    calls = InferenceCalls(server.service.engine, None)
    request = message_class("RepositoryIndexRequest")()
    told = asyncio.run(calls.index(request, Sent(None, 0))).models
    over_http = server.post("/v2/repository/index", {}).json
    assert [
        {"name": m.name, "version": m.version, "state": m.state, "reason": m.reason}
        for m in told
    ] == over_http
    ready = server.post("/v2/repository/index", {"ready": True}).json
    assert {row["state"] for row in ready} == {"READY"}
