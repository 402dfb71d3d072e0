"""What is wrong with the data: one check a file, one runner."""

from visus.core.registry import Registry

CHECKS = Registry("check", "checks")

# Those with `tasks` are about classes, and are skipped where the targets are others.
ONE_CLASS = ("single-label",)
CLASSES = ("single-label", "multi-label")
# Those with `blocks` can stop `visus train`, which asks them before it learns: they
# look at evidence that is there already, and cost nothing.
CHECKS.add(
    "unreadable",
    "visus.auditing.unreadable:Unreadable",
    "files that were found and cannot be used",
    blocks=True,
)
CHECKS.add(
    "exact-duplicates",
    "visus.auditing.exact_duplicates:ExactDuplicates",
    "pictures that are there more than once, byte for byte",
)
CHECKS.add(
    "near-duplicates",
    "visus.auditing.near_duplicates:NearDuplicates",
    "pictures that are another one, changed a little",
)
CHECKS.add(
    "twins-across-splits",
    "visus.auditing.twins_across_splits:TwinsAcrossSplits",
    "pictures of one split whose twin lies in another",
    blocks=True,
)
CHECKS.add(
    "twins-with-two-labels",
    "visus.auditing.twins_with_two_labels:TwinsWithTwoLabels",
    "one picture under two classes",
    blocks=True,
    tasks=CLASSES,
)
CHECKS.add(
    "label-errors",
    "visus.auditing.label_errors:LabelErrors",
    "pictures that look like another class than their label",
    tasks=ONE_CLASS,
)
CHECKS.add(
    "outliers",
    "visus.auditing.outliers:Outliers",
    "pictures that look like none of the others",
)
CHECKS.add(
    "extreme-size",
    "visus.auditing.extreme_size:ExtremeSize",
    "pictures far smaller or larger than the others",
)
CHECKS.add(
    "extreme-aspect",
    "visus.auditing.extreme_aspect:ExtremeAspect",
    "pictures far longer than they are wide, or the reverse",
)
CHECKS.add("dark", "visus.auditing.dark:Dark", "pictures that are dark all over")
CHECKS.add(
    "bright", "visus.auditing.bright:Bright", "pictures that are bright all over"
)
CHECKS.add("blurry", "visus.auditing.blurry:Blurry", "pictures without any sharp edge")
CHECKS.add(
    "enlarged",
    "visus.auditing.enlarged:Enlarged",
    "pictures with far less detail than pixels",
)
CHECKS.add(
    "low-information",
    "visus.auditing.low_information:LowInformation",
    "pictures with next to nothing on them",
)
CHECKS.add(
    "gray-in-color",
    "visus.auditing.gray_in_color:GrayInColor",
    "gray pictures among colored ones",
)
CHECKS.add(
    "class-imbalance",
    "visus.auditing.class_imbalance:ClassImbalance",
    "classes that are far rarer than others",
    tasks=ONE_CLASS,
)
CHECKS.add(
    "too-few-pictures",
    "visus.auditing.too_few_pictures:TooFewPictures",
    "too few pictures to learn from, or to test on",
    tasks=ONE_CLASS,
)
CHECKS.add(
    "class-names",
    "visus.auditing.class_names:ClassNames",
    "names of classes that look like slips",
    tasks=CLASSES,
)
CHECKS.add(
    "spurious-correlation",
    "visus.auditing.spurious_correlation:SpuriousCorrelation",
    "something beside the subject that tells the class",
    tasks=ONE_CLASS,
)
