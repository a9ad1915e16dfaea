//! W1: the role that every Cognito tutorial gives its users.

use iamtree::Outcome;

use super::rng::{Rng, object_name, sub_of};
use super::{ACCOUNT, Asked, Given, POOL, SESSION, SUB, Workload};

const BUCKET: &str = "arn:aws:s3:::app-user-data";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/UserItems";

pub fn workload() -> Workload {
    Workload { documents: vec![policy()], requests: requests() }
}

fn policy() -> String {
    let v = format!("${{{SUB}}}");
    [
        r#"{"Version":"2012-10-17","Statement":["#,
        r#"{"Sid":"ListOwnPrefix","Effect":"Allow","Action":"s3:ListBucket","Resource":"BUCKET","Condition":{"StringLike":{"s3:prefix":["V/*"]}}},"#,
        r#"{"Sid":"OwnObjects","Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"BUCKET/V/*"},"#,
        r#"{"Sid":"OwnItems","Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:BatchGetItem","dynamodb:Query","dynamodb:PutItem","dynamodb:UpdateItem","dynamodb:DeleteItem","dynamodb:BatchWriteItem"],"#,
        r#""Resource":["TABLE","TABLE/index/*"],"Condition":{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["V"]}}},"#,
        r#"{"Sid":"DenyInsecureTransport","Effect":"Deny","Action":["s3:*","dynamodb:*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#,
    ]
    .concat()
    .replace("BUCKET", BUCKET)
    .replace("TABLE", TABLE)
    .replace("\"V\"", &format!("\"{v}\""))
    .replace("V/*", &format!("{v}/*"))
}

fn requests() -> Vec<Asked> {
    let mut rng = Rng::new(&["w1", SUB]);
    let users: Vec<String> = (0..100).map(|index| sub_of(&["w1", &index.to_string()])).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let mut ask = || {
        let user = rng.pick(&users);
        match rng.weighted(&[(Outcome::Allowed, 50), (Outcome::ImplicitDeny, 35), (Outcome::ExplicitDeny, 15)]) {
            Outcome::Allowed => granted(&mut rng, user, true, Outcome::Allowed),
            Outcome::ImplicitDeny => refused(&mut rng, &users, user, true, Outcome::ImplicitDeny),
            Outcome::ExplicitDeny if rng.below(3) > 0 => granted(&mut rng, user, false, Outcome::ExplicitDeny),
            Outcome::ExplicitDeny => refused(&mut rng, &users, user, false, Outcome::ExplicitDeny),
        }
    };
    (0..1000).map(|_| ask()).collect()
}

type Context = Vec<(&'static str, Given)>;

fn base(rng: &mut Rng, user: &str, secure: bool) -> Context {
    vec![
        (SUB, user.into()),
        ("cognito-identity.amazonaws.com:aud", POOL.into()),
        ("cognito-identity.amazonaws.com:amr", Given::Many(vec!["authenticated".to_owned()])),
        ("aws:SecureTransport", if secure { "true" } else { "false" }.into()),
        ("aws:SourceIp", format!("10.{}.{}.{}", rng.below(4), rng.below(256), rng.below(256)).into()),
    ]
}

fn make(action: &str, resource: String, context: Context, expected: Outcome) -> Asked {
    Asked { principal: SESSION, action: action.to_owned(), resource, account: ACCOUNT, context, expected }
}

fn granted(rng: &mut Rng, user: &str, secure: bool, expected: Outcome) -> Asked {
    let mut c = base(rng, user, secure);
    match rng.weighted(&[("object", 28), ("list", 7), ("item", 15)]) {
        "object" => {
            let action = rng.weighted(&[("s3:GetObject", 6), ("s3:PutObject", 3), ("s3:DeleteObject", 1)]);
            make(action, format!("{BUCKET}/{user}/{}", object_name(rng)), c, expected)
        }
        "list" => {
            c.push(("s3:prefix", format!("{user}/{}", rng.pick(&["", "photos/", "docs/2026/"])).into()));
            make("s3:ListBucket", BUCKET.to_owned(), c, expected)
        }
        _ => {
            let action = rng.pick(&["GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem"]);
            let count = if action.starts_with("Batch") { 1 + rng.below(4) } else { 1 };
            c.push(("dynamodb:LeadingKeys", Given::Many(vec![user.to_owned(); count])));
            let index = if action == "Query" && rng.below(2) > 0 { "/index/by-date" } else { "" };
            make(&format!("dynamodb:{action}"), format!("{TABLE}{index}"), c, expected)
        }
    }
}

fn refused(rng: &mut Rng, users: &[&str], user: &str, secure: bool, expected: Outcome) -> Asked {
    let mut c = base(rng, user, secure);
    let others: Vec<&str> = users.iter().copied().filter(|other| *other != user).collect();
    let other = rng.pick(&others);
    let kind = rng.pick(&[
        "otherObject",
        "otherObject",
        "otherPrefix",
        "noPrefix",
        "action",
        "bucket",
        "longerName",
        "noVariable",
        "folderItself",
        "otherKey",
        "otherKey",
        "mixedKeys",
        "scan",
        "table",
    ]);
    let own = format!("{BUCKET}/{user}/{}", object_name(rng));
    match kind {
        "otherObject" => {
            let action = rng.pick(&["s3:GetObject", "s3:PutObject"]);
            make(action, format!("{BUCKET}/{other}/{}", object_name(rng)), c, expected)
        }
        "otherPrefix" => {
            c.push(("s3:prefix", format!("{other}/").into()));
            make("s3:ListBucket", BUCKET.to_owned(), c, expected)
        }
        "noPrefix" => make("s3:ListBucket", BUCKET.to_owned(), c, expected),
        "action" => make(rng.pick(&["s3:GetObjectAcl", "s3:PutObjectAcl", "s3:GetObjectVersion"]), own, c, expected),
        "bucket" => make("s3:GetObject", own.replace("app-user-data", "app-user-data-old"), c, expected),
        "longerName" => make("s3:GetObject", format!("{BUCKET}/{user}x/{}", object_name(rng)), c, expected),
        "noVariable" => {
            c.remove(0);
            make("s3:GetObject", own, c, expected)
        }
        "folderItself" => make("s3:GetObject", format!("{BUCKET}/{user}"), c, expected),
        "otherKey" => {
            c.push(("dynamodb:LeadingKeys", Given::Many(vec![other.to_owned()])));
            let action = rng.pick(&["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"]);
            make(action, TABLE.to_owned(), c, expected)
        }
        "mixedKeys" => {
            let keys = [user, other, user].map(str::to_owned).to_vec();
            c.push(("dynamodb:LeadingKeys", Given::Many(keys)));
            make("dynamodb:BatchGetItem", TABLE.to_owned(), c, expected)
        }
        "scan" => make("dynamodb:Scan", TABLE.to_owned(), c, expected),
        _ => {
            c.push(("dynamodb:LeadingKeys", Given::Many(vec![user.to_owned()])));
            make("dynamodb:GetItem", format!("{TABLE}Archive"), c, expected)
        }
    }
}
