"""What is known of a backbone before its weights are found and Keras is imported."""

from dataclasses import dataclass

from visus.data.preprocess import PreprocessSpec

# Smaller pictures leave nothing over after five halvings.
LEAST_SIDE = 32
IMAGENET_CLASSES = 1000


@dataclass(frozen=True)
class Published:
    """A file of weights as it was published.

    Args:
        file_name: what it is called, wherever it lies.
        digest: "sha256:" or "md5:" and the hexadecimal digits of the whole file, as its
            publisher gives them; "" where none is published.
        address: where it can be downloaded; "" where it cannot.
        package: the installed Python package that holds it; "" where none does.
    """

    file_name: str
    digest: str = ""
    address: str = ""
    package: str = ""


@dataclass(frozen=True)
class Card:
    """One backbone: how pictures are prepared for it, and where it is from.

    Args:
        name: as `visus models --pretrained` lists it.
        spec: how pictures become its pixels. The scaling is always "none": what a
            network does with 0..255 is inside of it.
        feature_count: length of its features.
        parameters: weights of the classifier, its top included.
        accuracy: top-1 share on ImageNet's validation pictures, as published.
        accuracy_here: top-1 share on 200 sample photographs, as measured with Visus;
            these may be training pictures, so it shows only that all is wired right.
        licence: of the weights.
        source: who trained and published them.
        published: the file of weights.
        least_side: the shortest side of pictures, in pixels, that it can take.
    """

    name: str
    spec: PreprocessSpec
    feature_count: int
    parameters: int
    licence: str
    source: str
    published: Published
    accuracy: float | None = None
    accuracy_here: float | None = None
    least_side: int = LEAST_SIDE

    @property
    def megabytes(self) -> float:
        """Size of the weights as 32-bit floats, in millions of bytes."""
        return self.parameters * 4 / 1e6


def photo_spec(side: int, crop_share: float = 0.875) -> PreprocessSpec:
    """The usual preparation: the middle of a photograph, square, in color."""
    return PreprocessSpec(
        image_size=(side, side),
        channels=3,
        fit="crop",
        crop_share=crop_share,
        interpolation="bicubic",
        scaling="none",
    )
