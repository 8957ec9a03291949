"""The hub's configuration, made from the settings file that the component description writes."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

from demo import sandbox
from demo.jupyterhub import cookies, profiles
from demo.jupyterhub.authenticator import PortalAuthenticator
from demo.jupyterhub.spawner import SandboxSpawner, apply_options

settings = json.loads(Path(os.environ["VRE_HUB_SETTINGS"]).read_text())
state = Path(settings["state"])
portal = settings["portal"]

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - the loader puts it here

cookies.rename(f"-{settings['port']}")
c.JupyterHub.bind_url = settings["public_url"]
c.JupyterHub.hub_bind_url = settings["api_url"]
c.JupyterHub.default_url = f"{portal}/"
c.JupyterHub.cookie_secret = bytes.fromhex(settings["cookie_secret"])
c.JupyterHub.db_url = f"sqlite:///{state / 'hub.sqlite'}"
# The portal follows the progress stream; it must not wait for an answer until the session is up.
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 2}
c.JupyterHub.cleanup_servers = False  # sessions survive a restart of the hub
c.JupyterHub.allow_named_servers = True
c.JupyterHub.named_server_limit_per_user = settings["per_person"]
c.JupyterHub.active_server_limit = settings["site_limit"]
# More at once would only make each of them slower; the portal shows the others a queue.
c.JupyterHub.concurrent_spawn_limit = 8
c.JupyterHub.last_activity_interval = 60

c.JupyterHub.proxy_class = "configurable-http-proxy"
c.ConfigurableHTTPProxy.command = settings["proxy_command"]
c.ConfigurableHTTPProxy.api_url = settings["proxy_api_url"]
c.ConfigurableHTTPProxy.auth_token = settings["proxy_token"]
c.ConfigurableHTTPProxy.pid_file = str(state / "proxy.pid")

# The portal is the one issuer: it knows every provider, the terms and who is suspended.
c.JupyterHub.authenticator_class = PortalAuthenticator
c.GenericOAuthenticator.client_id = "hub"
c.GenericOAuthenticator.client_secret = settings["client_secret"]
c.GenericOAuthenticator.oauth_callback_url = f"{settings['public_url']}/hub/oauth_callback"
c.GenericOAuthenticator.authorize_url = f"{portal}/oauth/authorize/"
c.GenericOAuthenticator.token_url = f"{portal}/oauth/token/"
c.GenericOAuthenticator.userdata_url = f"{portal}/oauth/userinfo/"
c.GenericOAuthenticator.scope = ["openid", "profile"]
c.GenericOAuthenticator.username_claim = "preferred_username"
c.GenericOAuthenticator.enable_pkce = True
c.GenericOAuthenticator.logout_redirect_url = f"{portal}/"
c.Authenticator.auto_login = True
c.Authenticator.allow_all = True  # whoever the portal lets through
# The hub keeps the tokens that the portal gave it, encrypted, to ask whether they still hold.
c.Authenticator.enable_auth_state = True
c.CryptKeeper.keys = [hashlib.sha256(f"auth_state {settings['cookie_secret']}".encode()).digest()]
c.Authenticator.auth_refresh_age = 10
c.Authenticator.refresh_pre_spawn = True

SandboxSpawner.means = sandbox.probe(
    Path(settings["environments"]), python=Path(settings["environments"], "light/bin/python")
)
print(SandboxSpawner.means.sentence, file=sys.stderr, flush=True)
c.JupyterHub.spawner_class = SandboxSpawner
c.Spawner.apply_user_options = apply_options
c.Spawner.env_keep = []
c.Spawner.default_url = "/lab"
# A session asks the hub about a browser this often, instead of every five minutes.
c.Spawner.args = ["--HubAuth.cache_max_age=10"]
c.Spawner.start_timeout = 90
c.Spawner.http_timeout = 60
# A session that died is seen by the portal within 20 seconds: this, and the portal's own look.
c.Spawner.poll_interval = 5
c.SandboxSpawner.state_folder = str(state)
c.SandboxSpawner.environments = settings["environments"]
c.SandboxSpawner.built_environments = settings["built_environments"]
c.SandboxSpawner.build_base = settings["build_base"]
c.SandboxSpawner.profiles_file = settings["profiles_file"]
c.SandboxSpawner.session_code = settings["session_code"]
c.SandboxSpawner.read_only = settings["read_only"]
c.SandboxSpawner.session_variables = settings["session_variables"]

# The portal ends what is unused; the culler is behind it, should the portal be down for long.
idle_seconds = profiles.culling_seconds(profiles.read(Path(settings["profiles_file"])))
c.JupyterHub.services = [
    {"name": "portal", "api_token": settings["service_token"]},
    {
        "name": "idle-culler",
        "command": [
            *(sys.executable, "-m", "jupyterhub_idle_culler"),
            *(f"--timeout={idle_seconds}", "--cull-every=300", "--remove-named-servers=False"),
        ],
    },
]
c.JupyterHub.load_roles = [
    {
        "name": "portal",
        "services": ["portal"],
        # admin:users only makes users: a session is started before its user ever came here.
        "scopes": [
            *("admin:users", "list:users", "read:users", "read:servers", "start:servers"),
            *("delete:servers", "access:servers", "tokens", "read:hub", "admin:groups", "shares"),
        ],
    },
    {
        "name": "idle-culler",
        "services": ["idle-culler"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    },
]
