"""A graph behind LitServe, as its documentation has it, with batching.

Run by the interpreter of LitServe's own environment: graph, port, workers.
"""

import sys

import litserve
import numpy as np
import onnxruntime


class Scores(litserve.LitAPI):
    """Pixels as JSON lists in, scores as JSON lists out."""

    def setup(self, device):
        options = onnxruntime.SessionOptions()
        if WORKERS > 1:
            options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            GRAPH, options, providers=["CPUExecutionProvider"]
        )

    def decode_request(self, request):
        return np.array(request["pixels"], dtype=np.uint8)

    def predict(self, pixels):
        return self.session.run(["scores"], {"pixels": np.asarray(pixels)})[0]

    def encode_response(self, scores):
        return {"scores": scores.tolist()}


GRAPH, PORT, WORKERS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

if __name__ == "__main__":
    server = litserve.LitServer(
        Scores(max_batch_size=32, batch_timeout=0.005),
        accelerator="cpu",
        workers_per_device=WORKERS,
    )
    server.run(host="127.0.0.1", port=PORT, generate_client_file=False)
