"""twins-across-splits: one picture to learn from and to be tested on."""

from visus.auditing.base import BlockingCheck, NoSettings, Opinion
from visus.auditing.evidence import Account
from visus.auditing.twin_scores import others, score_rows
from visus.data.records import SPLITS


class TwinsAcrossSplits(BlockingCheck[NoSettings]):
    """Twins that the source's own split tore apart; splits of ours never do.

    A test that holds a training picture measures memory, so one in the test blocks, and
    `visus audit --fix` keeps the one that tests. The split of a published data set is
    used as it was published, so that results compare.
    """

    def judge(self, evidence: Account) -> Opinion:
        """0 where the twin lies in another split, 1 elsewhere."""
        splits = [record.split for record in evidence.dataset.records]
        torn = [
            row
            for cluster in evidence.twins.clusters
            if len({splits[row] for row in cluster} & {*SPLITS}) > 1
            for row in cluster
        ]
        # A validation split without a test becomes the test.
        tests = "test" if "test" in splits else "validation"
        tested = any(splits[row] == tests for row in torn)

        def caption(row: int) -> str:
            other = next(
                other for other in others(evidence, row) if splits[other] != splits[row]
            )
            return f"{splits[row]}; {evidence.id(other)} is {splits[other]}"

        return Opinion(
            scores=score_rows(len(evidence), dict.fromkeys(torn, 0.0)),
            clause="which are in one split and, copied or nearly, in another",
            caption=caption,
            together=evidence.units,
            blocking=tested and not evidence.published,
        )
