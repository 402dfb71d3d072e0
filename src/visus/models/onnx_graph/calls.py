"""The layers of a Keras network in the order in which they run, nested ones opened."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from visus.core.errors import ModelError

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Tensor:
    """What flows between calls: a number of its own, and its shape, batch included."""

    number: int
    shape: Shape


@dataclass(frozen=True)
class Call:
    """One use of a layer; a layer that is used twice gives two calls.

    Args:
        name: the layer's, after those of the networks that hold it: "block/conv".
        layer: the Keras layer, or the operation of `keras.ops`.
        inputs: what it takes.
        outputs: what it gives.
        operands: what an operation is called with, in order: inputs and plain numbers.
        node: Keras's own record of this use.
    """

    name: str
    layer: Any
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operands: tuple[Tensor | float, ...] = ()
    node: Any = None

    def arguments(
        self, values: Sequence[Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What the layer is called with when its inputs are these `values`."""
        drawn = zip(map(id, self.node.input_tensors), values, strict=True)
        positional, named = self.node.arguments.fill_in(dict(drawn))
        return tuple(positional), dict(named)


def calls_of(model: Any) -> tuple[list[Call], list[Tensor]]:
    """Walk a functional or sequential Keras model from its scores to its pixels.

    Returns:
        the calls, each after those it depends on, and the tensors the model gives. The
        model's inputs are the first calls without inputs.

    Raises:
        ModelError: the model, or one inside it, has no graph of layers.
    """
    walk = _Walk()
    outputs = walk.through(model, None, "")
    return walk.calls, outputs


class _Walk:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._numbers = count()

    def through(
        self, model: Any, inputs: Sequence[Tensor] | None, place: str
    ) -> list[Tensor]:
        # Keyed by identity, and per use: a nested network may be used twice.
        _require_graph(model)
        known: dict[int, Tensor] = {}
        if inputs is not None:
            known |= zip(map(id, model.inputs), inputs, strict=True)
        for node in _nodes_in_order(model.outputs, known):
            given = [known[id(tensor)] for tensor in node.input_tensors]
            known |= zip(
                map(id, node.outputs), self._call(node, given, place), strict=True
            )
        return [known[id(tensor)] for tensor in model.outputs]

    def _call(self, node: Any, inputs: list[Tensor], place: str) -> list[Tensor]:
        layer = node.operation
        if _is_network(layer):
            return self.through(layer, inputs, f"{place}{layer.name}/")
        outputs = [Tensor(next(self._numbers), s) for s in _shapes(node, inputs)]
        name = f"{place}{layer.name}"
        operands = _operands(node, inputs)
        self.calls.append(
            Call(name, layer, tuple(inputs), tuple(outputs), operands, node)
        )
        return outputs


def _nodes_in_order(outputs: Sequence[Any], known: Mapping[int, Any]) -> Iterator[Any]:
    # An explicit stack: a thousand layers would overrun Python's own. Keras has no
    # public name for the call that made a tensor.
    done: set[int] = set()
    waiting = [
        _node_of(tensor) for tensor in reversed(outputs) if id(tensor) not in known
    ]
    while waiting:
        node = waiting[-1]
        missing = [
            before
            for tensor in node.input_tensors
            if id(tensor) not in known and id(before := _node_of(tensor)) not in done
        ]
        if missing:
            waiting.extend(reversed(missing))
            continue
        waiting.pop()
        if id(node) not in done:
            done.add(id(node))
            yield node


def _node_of(tensor: Any) -> Any:
    operation, node_index, _ = tensor._keras_history
    return operation._inbound_nodes[node_index]


def _operands(node: Any, inputs: Sequence[Tensor]) -> tuple[Tensor | float, ...]:
    known = dict(zip(map(id, node.input_tensors), inputs, strict=True))
    given = (*node.arguments.args, *node.arguments.kwargs.values())
    return tuple(
        value if isinstance(value, int | float) else known[id(value)]
        for value in given
        if isinstance(value, int | float) or id(value) in known
    )


def _shapes(node: Any, inputs: Sequence[Tensor]) -> list[Shape]:
    drawn = [tuple(tensor.shape) for tensor in node.input_tensors]
    if drawn == [tensor.shape for tensor in inputs]:
        return [tuple(tensor.shape) for tensor in node.outputs]
    # A nested network is used on another size than the one it was drawn with.
    import keras

    actual = {
        id(tensor): keras.KerasTensor(given.shape, dtype=tensor.dtype)
        for tensor, given in zip(node.input_tensors, inputs, strict=True)
    }
    arguments, named = node.arguments.fill_in(actual)
    outputs = node.operation.compute_output_spec(*arguments, **named)
    return [tuple(tensor.shape) for tensor in keras.tree.flatten(outputs)]


def _is_network(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.Model)


def _require_graph(model: Any) -> None:
    if getattr(model, "outputs", None) and getattr(model, "inputs", None):
        return
    raise ModelError(
        received=f"The network {model.name!r} is a {type(model).__name__} whose layers "
        "are called in Python code, not joined in a graph.",
        expected="a keras.Sequential or a functional keras.Model(inputs, outputs).",
        remedy="Join its layers with the functional API: start from keras.Input(...).",
    )
