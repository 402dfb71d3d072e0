"""Exporters: a bundle in another format, proved to be the same model. One a file."""

from visus.core.registry import Registry

EXPORTERS = Registry("format", "exporters")

EXPORTERS.add(
    "onnx",
    "visus.exporting.onnx_file:OnnxExporter",
    "one .onnx file for ONNX Runtime and what else reads ONNX",
)
EXPORTERS.add(
    "keras",
    "visus.exporting.keras_file:KerasExporter",
    "one .keras file that takes pixels of 0 to 255, to load and train on in Keras",
)
EXPORTERS.add(
    "savedmodel",
    "visus.exporting.saved_model:SavedModelExporter",
    "a TensorFlow SavedModel, as TensorFlow Serving loads it",
)
EXPORTERS.add(
    "litert",
    "visus.exporting.litert:LiteRtExporter",
    "one .tflite file for phones and small boards (LiteRT, once TensorFlow Lite)",
)
EXPORTERS.add(
    "openvino",
    "visus.exporting.openvino_ir:OpenVinoExporter",
    "a folder with model.xml and model.bin for OpenVINO",
)
EXPORTERS.add(
    "browser",
    "visus.exporting.browser:BrowserExporter",
    "a folder with a page that classifies pictures and the webcam, offline",
)
