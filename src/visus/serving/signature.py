"""What every model is called with and gives, whatever the protocol."""

from visus.serving.refusals import invalid
from visus.serving.served import Served

# The one input and the one output.
INPUT, OUTPUT = "images", "scores"
# Two names of the same signature: TensorFlow's own, and the course's.
SIGNATURES = ("serving_default", "prediction")
# Of the Open Inference Protocol; clients show it.
PLATFORM = "onnxruntime_onnx"


def takes_pixels(served: Served) -> bool:
    """Whether values of tensors are 0 to 255, best sent as uint8; else 0 to 1."""
    return served.input_range == "pixels"


def input_datatype(served: Served) -> str:
    """Of the input, as the Open Inference Protocol names types."""
    return "UINT8" if takes_pixels(served) else "FP32"


def require_method(served: Served, method: str) -> None:
    """Refuse to classify with a model of numbers, and to give a number of classes.

    Args:
        served: the model.
        method: "classify" or "regress".

    Raises:
        Refusal: in TensorFlow Serving's words.
    """
    kind = "regress" if served.task.kind == "numeric" else "classify"
    if method != kind:
        noun = "regression" if method == "regress" else "classification"
        raise invalid(
            f"Expected {noun} signature method_name to be tensorflow/serving/"
            f"{method}. Was: tensorflow/serving/{kind}"
        )
