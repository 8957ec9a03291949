"""Which local environment stands in for an image, and what happens where none does."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.reana.environment import LocalEnvironment
from demo.reana.errors import Malformed
from demo.reana.images import images_in_text, images_of
from demo.reana.substitution import Environments, read_environments


@pytest.fixture
def environments(tmp_path: Path) -> Environments:
    """The registry that the demo has."""
    return read_environments(tmp_path)


@pytest.mark.parametrize(
    ("image", "slug"),
    [
        ("vre-portal/physics:2026.11", "physics"),
        ("vre-portal/light:2026.11", "light"),
        ("docker.io/reanahub/reana-env-root6:6.18.04", "physics"),
        ("docker.io/library/python:2.7-slim", "physics"),
        ("", "physics"),
    ],
)
def test_an_image_is_run_by_the_environment_that_is_meant_for_it(
    environments: Environments, image: str, slug: str
) -> None:
    assert environments.for_image(image).slug == slug


def test_an_unknown_image_is_refused_with_the_way_out(environments: Environments) -> None:
    with pytest.raises(Malformed, match=r"'example.org/tool:1'.*accept_substitution.*physics"):
        environments.for_image("example.org/tool:1")


def test_an_accepted_substitution_runs_an_unknown_image(environments: Environments) -> None:
    chosen = environments.for_images(["example.org/tool:1"], accepted="light")

    assert chosen.slug == "light"


def test_an_accepted_environment_that_is_not_there_is_refused(environments: Environments) -> None:
    with pytest.raises(Malformed, match="no local environment 'heavy'; there are: physics, light"):
        environments.for_images(["example.org/tool:1"], accepted="heavy")


def test_a_site_may_let_one_environment_stand_in_for_all(tmp_path: Path) -> None:
    environments = read_environments(tmp_path, default="light")

    assert environments.for_image("example.org/tool:1").slug == "light"


def test_steps_that_need_two_environments_are_refused(environments: Environments) -> None:
    with pytest.raises(Malformed, match="several local environments"):
        environments.for_images(["vre-portal/physics:1", "vre-portal/light:1"])


def test_an_environment_tells_its_interpreter_packages_and_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("uproot==5.7\n")
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    metadata = tmp_path / "lib" / "python3.11" / "site-packages" / "Uproot-5.7.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: Uproot\nVersion: 5.7\n")

    environment = LocalEnvironment("Small", tmp_path, lock=lock)

    assert environment.interpreter == "CPython 3.11.7"
    assert environment.packages == ("uproot==5.7",)
    assert environment.lock_sha256.startswith("403186a4")
    assert "'Small'" in environment.sentence(["python:3"])


def test_images_are_found_whatever_the_engine() -> None:
    tool = {
        "class": "CommandLineTool",
        "hints": [{"class": "DockerRequirement", "dockerPull": "a"}],
    }
    step = {"environment_type": "docker-encapsulated", "image": "b", "imagetag": "1"}
    documents = {
        "serial": {"steps": [{"environment": "c"}, {"environment": "c"}]},
        "snakemake": {"steps": [{"environment": "d"}]},
        "cwl": {"$graph": [{"class": "Workflow"}, tool]},
        "yadage": {"stages": [{"scheduler": {"step": {"environment": step}}}]},
    }

    found = {
        engine: images_of({"workflow": {"type": engine, "specification": document}})
        for engine, document in documents.items()
    }

    assert found == {"serial": ("c",), "snakemake": ("d",), "cwl": ("a",), "yadage": ("b:1",)}


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ('rule a:\n    container: "docker://root:6"\n    shell: "true"\n', ("root:6",)),
        ('rule a:\n    container:\n        "docker://root:6"\n', ("root:6",)),
        ("requirements:\n  DockerRequirement:\n    dockerPull: root:6\n", ("root:6",)),
        ('environment:\n  image: "root"\n  imagetag: "6"\n', ("root:6",)),
        ("rule a:\n    shell: true\n", ()),
    ],
)
def test_images_are_found_in_the_files_of_the_engines(text: str, images: tuple[str, ...]) -> None:
    assert images_in_text(text) == images
