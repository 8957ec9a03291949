"""Rucio's tables and root account, made once in an empty database."""

from __future__ import annotations

import logging

from rucio.db.sqla import models, util
from rucio.db.sqla.session import get_engine
from sqlalchemy import inspect

logger = logging.getLogger(__name__)


def build_if_absent() -> None:
    """Make tables, virtual organisation and root account unless all of them are there.

    The version table is written last, so a build cut short is taken up again.
    """
    if inspect(get_engine()).has_table(models.AlembicVersion.__tablename__):
        return
    util.drop_orm_tables()
    models.register_models(get_engine())
    util.create_base_vo()
    util.create_root_account()
    util.build_database()
    logger.info("built the schema")
