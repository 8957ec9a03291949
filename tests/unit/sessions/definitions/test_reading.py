"""The environments file: every fault is told, with its line and its field."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from sessions.definitions import (
    Accelerator,
    FileInvalid,
    Kind,
    Settings,
    Status,
    parse,
    read,
    reading,
    volumes,
)
from sessions.definitions import options as reading_options
from tests.unit.sessions.definitions.site import IMAGE, SITE, site

ROOT = Path(__file__).parents[4]
ONE = "environments:\n  - slug: a\n    title: A\n    local: a\n"


def faults_of(text: str) -> list[str]:
    with pytest.raises(FileInvalid) as refused:
        parse(text, name="site.yaml")
    return list(refused.value.lines)


def test_a_file_becomes_environments_in_its_order() -> None:
    found = site()

    physics, gpu, old, mine = found.environments
    assert [each.slug for each in found.environments] == ["physics", "gpu", "old", "mine"]
    assert found.accelerators == {"nvidia.com/gpu": 4}
    assert physics.settings == Settings(image=IMAGE, local="physics")
    assert (physics.default, physics.minutes_idle, physics.max_lifetime_hours) == (True, 60, 48)
    assert [option.key for option in physics.options] == ["cpu", "memory", "lifetime"]
    assert [option.default for option in physics.options] == ["4", "4", "8"]
    assert (gpu.kind, gpu.groups, gpu.default_url) == (Kind.VSCODE, ("/escape/gpu",), "vscode/")
    assert (old.status, old.deprecated_until) == (Status.DEPRECATED, date(2026, 12, 31))
    assert (mine.owner, mine.default_url) == ("ann-x1", "lab/tree/start.ipynb")


def test_versions_stay_as_they_are_written() -> None:
    assert site().environments[0].versions == {"Python": "3.10", "uproot": "5.7"}


def test_an_accelerator_has_a_name_a_kind_a_count_and_its_nodes() -> None:
    option = site().environments[1].option("accelerator")

    assert option is not None
    assert option.choices[0].settings.accelerator is None
    assert option.choices[1].settings.accelerator == Accelerator(
        "NVIDIA A100", "nvidia.com/gpu", 2, {"gpu": "a100"}
    )


def test_the_sites_example_uses_every_field() -> None:
    fields = {
        *(*reading.FILE, *reading.CAPACITY, *reading.ENVIRONMENT, *reading_options.OPTION),
        *(*reading_options.CHOICE, *reading_options.UNLISTED, *reading_options.ACCELERATOR),
        *(*volumes.VOLUMES, *volumes.PROJECT),
        *(*volumes.VOLUMES, *volumes.PROJECT),
    }

    assert {field for field in fields if not re.search(rf"\b{field}:", SITE)} == set()


def test_the_demos_file_is_valid() -> None:
    found = read(ROOT / "demo" / "environments.yaml")

    assert {"physics", "light"} <= {environment.slug for environment in found.environments}
    assert any(environment.default for environment in found.environments)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("    title: {a: b}", "line 3, environments[0] 'a', title: has to be a text"),
        ("    packages: uproot", "line 5, environments[0] 'a', packages: has to be a list"),
        ("    packages: [[a]]", "environments[0] 'a', packages[0]: has to be a text"),
        ("    minutes_idle: 0", "minutes_idle: has to be a number above 0"),
        ("    minutes_idle: 1.5", "minutes_idle: has to be a whole number above 0"),
        ("    memory_gb: .inf", "memory_gb: has to be a number above 0"),
        ("    cpu: two", "cpu: has to be a number above 0"),
        ("    cpu: 1\n    cpu_guarantee: 2", "cpu_guarantee: can't be more than `cpu`"),
        ("    memery_gb: 2", "memery_gb: there is no such field; did you mean 'memory_gb'?"),
        ("    zzz: 2", "zzz: there is no such field; there are slug, title"),
        ("    kind: jupiter", "kind: has to be one of jupyterlab, notebook, vscode"),
        ("    image: a/b:latest", "image: has to be repo/name@sha256:... with the digest"),
        ("    logo: ../a.svg", "logo: has to be the name of an .svg"),
        ("    default_url: //evil.example", "default_url: has to be an address below"),
        ("    status: gone", "status: has to be one of default, offered, deprecated"),
        ("    status: deprecated", "needs `deprecated_until`, its last day"),
        ("    deprecated_until: soon", "deprecated_until: has to be a day, as 2027-01-31"),
        ("    use_instead: b", "is only for an environment with `status: deprecated`"),
        ("    extend_hours: 2", "extend_hours: needs `max_lifetime_hours`"),
        ("    lifetime_hours: 9\n    max_lifetime_hours: 8", "at least the longest lifetime, 9"),
        ("    versions: [1]", "versions: has to be a mapping"),
        ("    cpu: 1\n    cpu: 2", "line 6, environments[0] 'a': 'cpu' stands here twice"),
        ("    options: [1]", "options: has to be a mapping"),
        ("    options: {profile: {title: P}}", "options.profile: an option's key has to be"),
        ("    options: {m: {title: M, choices: {}}}", "m.choices: needs at least one"),
        ("    options: {m: {title: M}}", "options.m: needs at least one of `choices`"),
        ("    options: {m: {choices: {a: {title: A, cpu: 1}}}}", "options.m: needs `title`"),
        ("    options: {m: {title: M, choices: {a: {title: A}}}}", "no choice changes anything"),
        ("    options: {m: {title: M, choices: {a: {title: A, cpu: -1}}}}",
         "line 5, environments[0] 'a', options.m.choices.a.cpu: has to be a number above 0"),
        ("    options: {m: {title: M, choices: {a: {title: A, cpu: 1, default: 1}}}}",
         "choices.a.default: has to be true or false"),
        ("    options: {m: {title: M, choices: {a: {title: A, image: x@sha256:1}}}}",
         "choices.a.image: has to be repo/name@sha256"),
        ("    options: {m: {title: M, choices: {unlisted-choice: {title: A, cpu: 1}}}}",
         "a choice's key has to be"),
    ],
)  # fmt: skip
def test_a_fault_names_the_line_and_the_field(lines: str, says: str) -> None:
    text = ONE.replace("    title: A\n", "") if "title: {" in lines else ONE
    text = text.replace("slug: a\n", f"slug: a\n{lines}\n") if "title: {" in lines else text + lines

    told = faults_of(text)

    assert any(says in line for line in told), told
    assert all(line.startswith("site.yaml, line ") for line in told)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("          a: {title: A, cpu: 1, default: true}\n"
         "          b: {title: B, cpu: 2, default: true}",
         "options.m.choices: only one may be the default, not a and b"),
        ("          a: {title: A, accelerator: {kind: x}}", "accelerator: needs `name`"),
        ("          a: {title: A, accelerator: {name: X, kind: x, count: 0}}", "count: has to be"),
        ("          a: {title: A, local: b}\n          b: {title: B, cpu: 1}", ""),
        ("          a: {title: A, cpu: 1}\n        unlisted_choice: {title: O, sets: cpu, "
         "validation_regex: a}", "sets: has to be one of image, memory_gb"),
        ("          a: {title: A, cpu: 1}\n        unlisted_choice: {title: O, sets: image, "
         "validation_regex: a}", "validation_regex: has to begin with ^ and to end with $"),
        ("          a: {title: A, cpu: 1}\n        unlisted_choice: {title: O, sets: image, "
         "validation_regex: ^($}", "validation_regex: is no regular expression"),
    ],
)  # fmt: skip
def test_a_fault_in_an_option_names_the_option(lines: str, says: str) -> None:
    text = f"{ONE}    options:\n      m:\n        title: M\n        choices:\n{lines}\n"

    if not says:
        assert parse(text).environments[0].options[0].choices[0].settings.local == "b"
        return
    assert any(says in line for line in faults_of(text))


def test_two_options_may_not_set_the_same() -> None:
    option = "{title: M, choices: {a: {title: A, cpu: 1}}}"

    told = faults_of(f"{ONE}    options: {{one: {option}, two: {option}}}")

    assert told == ["site.yaml, line 2, environments[0] 'a': "
                    "the options 'one' and 'two' both set cpu"]  # fmt: skip


def test_a_stack_is_chosen_for_kubernetes_and_for_the_demo_together() -> None:
    stack = f"{{title: S, choices: {{new: {{title: N, image: {IMAGE}}}}}}}"

    told = faults_of(f"{ONE}    options: {{stack: {stack}}}")

    assert "options.stack.choices.new has to set `local` too" in told[0]


def test_an_accelerator_stands_in_one_place() -> None:
    gpu = "accelerator: {name: X, kind: x}"

    told = faults_of(
        f"{ONE}    {gpu}\n    options: {{gpu: {{title: G, choices: {{a: {{title: A, {gpu}}}}}}}}}"
    )

    assert "its option 'gpu' does" in told[0]


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    told = faults_of(
        "capasity: {}\nenvironments:\n  - slug: A B\n    title: A\n  - slug: b\n  - 5\n"
        "  - {slug: c, title: C, local: c, status: default}\n"
        "  - {slug: c, title: C, local: c, status: default}\n"
    )

    assert [line.split(", ", 2)[1] for line in told] == [
        "line 1", "line 3", "line 3", "line 5", "line 5", "line 6", "line 8", "line 8",
    ]  # fmt: skip
    assert "did you mean 'capacity'?" in told[0]
    assert "only one may be the default, and 'c' is" in told[6]
    assert "the slug 'c' stands here twice" in told[7]


def test_what_replaces_a_deprecated_one_has_to_be_offered() -> None:
    old = "  - {slug: o, title: O, local: o, status: deprecated, deprecated_until: 2027-01-01, "

    assert "'nope' is no environment" in faults_of(f"{ONE}{old}use_instead: nope}}")[0]
    assert parse(f"{ONE}{old}use_instead: a}}").environments[1].use_instead == "a"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("[]", "has to be a mapping"),
        ("environments: []", "has to list at least one environment"),
        ("environments: 5", "has to be a list"),
        ("a: [", "this is not YAML"),
        ("environments: [{slug: a, title: !!python/name:os.system x}]", "title: has to be a text"),
    ],
)
def test_a_file_that_defines_nothing_usable_is_a_fault(text: str, says: str) -> None:
    assert any(says in line for line in faults_of(text))


def test_fields_can_be_shared_by_anchors() -> None:
    found = parse(
        "environments:\n  - &base {slug: a, title: A, local: a, cpu: 1, memory_gb: 2}\n"
        "  - {<<: *base, slug: b, cpu: 4}\n"
    ).environments

    assert (found[1].slug, found[1].title, found[1].settings.cpu) == ("b", "A", 4)


def test_the_longest_idle_time_is_unlimited_when_one_environment_is() -> None:
    assert site().longest_idle is None
    assert parse(f"{ONE}    minutes_idle: 5").longest_idle == 5


def test_the_command_tells_the_faults_by_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"{ONE}    cpu: 0")
    command = [sys.executable, "-m", "sessions.definitions", str(file)]

    wrong = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    file.write_text(ONE)
    right = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert wrong.returncode == 1
    assert "mine.yaml, line 5, environments[0] 'a', cpu: has to be a number" in wrong.stderr
    assert (right.returncode, right.stderr) == (0, "")
