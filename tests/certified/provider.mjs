// A certified OpenID provider (npm oidc-provider) for the browser tests: configuration, and a password page.
import { createHash, generateKeyPairSync, randomBytes, timingSafeEqual } from "node:crypto";
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const { PROVIDER_PORT, PROVIDER_ISSUER, PROVIDER_CLIENT_SECRET, PROVIDER_PORTAL, PROVIDER_SLUG } = process.env;
/** Where every token is written down, to be looked for elsewhere. */
const RECORD = process.env.PROVIDER_RECORD;
/** [{sub, username, password, name, email}] */
const people = JSON.parse(process.env.PROVIDER_PEOPLE);

// The packages lie in an environment of their own, in which this runs, and not beside this file.
const packages = createRequire(`${process.cwd()}/`);
const { default: Provider } = await import(packages.resolve("oidc-provider"));

const configuration = {
  clients: [
    {
      client_id: "portal",
      client_secret: PROVIDER_CLIENT_SECRET,
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: [`${PROVIDER_PORTAL}/accounts/callback/${PROVIDER_SLUG}/`],
      post_logout_redirect_uris: [`${PROVIDER_PORTAL}/accounts/signed-out/`],
      backchannel_logout_uri: `${PROVIDER_PORTAL}/accounts/backchannel/${PROVIDER_SLUG}/`,
      backchannel_logout_session_required: true, // puts `sid` into the id_token too
    },
  ],
  jwks: { keys: [generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" })] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email"] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  // Without this, whoever does not ask for consent each time gets no refresh token (Core 1.0, 11).
  issueRefreshToken: async (_context, client) => client.grantTypeAllowed("refresh_token"),
  features: {
    devInteractions: { enabled: false },
    revocation: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true, logoutSource: askToSignOut, postLogoutSuccessSource: saySignedOut },
  },
  // Refuses every address of this machine unless it is told otherwise, and the portal is on one.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  findAccount: (_context, sub) => accountOf(people.find((one) => one.sub === sub)),
  loadExistingGrant: grantOf,
  renderError: (context, out) => show(context, `<h1>That did not work</h1><p>${safe(out.error_description ?? out.error)}</p>`),
  ttl: { AccessToken: 600, Grant: 86_400, IdToken: 600, Interaction: 600, RefreshToken: 86_400, Session: 86_400 },
};

function accountOf(person) {
  if (!person) return undefined;
  const { sub, username, name, email } = person;
  return { accountId: sub, claims: () => ({ sub, name, email, preferred_username: username }) };
}

/** The portal is trusted: nobody is asked for consent. */
async function grantOf(context) {
  const { client, session, provider: own } = context.oidc;
  const known = session.grantIdFor(client.clientId);
  const found = known && (await own.Grant.find(known));
  if (found) return found;
  const grant = new own.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope("openid profile email offline_access");
  await grant.save();
  return grant;
}

const safe = (value) => String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (body) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
  `<title>oidc-provider</title><main>${body}</main></html>`;

function show(context, body) {
  context.type = "html";
  context.body = page(body);
}

function askToSignOut(context, form) {
  const button = `<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`;
  show(context, `<h1>Sign out of oidc-provider?</h1>${form}${button}`);
}

function saySignedOut(context) {
  show(context, "<h1>You are signed out of oidc-provider</h1>");
}

function passwordPage(problem) {
  return page(
    `<h1>oidc-provider</h1><p role="alert">${safe(problem)}</p><form method="post">` +
      `<p><label>Username <input name="username" autocomplete="username" required></label></p>` +
      `<p><label>Password <input name="password" type="password" required></label></p>` +
      `<button type="submit">Sign in</button></form>`,
  );
}

function same(one, other) {
  const digest = (value) => createHash("sha256").update(String(value)).digest();
  return timingSafeEqual(digest(one), digest(other));
}

async function signIn(request, response) {
  await provider.interactionDetails(request, response); // throws where no sign-in is under way
  let problem = "";
  if (request.method === "POST") {
    const form = new URLSearchParams(await text(request));
    const person = people.find((one) => one.username === form.get("username"));
    if (person && same(person.password, form.get("password"))) {
      await provider.interactionFinished(request, response, { login: { accountId: person.sub } });
      return;
    }
    problem = "Wrong username or password.";
  }
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(passwordPage(problem));
}

const provider = new Provider(PROVIDER_ISSUER, configuration);
provider.on("backchannel.error", (_context, error) => console.error(`back-channel logout: ${error.message}`));
provider.on("server_error", (_context, error) => console.error(error));
provider.on("grant.success", ({ body }) => {
  const given = [body.access_token, body.refresh_token, body.id_token].filter(Boolean);
  appendFileSync(RECORD, given.map((token) => `${token}\n`).join(""));
});
const answer = provider.callback();

createServer((request, response) => {
  if (!request.url.startsWith("/interaction/")) return answer(request, response);
  return signIn(request, response).catch((error) => {
    response.writeHead(400, { "Content-Type": "text/html; charset=utf-8" });
    response.end(page(`<h1>That did not work</h1><p>${safe(error.message)}</p>`));
  });
}).listen(Number(PROVIDER_PORT), "127.0.0.1");
