"""Networks, one family a file; each is a plain Keras model that a learner can read."""

from visus.core.registry import Registry

NETWORKS = Registry("network", "networks")

NETWORKS.add(
    "dense",
    "visus.models.dense:Dense",
    "flatten, Dense 256, Dense 128, softmax: no idea of neighbouring pixels",
    input_shape=(28, 28, 1),
    num_classes=10,
    parameters=235_146,
)
NETWORKS.add(
    "convnet",
    "visus.models.convnet:Convnet",
    "conv 32, pool, conv 64, pool, conv 128, softmax: the course's first convnet",
    input_shape=(28, 28, 1),
    num_classes=10,
    parameters=104_202,
)
NETWORKS.add(
    "convnet-no-pooling",
    "visus.models.convnet_no_pooling:ConvnetNoPooling",
    "the same three convolutions without pooling: why pooling matters",
    input_shape=(28, 28, 1),
    num_classes=10,
    parameters=712_202,
)
NETWORKS.add(
    "convnet-dropout",
    "visus.models.convnet_dropout:ConvnetDropout",
    "conv 32, pool, conv 64, pool, dropout 0.5, softmax",
    input_shape=(28, 28, 1),
    num_classes=10,
    parameters=34_826,
)
NETWORKS.add(
    "convnet-strided",
    "visus.models.convnet_strided:ConvnetStrided",
    "conv 32 stride 2, pool, conv 64 stride 2, Dense 256, Dense 128, softmax",
    input_shape=(28, 28, 1),
    num_classes=10,
    parameters=118_794,
)
NETWORKS.add(
    "convnet-photo",
    "visus.models.convnet_photo:ConvnetPhoto",
    "the cats-and-dogs net: conv 32-64-128-256-256 with pooling, dropout, softmax",
    input_shape=(180, 180, 3),
    num_classes=2,
    parameters=1_003_586,
)
NETWORKS.add(
    "quick",
    "visus.models.quick:Quick",
    "three convolutions with batch norm: 99 % on small gray pictures in seconds",
    input_shape=(28, 28, 1),
    num_classes=10,
    parameters=29_610,
)
NETWORKS.add(
    "quick-residual",
    "visus.models.quick_residual:QuickResidual",
    "four convolutions, one of them residual: small gray pictures such as clothes",
    input_shape=(28, 28, 1),
    num_classes=10,
    parameters=104_490,
)
NETWORKS.add(
    "resnet",
    "visus.models.resnet:Resnet",
    "a small residual net for color pictures and photographs from scratch",
    input_shape=(96, 96, 3),
    num_classes=2,
    parameters=1_210_346,
)
