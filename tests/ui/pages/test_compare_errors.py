"""What goes wrong on Compare becomes a sentence in its place, and the rest of the page lives."""

from models.checkpoints import hubs
from tests.ui.pages.comparing import drawn, opened, photograph, words
from ui import session
from ui.messages import UNEXPECTED


def test_maps_without_a_unit_have_no_difference_of_classes():
    app = opened(target="Why A rather than B", method="FEM")
    assert words(app.error).startswith("Method 'fem' has no unit")
    assert words(app.error).endswith(".")


def test_of_several_uploads_a_broken_one_is_named_and_the_others_show():
    app = opened()
    uploader = app.file_uploader[0]
    uploader.upload("holiday.png", photograph())
    uploader.upload("broken.jpg", b"\xff\xd8\xff\xe0 nothing")
    uploader.upload("empty.png", b"")
    app.run()
    assert [row["name"] for row in drawn(app)["rows"]] == ["cat", "holiday.png"]
    assert "'broken.jpg'" in words(app.error)
    assert "'empty.png' is empty" in words(app.error)


def test_no_photograph_is_an_invitation():
    app = opened(images="")
    assert "No photograph yet" in words(app.markdown)
    next(button for button in app.button if button.label == "Show three samples").click().run()
    assert len(drawn(app)["rows"]) == 3


def test_a_photograph_that_nobody_recognises_is_said_to_be_so():
    app = opened(images="rhinoceros,cat")
    assert "what rhinoceros shows" in words(app.info)
    assert "1000 classes" in words(app.info)


def test_a_forged_link_is_said_and_the_page_lives():
    app = opened(study="nonsense", method="CAMM", target="butterfy", images="cat,unicorn", device="quantum")
    said = words(app.warning)
    for part in ("unicorn", "study “nonsense”", "method “CAMM”", "butterf", "device “quantum”"):
        assert part in said
    assert drawn(app)["method"] == "CAM"


def test_a_study_without_weights_names_each_reason(monkeypatch, tmp_path):
    """Nothing is downloaded here: the torch.hub folder is empty and there is no network connection."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", _no_network)
    session.network.clear()
    app = opened(study="ImageNet, official torchvision weights")
    assert not app.exception
    said = words(app.markdown)
    assert "None of these networks is here" in said
    assert "has no published weights" in said


def _no_network(*arguments, **options):
    raise OSError("no route to host")


def test_a_failed_download_is_not_tried_at_every_rerun(monkeypatch, tmp_path):
    """It is tried again only on request: the study's third weight file is the first one again, and each fails once."""
    tries = []

    def fails(url, *arguments, **options):
        tries.append(url)
        raise OSError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(hubs.official_weights, "__defaults__", (fails,))
    session.network.clear()
    session.forget_failures()
    app = opened(study="ImageNet, official torchvision weights")
    first = len(tries)
    assert first == 3
    app.run()
    app.run()
    assert len(tries) == first
    next(button for button in app.button if button.label == "Try again").click().run()
    assert len(tries) == 2 * first
    session.forget_failures()


def test_a_forged_variant_is_said():
    app = opened(variants=["Lite2", "Taller"])
    assert "the variant “Taller”, which is not here" in words(app.warning)
    assert [column["key"] for column in drawn(app)["columns"]] == ["lite2"]


def test_a_missing_variant_keeps_its_place_with_a_sentence(tmp_path):
    app = opened()
    app.session_state["checkpoints"] = {("lite", "lite1"): (str(tmp_path / "gone.safetensors"), "0" * 64)}
    app.run()
    data = drawn(app)
    assert [one["key"] for one in data["missing"]] == ["lite1"]
    assert "gone.safetensors" in data["missing"][0]["words"]
    assert data["order"] == ["lite0", "lite1", "lite2"]
    assert len(data["columns"]) == 2


def test_a_path_that_is_not_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr("ui.session.local_files_allowed", lambda: True)
    app = opened()
    app.text_input(key="path-0").set_value("/nowhere/b0.safetensors").run()
    assert "There is no file '/nowhere/b0.safetensors'; check the path." in words(app.warning)
    assert len(drawn(app)["columns"]) == 3


def test_a_damaged_upload_of_weights_is_a_sentence_in_its_place():
    app = opened()
    uploader = next(one for one in app.file_uploader if one.label == "Checkpoint")
    uploader.upload("mine.safetensors", b"not a checkpoint")
    app.run()
    (missing,) = drawn(app)["missing"]
    assert missing["key"] == "lite0"
    assert "mine.safetensors" in missing["words"]
    next(button for button in app.button if button.label == "Back to the study's weights").click().run()
    assert not drawn(app)["missing"]


def test_a_room_may_not_name_local_files(monkeypatch):
    monkeypatch.setattr("ui.session.serves_this_machine_only", lambda: False)
    app = opened()
    assert not [one for one in app.file_uploader if one.label == "Checkpoint"]
    assert not [one for one in app.text_input if "path" in one.label]


def test_an_unforeseen_error_is_a_short_sentence_and_a_traceback_in_the_log(monkeypatch, caplog):
    def fails(*arguments, **options):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("ui.session.explained", fails)
    app = opened()
    assert UNEXPECTED in words(app.error)
    assert "secret detail" not in words(app.error)
    assert "secret detail" in caplog.text
