"""The app's tables."""

from accounts.models.access import ApiToken, HeardLogout, TokenScope, WebSession
from accounts.models.audit import AuditEvent, Result
from accounts.models.backends import AccountState, BackendAccount
from accounts.models.institutions import Institution
from accounts.models.linking import PendingLink
from accounts.models.people import Acceptance, Identity, Role, User, UserManager
from accounts.models.vault import AudienceToken, StoredToken, TokenGrant

__all__ = [
    "Acceptance",
    "AccountState",
    "ApiToken",
    "AudienceToken",
    "AuditEvent",
    "BackendAccount",
    "HeardLogout",
    "Identity",
    "Institution",
    "PendingLink",
    "Result",
    "Role",
    "StoredToken",
    "TokenGrant",
    "TokenScope",
    "User",
    "UserManager",
    "WebSession",
]
