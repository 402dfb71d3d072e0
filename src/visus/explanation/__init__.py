"""Why a network answers as it does: one method a file, and tests of their faith.

What `needs` says: "graph", the ONNX graph of the bundle is enough and Keras is not
imported; "network", the layers or gradients of the Keras network; "pictures", pictures
that it has learned from. What `gives` says: "map", one number a pixel; "plates",
pictures to look at. With `layer`, a layer can be chosen.
"""

from visus.core.registry import Registry

EXPLAINERS = Registry("method", "explainers")

EXPLAINERS.add(
    "occlusion",
    "visus.explanation.occlusion:Occlusion",
    "a square is covered, here and there: how much does the answer lose?",
    needs="graph",
    gives="map",
)
EXPLAINERS.add(
    "rise",
    "visus.explanation.rise:Rise",
    "random parts are covered, a thousand times: which parts go with the answer?",
    needs="graph",
    gives="map",
)
EXPLAINERS.add(
    "grad-cam",
    "visus.explanation.grad_cam:GradCam",
    "maps of the last convolution, each weighted by its mean gradient",
    needs="network",
    gives="map",
    layer=True,
)
EXPLAINERS.add(
    "grad-cam++",
    "visus.explanation.grad_cam_plus_plus:GradCamPlusPlus",
    "as grad-cam, with weights that see several things of one kind",
    needs="network",
    gives="map",
    layer=True,
)
EXPLAINERS.add(
    "layer-cam",
    "visus.explanation.layer_cam:LayerCam",
    "as grad-cam, each place weighted by its own gradient: finer",
    needs="network",
    gives="map",
    layer=True,
)
EXPLAINERS.add(
    "input-gradients",
    "visus.explanation.input_gradients:InputGradients",
    "how much the score would change with each pixel",
    needs="network",
    gives="map",
)
EXPLAINERS.add(
    "smooth-grad",
    "visus.explanation.smooth_grad:SmoothGrad",
    "input gradients, averaged over noisy copies of the picture",
    needs="network",
    gives="map",
)
EXPLAINERS.add(
    "integrated-gradients",
    "visus.explanation.integrated_gradients:IntegratedGradients",
    "the logit shared out among the pixels, nothing left over",
    needs="network",
    gives="map",
)
EXPLAINERS.add(
    "random-map",
    "visus.explanation.random_map:RandomMap",
    "a map drawn by chance: what every other one has to beat",
    needs="graph",
    gives="map",
)
EXPLAINERS.add(
    "feature-maps",
    "visus.explanation.feature_maps:FeatureMaps",
    "what each layer makes of the picture",
    needs="network",
    gives="plates",
    layer=True,
)
EXPLAINERS.add(
    "filters",
    "visus.explanation.filters:Filters",
    "the kernels of the convolutions, as the network learned them",
    needs="network",
    gives="plates",
    layer=True,
)
EXPLAINERS.add(
    "activation-maximization",
    "visus.explanation.activation_maximization:ActivationMaximization",
    "a picture, dreamt from gray, that a filter answers most",
    needs="network",
    gives="plates",
    layer=True,
)
EXPLAINERS.add(
    "attention-maps",
    "visus.explanation.attention_maps:AttentionMaps",
    "where each head of an attention layer looks",
    needs="network",
    gives="plates",
    layer=True,
)
EXPLAINERS.add(
    "nearest",
    "visus.explanation.nearest:Nearest",
    "training pictures that look most alike to the network, also of another class",
    needs="pictures",
    gives="plates",
)
