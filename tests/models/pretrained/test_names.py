from visus.models.pretrained.names import imagenet_names


def test_a_thousand_names_each_of_its_own():
    names = imagenet_names()
    assert len(set(names)) == 1000
    assert all(name == name.strip() and name for name in names)


def test_names_stand_where_classifiers_have_them():
    names = imagenet_names()
    assert names[0] == "tench"
    assert names[285] == "Egyptian cat"
    assert names[386] == "African elephant"
    assert names[134] == "crane (bird)"
    assert names[999] == "toilet tissue"
