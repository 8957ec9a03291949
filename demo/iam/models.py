"""Who may sign in, when they did, and which tokens came of it."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import models
from oauth2_provider.models import Grant

from demo.iam.configuration import PASSWORD_ROUNDS


class DemoHasher(PBKDF2PasswordHasher):
    """PBKDF2 with few rounds: the demo's passwords are random, 72 bits each."""

    iterations = PASSWORD_ROUNDS


class Person(AbstractBaseUser):
    """One of the demo's people, as their home institute and their federation describe them."""

    username = models.CharField(max_length=64, unique=True)
    subject = models.CharField(max_length=128, unique=True)
    name = models.CharField(max_length=128)
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=64)
    groups = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)

    objects: ClassVar[BaseUserManager[Self]] = BaseUserManager()
    USERNAME_FIELD = "username"

    def __str__(self) -> str:
        return self.username


class SignIn(models.Model):
    """One entry of a password: what `sid` and `auth_time` stand for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    acr = models.CharField(max_length=100, default="")

    def __str__(self) -> str:
        return f"{self.person} at {self.at}"


class Origin(models.Model):
    """The sign-in behind a code and behind the family of refresh tokens which the code began."""

    family = models.UUIDField(primary_key=True, default=uuid.uuid4)
    grant = models.OneToOneField(Grant, null=True, on_delete=models.SET_NULL)
    sign_in = models.ForeignKey(SignIn, on_delete=models.CASCADE)

    def __str__(self) -> str:
        return f"{self.family} of {self.sign_in}"
