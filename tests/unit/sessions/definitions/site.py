"""A site's file that uses every field of the format."""

from __future__ import annotations

from sessions import definitions

DIGEST = "sha256:" + "0" * 63
IMAGE = f"registry.example/vre/physics@{DIGEST}1"
OTHER = f"registry.example/vre/physics@{DIGEST}2"
GPU = f"registry.example/vre/gpu@{DIGEST}3"

SITE = f"""
capacity:
  accelerators: {{nvidia.com/gpu: 4}}
environments:
  - slug: physics
    title: Physics <2026>
    description: For analysis & more.
    logo: physics.svg
    kind: jupyterlab
    image: {IMAGE}
    local: physics
    status: default
    versions: {{Python: 3.10, uproot: "5.7"}}
    packages: [hist, scipy 1.16]
    extensions: [Rucio]
    minutes_idle: 60
    max_lifetime_hours: 48
    extend_hours: 4
    options:
      cpu:
        title: Processors
        choices:
          "1": {{title: "1", cpu: 1}}
          "4": {{title: "4", cpu: 4, cpu_guarantee: 0.5, default: true}}
      memory:
        title: Memory
        help: For each program.
        choices:
          "2": {{title: 2 GB, memory_gb: 2, memory_guarantee_gb: 1}}
          "4": {{title: 4 GB, description: for fits, memory_gb: 4, default: true}}
        unlisted_choice:
          title: Other, in GB
          sets: memory_gb
          validation_regex: ^[0-9]{{1,2}}$
          validation_message: Up to 99.
      lifetime:
        title: Lifetime
        choices:
          "8": {{title: 8 hours, lifetime_hours: 8}}
          "24": {{title: 24 hours, lifetime_hours: 24}}
  - slug: gpu
    title: GPU
    kind: vscode
    image: {GPU}
    groups: [/escape/gpu]
    cpu: 2
    cpu_guarantee: 1
    memory_gb: 16
    options:
      accelerator:
        title: Accelerator
        choices:
          none: {{title: None}}
          a100:
            title: NVIDIA A100
            accelerator:
              name: NVIDIA A100
              kind: nvidia.com/gpu
              count: 2
              node_selector: {{gpu: a100}}
      lifetime:
        title: Lifetime
        choices:
          "2": {{title: 2 hours, lifetime_hours: 2}}
          "4": {{title: 4 hours, lifetime_hours: 4}}
      stack:
        title: Software
        choices:
          new: {{title: New, image: {GPU}}}
          old: {{title: Old, image: {OTHER}}}
        unlisted_choice:
          title: Other image
          sets: image
          validation_regex: ^registry\\.example/vre/.+$
  - slug: old
    title: Old
    local: old
    status: deprecated
    deprecated_until: 2026-12-31
    use_instead: physics
  - slug: mine
    title: Mine
    local: mine
    owner: ann-x1
    default_url: lab/tree/start.ipynb
volumes:
  home_quota_gb: 10
  projects:
    - {{name: cms, title: CMS, groups: [/escape/cms], quota_gb: 50}}
"""


def site() -> definitions.Definitions:
    """Return what the file defines."""
    return definitions.parse(SITE)
