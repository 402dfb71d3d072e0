"""visus serve: what cannot be served is one message and an exit code."""

import socket

from served import write_bundle


def test_what_cannot_be_served_is_one_message_and_an_exit_code(tmp_path, cli):
    bundle = tmp_path / "digits.visus"
    write_bundle(bundle)
    broken = tmp_path / "broken.visus"
    broken.write_bytes(b"hello")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        cases = [
            ([], 2, "No model to serve"),
            ([tmp_path / "none.visus"], 4, "does not exist"),
            ([bundle, "--repository", tmp_path], 2, "Bundles and a repository"),
            (["--repository", tmp_path / "none"], 4, "is no folder"),
            ([bundle, "--http", port], 5, "cannot be listened to"),
            ([bundle, "--log", tmp_path], 5, "cannot be written"),
            ([bundle, "--input", "x", "--http", 0], 2, "engine.input"),
            ([bundle, "--set", "engine.max_bach=1"], 2, "engine.max_batch"),
            ([bundle, "--name", "a", "--name", "b"], 2, "More --name than bundles"),
            ([bundle, bundle], 2, "Two models are named"),
            ([bundle, "--api-key-file", tmp_path / "none"], 2, "cannot be used"),
            ([bundle, "--tls-cert", broken], 2, "certificate"),
            ([bundle, "--tls-key", broken], 2, "http"),
            ([bundle, "--cors", "a.example"], 2, "'a.example' is no origin"),
            ([broken, "--http", 0], 4, "No model loads"),
        ]
        for words, code, message in cases:
            result = cli("serve", *words, code=code)
            told = [line for line in result.stderr.splitlines() if line[:1] != "{"]
            assert message in "\n".join(told), (words, result.stderr)
            assert len(told) == 3 and told[0].startswith("visus: ")
