"""The audit looks at photographs with a pretrained network, where there is one."""

import numpy as np

import tiny_backbone
from visus.auditing.confident_learning import label_margins
from visus.data.sources import read_source
from visus.pipeline.audit import gather_evidence
from visus.training.head.config import FrozenConfig


def test_the_audit_looks_at_photographs_with_the_backbone(photos, monkeypatch):
    usual = FrozenConfig(backbone="tiny")
    monkeypatch.setattr("visus.pipeline.features.FrozenConfig", lambda: usual)
    moved = photos / "across" / "01.png"
    moved.rename(photos / "upright" / "wrong.png")
    evidence = gather_evidence(*read_source(photos))
    assert evidence.seen is not None
    assert evidence.seen().shape == (60, tiny_backbone.FEATURES)
    probed = evidence.probed
    margins = label_margins(probed.probabilities, probed.labels)
    wrong = [record.id for record in evidence.dataset.records].index(
        "upright/wrong.png"
    )
    assert wrong in probed.rows[np.argsort(margins)[:6]]


def test_small_pictures_are_audited_by_their_patterns(stripes_folder):
    assert gather_evidence(*read_source(stripes_folder)).seen is None
