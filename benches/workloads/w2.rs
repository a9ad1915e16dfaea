//! W2: many tenants, ten statements each.

use std::fmt::Write;

use iamtree::Outcome;

use super::rng::{Rng, object_name, sub_of};
use super::{ACCOUNT, Asked, Given, POOL, SESSION, SUB, Workload};

const TABLES: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/";

/// `size` statements, a multiple of ten.
pub fn workload(size: usize) -> Workload {
    Workload { documents: (0..size / 10).map(document).collect(), requests: Asking::new(size).requests() }
}

fn tenant(t: usize) -> String {
    format!("t{t:05}")
}

/// The statements of one tenant; `N` is its name, `V` the user's variable, `OWN` its folder.
const STATEMENTS: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":["#,
    r#"{"Sid":"OwnN","Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"OWN/users/V/*"},"#,
    r#"{"Sid":"ListN","Effect":"Allow","Action":"s3:ListBucket","Resource":"DATA","Condition":{"StringLike":{"s3:prefix":["tenants/N/users/V/*","tenants/N/public/*"]},TEAM}},"#,
    r#"{"Sid":"PublicN","Effect":"Allow","Action":"s3:Get*","Resource":"OWN/public/*"},"#,
    r#"{"Sid":"ItemsN","Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:BatchGetItem","dynamodb:Query","dynamodb:PutItem","dynamodb:UpdateItem"],"Resource":"TABLES/app-N-*","Condition":{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["V"]},TEAM}},"#,
    r#"{"Sid":"RefN","Effect":"Allow","Action":["dynamodb:Query","dynamodb:*GetItem"],"Resource":["TABLES/ref-N","TABLES/ref-N/index/*"]},"#,
    r#"{"Sid":"ExportsN","Effect":"Allow","Action":"s3:GetObject*","Resource":"arn:aws:s3:::*-exports/N/*.csv"},"#,
    r#"{"Sid":"TagsN","Effect":"Allow","Action":"s3:*ObjectTagging","Resource":"DATA/tenants/${aws:PrincipalTag/team}/tags/N/*","Condition":{TEAM}},"#,
    r#"{"Sid":"JobsN","Effect":"Allow","Action":["sqs:SendMessage","sqs:Get*"],"Resource":"arn:aws:sqs:us-east-1:111122223333:jobs-N-??"},"#,
    r#"{"Sid":"InboxN","Effect":"Allow","Action":"s3:PutObject","Resource":["arn:aws:s3:::inbox-N/V/*","arn:aws:s3:::inbox-N/dropbox/*"]},"#,
    r#"{"Sid":"DenyN","Effect":"Deny","#,
);

const DENIES: [&str; 5] = [
    r#""Action":"s3:DeleteObject*","Resource":"OWN/*/locked/*""#,
    r#""Action":"s3:PutObject","Resource":"arn:aws:s3:::inbox-N/*","Condition":{"StringNotEquals":{"aws:PrincipalTag/team":["N","platform"]}}"#,
    r#""NotAction":["s3:Get*","s3:List*","dynamodb:*"],"Resource":"OWN/archive/*""#,
    r#""Action":"dynamodb:*","Resource":"TABLES/app-N-*","Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/9","192.168.OCTET.0/24"]}}"#,
    r#""Action":"s3:*","Resource":"OWN/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#,
];

/// Puts the parts of one tenant in place of the words in capitals.
fn document(t: usize) -> String {
    let name = tenant(t);
    let data = format!("arn:aws:s3:::data-{}", t % 7);
    let words = [
        ("OWN/", format!("{data}/tenants/{name}/")),
        ("DATA", data),
        ("TABLES/", TABLES.to_owned()),
        ("TEAM", format!(r#""StringEquals":{{"aws:PrincipalTag/team":"{name}"}}"#)),
        ("OCTET", (t % 256).to_string()),
    ];
    let mut text = format!("{STATEMENTS}{}}}]}}", DENIES[t % 5]);
    for (word, value) in words {
        text = text.replace(word, &value);
    }
    for (before, after) in [
        ("/", "/"),
        ("-", "-"),
        ("-", "/"),
        ("/", "\""),
        ("-", "\""),
        ("\"", "\""),
        ("Own", "\""),
        ("List", "\""),
        ("Public", "\""),
        ("Items", "\""),
        ("Ref", "\""),
        ("Exports", "\""),
        ("Tags", "\""),
        ("Jobs", "\""),
        ("Inbox", "\""),
        ("Deny", "\""),
    ] {
        text = text.replace(&format!("{before}N{after}"), &format!("{before}{name}{after}"));
        text = text.replace(&format!("{before}V{after}"), &format!("{before}${{{SUB}}}{after}"));
    }
    text
}

type Context = Vec<(&'static str, Given)>;

struct Asking {
    rng: Rng,
    tenants: usize,
}

/// What a request of one tenant is made of.
struct Tenant {
    name: String,
    data: String,
    own: String,
}

impl Tenant {
    fn new(t: usize) -> Self {
        let (name, data) = (tenant(t), format!("arn:aws:s3:::data-{}", t % 7));
        let own = format!("{data}/tenants/{name}/");
        Tenant { name, data, own }
    }
}

impl Asking {
    fn new(size: usize) -> Self {
        Asking { rng: Rng::new(&["w2", &size.to_string()]), tenants: size / 10 }
    }

    fn requests(mut self) -> Vec<Asked> {
        let mut ask = || {
            let outcomes = [(Outcome::Allowed, 50), (Outcome::ImplicitDeny, 40), (Outcome::ExplicitDeny, 10)];
            let expected = self.rng.weighted(&outcomes);
            let t = self.rng.below(self.tenants);
            let (action, resource, context) = match expected {
                Outcome::Allowed => self.allowed(t),
                Outcome::ImplicitDeny => self.implicit(t),
                Outcome::ExplicitDeny => self.explicit(),
            };
            Asked { principal: SESSION, action, resource, account: ACCOUNT, context, expected }
        };
        (0..1000).map(|_| ask()).collect()
    }

    fn user(&mut self, t: usize) -> String {
        let k = self.rng.below(20);
        sub_of(&["w2", &t.to_string(), &k.to_string()])
    }

    fn base(&mut self, t: usize, user: &str, secure: bool, ip: Option<String>) -> Context {
        let rng = &mut self.rng;
        let ip = ip.unwrap_or_else(|| format!("10.{}.{}.{}", rng.below(128), rng.below(256), rng.below(256)));
        vec![
            (SUB, user.into()),
            ("cognito-identity.amazonaws.com:aud", POOL.into()),
            ("cognito-identity.amazonaws.com:amr", Given::Many(vec!["authenticated".to_owned()])),
            ("aws:PrincipalTag/team", tenant(t).into()),
            ("aws:SecureTransport", if secure { "true" } else { "false" }.into()),
            ("aws:SourceIp", ip.into()),
        ]
    }

    fn object_name(&mut self) -> String {
        object_name(&mut self.rng)
    }

    fn allowed(&mut self, t: usize) -> (String, String, Context) {
        let user = self.user(t);
        let Tenant { name: n, data, own } = Tenant::new(t);
        let mut c = self.base(t, &user, true, None);
        let kinds = [
            ("own", 30),
            ("list", 8),
            ("public", 10),
            ("items", 20),
            ("ref", 8),
            ("exports", 6),
            ("tags", 6),
            ("jobs", 4),
            ("inbox", 8),
        ];
        match self.rng.weighted(&kinds) {
            "own" => {
                let actions = [("s3:GetObject", 6), ("s3:PutObject", 3), ("s3:DeleteObject", 1)];
                let action = self.rng.weighted(&actions);
                (action.to_owned(), format!("{own}users/{user}/{}", self.object_name()), c)
            }
            "list" => {
                let users = format!("users/{user}");
                let folder = self.rng.pick(&[users.as_str(), "public"]);
                c.push(("s3:prefix", format!("tenants/{n}/{folder}/docs/").into()));
                ("s3:ListBucket".to_owned(), data, c)
            }
            "public" => {
                let other = self.rng.below(self.tenants);
                let action = self.rng.pick(&["s3:GetObject", "s3:GetObjectVersion"]);
                (action.to_owned(), format!("{}public/{}", Tenant::new(other).own, self.object_name()), c)
            }
            "items" => {
                let action = self.rng.pick(&["GetItem", "Query", "PutItem", "UpdateItem", "BatchGetItem"]);
                let count = if action == "BatchGetItem" { 1 + self.rng.below(4) } else { 1 };
                c.push(("dynamodb:LeadingKeys", Given::Many(vec![user; count])));
                let table = self.rng.pick(&["orders", "carts", "events"]);
                (format!("dynamodb:{action}"), format!("{TABLES}app-{n}-{table}"), c)
            }
            "ref" => {
                let action = self.rng.pick(&["dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem"]);
                let table = format!("{TABLES}ref-{n}{}", self.rng.pick(&["", "/index/by-code"]));
                c.push(("dynamodb:LeadingKeys", Given::Many(vec!["EUR".to_owned()])));
                (action.to_owned(), table, c)
            }
            "exports" => {
                let bucket = self.rng.pick(&["daily", "eu-monthly", "ad-hoc"]);
                let resource = format!("arn:aws:s3:::{bucket}-exports/{n}/{}.csv", self.object_name());
                ("s3:GetObject".to_owned(), resource, c)
            }
            "tags" => {
                let action = self.rng.pick(&["s3:GetObjectTagging", "s3:PutObjectTagging"]);
                (action.to_owned(), format!("{own}tags/{n}/{}", self.object_name()), c)
            }
            "jobs" => {
                let action = self.rng.pick(&["sqs:SendMessage", "sqs:GetQueueUrl"]);
                (action.to_owned(), self.queue(&n, 2, 100), c)
            }
            _ => {
                let folder = self.rng.pick(&[user.as_str(), "dropbox"]);
                ("s3:PutObject".to_owned(), format!("arn:aws:s3:::inbox-{n}/{folder}/{}", self.object_name()), c)
            }
        }
    }

    fn queue(&mut self, n: &str, width: usize, below: usize) -> String {
        let mut queue = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:jobs-{n}-");
        write!(queue, "{:0width$}", self.rng.below(below)).expect("a string takes all");
        queue
    }

    fn implicit(&mut self, t: usize) -> (String, String, Context) {
        let k = self.rng.below(20);
        let number = t.to_string();
        let user = sub_of(&["w2", &number, &k.to_string()]);
        let neighbour = sub_of(&["w2", &number, &((k + 1) % 20).to_string()]);
        let Tenant { name: n, data, own } = Tenant::new(t);
        let mut c = self.base(t, &user, true, None);
        let kind = self.rng.pick(&[
            "otherUser",
            "otherUser",
            "otherPrefix",
            "otherKey",
            "otherKey",
            "otherTable",
            "action",
            "suffix",
            "jobs",
            "unknownTenant",
            "root",
            "bucket",
        ]);
        let get = || "s3:GetObject".to_owned();
        match kind {
            "otherUser" => {
                let action = self.rng.pick(&["s3:GetObject", "s3:PutObject"]);
                (action.to_owned(), format!("{own}users/{neighbour}/{}", self.object_name()), c)
            }
            "otherPrefix" => {
                c.push(("s3:prefix", format!("tenants/{n}/users/{neighbour}/").into()));
                ("s3:ListBucket".to_owned(), data, c)
            }
            "otherKey" => {
                c.push(("dynamodb:LeadingKeys", Given::Many(vec![user, neighbour])));
                ("dynamodb:BatchGetItem".to_owned(), format!("{TABLES}app-{n}-orders"), c)
            }
            "otherTable" => {
                c.push(("dynamodb:LeadingKeys", Given::Many(vec![user])));
                ("dynamodb:PutItem".to_owned(), format!("{TABLES}ref-{n}"), c)
            }
            "action" => {
                let action = self.rng.pick(&["s3:GetObjectAcl", "s3:ListMultipartUploadParts"]);
                (action.to_owned(), format!("{own}users/{user}/{}", self.object_name()), c)
            }
            "suffix" => (get(), format!("arn:aws:s3:::daily-exports/{n}/{}.csvx", self.object_name()), c),
            "jobs" => ("sqs:SendMessage".to_owned(), self.queue(&n, 3, 1000), c),
            "unknownTenant" => (get(), format!("{data}/tenants/x{t:05}/users/{user}/{}", self.object_name()), c),
            "root" => (get(), format!("{data}/{}", self.object_name()), c),
            _ => (get(), format!("arn:aws:s3:::logs-{}/{}", t % 7, self.object_name()), c),
        }
    }

    fn explicit(&mut self) -> (String, String, Context) {
        let t = self.rng.below(self.tenants);
        let user = self.user(t);
        let Tenant { name: n, own, .. } = Tenant::new(t);
        match t % 5 {
            0 => {
                let action = self.rng.pick(&["s3:DeleteObject", "s3:DeleteObjectVersion"]);
                let resource = format!("{own}users/{user}/locked/{}", self.object_name());
                (action.to_owned(), resource, self.base(t, &user, true, None))
            }
            1 => {
                let mut c = self.base(t, &user, true, None);
                c[3].1 = tenant(t + 1).into();
                let resource = format!("arn:aws:s3:::inbox-{n}/dropbox/{}", self.object_name());
                ("s3:PutObject".to_owned(), resource, c)
            }
            2 => {
                let action = self.rng.pick(&["s3:PutObject", "s3:DeleteObject"]);
                let resource = format!("{own}archive/{}", self.object_name());
                (action.to_owned(), resource, self.base(t, &user, true, None))
            }
            3 => {
                let ip = format!("203.0.113.{}", self.rng.below(256));
                let mut c = self.base(t, &user, true, Some(ip));
                c.push(("dynamodb:LeadingKeys", Given::Many(vec![user])));
                ("dynamodb:GetItem".to_owned(), format!("{TABLES}app-{n}-orders"), c)
            }
            _ => {
                let action = self.rng.pick(&["s3:GetObject", "s3:PutObject"]);
                let resource = format!("{own}users/{user}/{}", self.object_name());
                (action.to_owned(), resource, self.base(t, &user, false, None))
            }
        }
    }
}
