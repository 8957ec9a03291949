"""Analyses and their versions: a version never changes, so that a run of it stays what it was."""

from __future__ import annotations

import uuid
from pathlib import PurePosixPath

from django.conf import settings
from django.db import models
from django.db.models import Prefetch, Q, QuerySet

from accounts.models import User


class AnalysisQuerySet(QuerySet["Analysis"]):
    """Analyses, by who may see them."""

    def visible_to(self, user: User) -> AnalysisQuerySet:
        """Return what is published, and the user's own."""
        return self.filter(Q(published=True) | Q(owner=user))

    def with_parts(self) -> AnalysisQuerySet:
        """Fetch the newest version with inputs, files and outputs along, without the contents."""
        return self.select_related("current").prefetch_related(
            "current__inputs",
            Prefetch("current__files", AnalysisFile.objects.defer("content")),
            Prefetch("current__outputs", RecordedOutput.objects.defer("content")),
        )


class Analysis(models.Model):
    """A finished analysis: what it is, and its versions."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    published = models.BooleanField(default=False)
    landing = models.BooleanField(
        default=False, help_text="whether its public page is open to readers without an account"
    )
    title = models.CharField(max_length=200)
    summary = models.TextField()
    authors = models.JSONField(default=list, help_text="a list of {name, orcid}")
    licence = models.CharField(max_length=80, blank=True)
    current = models.ForeignKey(
        "AnalysisVersion", on_delete=models.PROTECT, related_name="+", null=True,
        help_text="the newest that people see",
    )  # fmt: skip
    verify_days = models.PositiveSmallIntegerField(
        null=True, help_text="days from one scheduled verification to the next"
    )
    verify_at = models.DateTimeField(null=True, db_index=True)
    verify_note = models.TextField(blank=True, help_text="why the last one could not be done")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AnalysisQuerySet.as_manager()

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title

    @property
    def latest(self) -> AnalysisVersion:
        """The version that was saved last, which others may not see yet."""
        return self.versions.latest("number")

    @property
    def newest(self) -> AnalysisVersion:
        """The version that is reproduced unless another is named: the newest that people see."""
        if self.current is None:  # only between two statements of its making
            raise AnalysisVersion.DoesNotExist
        return self.current

    @property
    def author_names(self) -> list[str]:
        """The authors as a line of text names them."""
        return [str(author["name"]) for author in self.authors]


class Proof(models.TextChoices):
    """Whether a version was seen to run from its declared inputs alone."""

    NONE = "none"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


class VersionQuerySet(QuerySet["AnalysisVersion"]):
    """Versions, by who may see them."""

    def visible_to(self, user: User) -> VersionQuerySet:
        """Return the public ones of published analyses, and all of the user's own."""
        return self.filter(Q(analysis__published=True, public=True) | Q(analysis__owner=user))


class AnalysisVersion(models.Model):
    """An analysis as it was at one time: specification, code, inputs, recorded outputs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    specification = models.TextField(help_text="reana.yaml as it was written")
    environment = models.CharField(max_length=200, blank=True, help_text="the recorded image")
    surroundings = models.JSONField(
        default=dict, help_text="of the recorded run: packages' digest, interpreter, system"
    )
    code = models.JSONField(default=dict, help_text="repository, commit, dirty, swhid")
    origin = models.JSONField(default=dict, help_text="what it was captured from")
    content_sha256 = models.CharField(max_length=64)
    proof = models.CharField(max_length=8, choices=Proof.choices, default=Proof.NONE)
    proof_note = models.TextField(blank=True)
    undeclared = models.JSONField(default=list, help_text="paths that the proof missed")
    public = models.BooleanField(
        default=False, help_text="whether others see it while its analysis is published"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["analysis", "number"], name="version_of_analysis")
        ]

    def __str__(self) -> str:
        return f"{self.analysis}, version {self.number}"


class AnalysisFile(models.Model):
    """A file of the analysis's code, small enough to live in the database."""

    version = models.ForeignKey(AnalysisVersion, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=400)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["version", "path"], name="file_once")]

    def __str__(self) -> str:
        return self.path


class AnalysisInput(models.Model):
    """Data that the analysis reads: a DID, and the folder of the workspace where it expects it."""

    version = models.ForeignKey(AnalysisVersion, on_delete=models.CASCADE, related_name="inputs")
    scope = models.CharField(max_length=25)
    name = models.CharField(max_length=250)
    folder = models.CharField(max_length=400)
    files = models.JSONField(
        default=list, help_text="as recorded: did, bytes, adler32, sha256; empty where not known"
    )

    class Meta:
        ordering = ["scope", "name"]

    def __str__(self) -> str:
        return self.did

    @property
    def did(self) -> str:
        """The DID as people write it."""
        return f"{self.scope}:{self.name}"


class RecordedOutput(models.Model):
    """A file that the authors' run gave, and how far another one may be from it."""

    version = models.ForeignKey(AnalysisVersion, on_delete=models.CASCADE, related_name="outputs")
    path = models.CharField(max_length=400)
    content = models.BinaryField(help_text="empty where it is too large to be kept here")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    tolerance = models.JSONField(default=dict, help_text="rtol, atol, statistical, ignore")

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["version", "path"], name="output_once")]

    def __str__(self) -> str:
        return self.path

    @property
    def in_database(self) -> bool:
        """Whether the content is here; larger ones are files of a folder, if they are kept."""
        return bool(self.content) or not self.size

    @property
    def is_image(self) -> bool:
        """Whether a page can show it as a picture."""
        return PurePosixPath(self.path).suffix == ".png"
