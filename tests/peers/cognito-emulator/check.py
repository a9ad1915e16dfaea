"""Logins of an emulated user pool, asked of iamtree. Called by ./run."""

import base64
import gzip
import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request
from importlib import metadata, resources

import boto3
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

IAMTREE, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
# The emulator answers `get_id`, which nobody signs, for this region.
REGION = "us-east-1"
ACCOUNT = "111122223333"
PASSWORD = "Secret-Passw0rd!"
failures = []
passed = 0


def check(name, is_right, found):
    global passed
    if is_right:
        passed += 1
    else:
        failures.append(name)
        print(f"FAIL {name}\n{found}\n")


def iamtree(*arguments):
    done = subprocess.run([IAMTREE, *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def write(name, value):
    value.pop("ResponseMetadata", None)
    (WORK / "pool" / name).write_text(json.dumps(value, indent=1, default=str))


def role_arn(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


# The emulator.
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
endpoint = f"http://127.0.0.1:{port}"
server = subprocess.Popen(
    [pathlib.Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", str(port)],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
try:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=1)
            break
        except OSError:
            time.sleep(0.1)

    def client(service):
        return boto3.client(
            service, REGION, endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test"
        )

    users, pools = client("cognito-idp"), client("cognito-identity")

    # A user pool with two groups, two clients and three users.
    user_pool = users.create_user_pool(PoolName="people")["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]

    def app(name):
        made = users.create_user_pool_client(UserPoolId=user_pool, ClientName=name, ExplicitAuthFlows=flows)
        return made["UserPoolClient"]["ClientId"]

    web, other = app("web"), app("other")
    users.create_group(UserPoolId=user_pool, GroupName="editors", RoleArn=role_arn("Editor"), Precedence=10)
    users.create_group(UserPoolId=user_pool, GroupName="admins", RoleArn=role_arn("Admin"), Precedence=1)
    for name, groups in {"ana": [], "eli": ["editors"], "ada": ["editors", "admins"]}.items():
        users.admin_create_user(UserPoolId=user_pool, Username=name, MessageAction="SUPPRESS")
        users.admin_set_user_password(UserPoolId=user_pool, Username=name, Password=PASSWORD, Permanent=True)
        for group in groups:
            users.admin_add_user_to_group(UserPoolId=user_pool, Username=name, GroupName=group)

    def sign_in(name, client_id=web):
        signed_in = users.initiate_auth(
            ClientId=client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        )
        return signed_in["AuthenticationResult"]

    # An identity pool that trusts one of the clients.
    provider = f"cognito-idp.{REGION}.amazonaws.com/{user_pool}"
    pool_id = pools.create_identity_pool(
        IdentityPoolName="photos",
        AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=[{"ProviderName": provider, "ClientId": web, "ServerSideTokenCheck": False}],
    )["IdentityPoolId"]
    # The emulator knows no roles of a pool, and its tokens name groups but not the roles of these. So groups are
    # mapped by rules; this is what `get-identity-pool-roles` would print.
    rules = [
        {"Claim": "cognito:groups", "MatchType": "Contains", "Value": value, "RoleARN": role_arn(role)}
        for value, role in [("admins", "Admin"), ("editors", "Editor")]
    ]
    mapping = {
        "Type": "Rules",
        "AmbiguousRoleResolution": "AuthenticatedRole",
        "RulesConfiguration": {"Rules": rules},
    }
    roles = {
        "IdentityPoolId": pool_id,
        "Roles": {"authenticated": role_arn("Member")},
        "RoleMappings": {f"{provider}:{web}": mapping},
    }
    identity = pools.get_id(IdentityPoolId=pool_id, Logins={provider: sign_in("ana")["IdToken"]})["IdentityId"]

    # What it prints, as it prints it.
    (WORK / "pool").mkdir(parents=True, exist_ok=True)
    write("describe-identity-pool.json", pools.describe_identity_pool(IdentityPoolId=pool_id))
    write("get-identity-pool-roles.json", roles)
    write("list-groups.json", users.list_groups(UserPoolId=user_pool))
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {"cognito-identity.amazonaws.com:aud": pool_id},
                "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
            },
        },
    }
    prefixes = {"Member": "${cognito-identity.amazonaws.com:sub}", "Editor": "public", "Admin": ""}
    written = {}
    for name, prefix in prefixes.items():
        resource = f"arn:aws:s3:::photos/{prefix}/*" if prefix else "arn:aws:s3:::photos/*"
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
        policy = {"Version": "2012-10-17", "Statement": statement}
        written[role_arn(name)] = {"trust": trust, "policies": [policy]}
    write("roles.json", written)

    jwks = f"{endpoint}/{user_pool}/.well-known/jwks.json"
    pool = ["--pool", str(WORK / "pool"), "--identity-id", identity]

    def verdict(command, token, *more):
        return iamtree(command, *pool, "--token", token, "--jwks", jwks, *more)

    # Roles and decisions.
    for name, expected in {"ana": "Member", "eli": "Editor", "ada": "Admin"}.items():
        token = sign_in(name)["IdToken"]
        status, out, err = verdict("role", token)
        check(f"role of {name}", status == 0 and out.startswith(role_arn(expected) + "\n"), out + err)
        for key, allowed_of in {
            f"{identity}/cat.jpg": {"Member", "Admin"},
            "public/cat.jpg": {"Editor", "Admin"},
            "secret": {"Admin"},
        }.items():
            request = ["--action", "s3:GetObject", "--resource", f"arn:aws:s3:::photos/{key}"]
            status, out, err = verdict("eval", token, *request, "--resource-account", ACCOUNT)
            check(f"{name} reads {key}", status == (0 if expected in allowed_of else 1), out + err)
    for groups, expected in {"editors": "Editor", "editors,admins": "Admin"}.items():
        status, out, err = iamtree("whatif", *pool, "--groups", groups)
        check(f"what if {groups}", status == 0 and f"\n{role_arn(expected)}\n" in out, out + err)
    status, out, err = verdict("role", sign_in("ana", other)["IdToken"])
    check("T16 another client", status == 1 and "tokenNotForThisPool" in out, out + err)

    # Tokens with tricks, signed with the emulator's own key.
    good = sign_in("eli")["IdToken"]

    def part(text):
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))

    header, claims = part(good.split(".")[0]), part(good.split(".")[1])
    packed = resources.files("moto.cognitoidp") / "resources" / "jwks-private.json.gz"
    private = json.loads(gzip.decompress(packed.read_bytes()))
    private.pop("alg", None)
    key = RSAKey.import_key(private)
    attacker = RSAKey.generate_key(2048)
    public = key.as_dict(private=False)

    def signed(claims, header=header, key=key):
        return jwt.encode(header, claims, key, algorithms=["RS256", "RS384", "HS256"])

    def encoded(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    def refused(name, token, reason):
        status, out, err = verdict("role", token)
        check(name, status == 2 and out == "" and reason in err, f"status {status}\n{out}{err}")

    status, out, err = verdict("role", signed(claims))
    check("the same claims, signed again", status == 0, out + err)
    unsigned = {**header, "alg": "none"}
    refused("T14 alg none", f"{encoded(unsigned)}.{encoded(claims)}.", "the algorithm is none of the key's")
    secret = OctKey.import_key(base64.urlsafe_b64decode(public["n"] + "=="))
    symmetric = {**header, "alg": "HS256"}
    refused("T14 HS256 with the public key", signed(claims, symmetric, secret), "the algorithm is none of the key's")
    refused("T14 another algorithm", signed(claims, {**header, "alg": "RS384"}), "the algorithm is none of the key's")
    wrong = "the signature is not of this key"
    refused("T14 another key", signed(claims, header, attacker), wrong)
    embedded = {**header, "jwk": attacker.as_dict(private=False)}
    refused("T14 key in the token", signed(claims, embedded, attacker), wrong)
    for name in ["jku", "x5u"]:
        refused(f"T14 {name}", signed(claims, {**header, name: f"{endpoint}/keys"}, attacker), wrong)
    for kid in ["../../../../dev/null", f"{endpoint}/keys", "nobody"]:
        refused(f"T14 kid {kid}", signed(claims, {**header, "kid": kid}), "no key of the issuer has the id")
    values = ["9999999999", [9999999999], {"at": 9999999999}, -1, 9999999999.5, 10**30, None]
    for name in ["exp", "nbf", "iat"]:
        for value in values:
            refused(f"T15 {name} {value!r}", signed({**claims, name: value}), "claim")
    for value in [[], {"aud": web}, 7, None]:
        refused(f"T15 aud {value!r}", signed({**claims, "aud": value}), "the claim `aud`")
    for name in ["exp", "iss", "aud", "sub", "token_use"]:
        missing = {other: value for other, value in claims.items() if other != name}
        refused(f"T15 without {name}", signed(missing), f"the claim `{name}` is missing")
    refused("T15 expired", signed({**claims, "exp": int(time.time()) - 1}), "the token has expired")
    refused("T16 an access token", sign_in("eli")["AccessToken"], "claim")
    pool_of_others = f"https://cognito-idp.{REGION}.amazonaws.com/{REGION}_Others"
    refused("T16 another pool", signed({**claims, "iss": pool_of_others}), "names no provider of the pool")
finally:
    server.terminate()
    server.wait(10)

print(f"moto {metadata.version('moto')}: {passed} passed, {len(failures)} failed")
sys.exit(1 if failures or passed == 0 else 0)
